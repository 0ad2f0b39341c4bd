//! Each call made with an API key, in the audit log.

use std::sync::Arc;

use futures_util::future::join_all;
use rollcall_tests::{ManualClock, Service, Team, TestDatabase, until};
use serde_json::{Value, json};

use crate::{
    api_keys::make,
    tokens::{KNOWN, access_token},
};

/// The calls in the log, in order: method, route, status, outcome.
async fn calls(service: &Service) -> Vec<Value> {
    let rows = service
        .database
        .rows(
            "SELECT outcome, convert_from(leaf, 'UTF8')::jsonb -> 'changes' AS changes FROM audit_events
                WHERE action = 'api.called' ORDER BY written",
        )
        .await;
    rows.iter()
        .map(|row| {
            let after = |n: usize| row["changes"][n]["after"].clone();
            json!([after(0), after(1), after(2), row["outcome"]])
        })
        .collect()
}

async fn all_calls(service: &Service, number: usize) -> Vec<Value> {
    until(&format!("{number} calls in the log"), async || {
        let calls = calls(service).await;
        (calls.len() >= number).then_some(calls)
    })
    .await
}

#[tokio::test]
async fn each_call_made_with_an_api_key_is_in_the_log_a_moment_later() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    service.turn_audit_log_on(&team).await;
    let (id, secret) = make(team.owner(), json!({"scopes": ["team:read"]})).await;
    let program = service.anonymous().with_token(&secret);
    program.get("/v1/session?nothing=secret").await;
    let member = program.get(&format!("/v1/members/{}", team.id("viewer"))).await.expect(200);
    program.get("/v1/organization").await.problem(403, "permission_denied");
    program.post("/v1/invitations", json!({})).await.problem(403, "permission_denied");
    program.get("/v1/members?limit=0").await.invalid("limit");
    let token = access_token(&program).await;
    service.anonymous().with_token(&token).get("/v1/session").await.expect(200);
    // None of these is a call of the key.
    team.owner().get("/v1/session").await.expect(200);
    service.anonymous().with_token("rck_nonsense").get("/v1/session").await.problem(401, "unauthenticated");
    program.get("/nowhere").await.problem(404, "not_found");
    let calls = all_calls(&service, 7).await;
    let call =
        |method: &str, route: &str, status: &str, outcome: &str| json!([method, route, status, outcome]);
    let expected = [
        call("GET", "/v1/session", "200", "success"),
        call("GET", "/v1/members/{user_id}", "200", "success"),
        call("GET", "/v1/organization", "403", "refused"),
        call("POST", "/v1/invitations", "403", "refused"),
        call("GET", "/v1/members", "422", "refused"),
        call("POST", "/v1/tokens", "201", "success"),
        call("GET", "/v1/session", "200", "success"),
    ];
    assert_eq!(calls, expected);
    let rows = service
        .database
        .rows("SELECT actor_kind, actor_id, personal, convert_from(leaf, 'UTF8')::jsonb AS leaf FROM audit_events
                WHERE action = 'api.called' ORDER BY written")
        .await;
    for row in &rows {
        assert_eq!((&row["actor_kind"], &row["actor_id"]), (&json!("api_key"), &json!(id)));
        assert_eq!(row["personal"]["ip"]["value"], "127.0.0.1");
        assert_eq!(row["leaf"]["log"], team.organization);
        // Neither what was asked for nor what opens the key.
        assert!(!row.to_string().contains("secret") && !row.to_string().contains(team.id("viewer")));
        assert!(!row.to_string().contains(&secret));
    }
    assert_eq!(rows[1]["leaf"]["request_id"], member.header("x-request-id"));
}

#[tokio::test]
async fn a_call_is_in_the_log_though_its_holder_does_not_wait_for_the_answer() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    service.turn_audit_log_on(&team).await;
    let (_, secret) = make(team.owner(), json!({"scopes": ["calls:write"]})).await;
    let body = json!({"external_id": "CA1", "direction": "inbound", "started_at": "2026-03-01T08:00:00Z"})
        .to_string();
    let address = service.base().trim_start_matches("http://").to_owned();
    let request = format!(
        "POST /v1/calls HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {secret}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    // The call cannot be written down before its holder has gone.
    let held = service.database.open_transaction("LOCK TABLE calls IN ACCESS EXCLUSIVE MODE").await;
    let mut client = tokio::net::TcpStream::connect(&address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut client, request.as_bytes()).await.unwrap();
    service.database.lock_waits(1).await;
    drop(client);
    // What came later is answered, so the service has heard that this one has gone.
    for _ in 0..3 {
        service.anonymous().get("/healthz").await.expect(200);
    }
    held.roll_back().await;
    let calls = all_calls(&service, 1).await;
    assert_eq!(calls, [json!(["POST", "/v1/calls", "201", "success"])]);
}

#[tokio::test]
async fn a_key_that_has_run_out_leaves_an_event_when_it_is_tried_again() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (id, secret) = make(team.owner(), json!({"expires_at": "2026-03-01T10:00:00Z"})).await;
    service.clock.advance(time::Duration::HOUR);
    let program = service.anonymous().with_token(&secret);
    for _ in 0..3 {
        program.get("/v1/session").await.problem(401, "unauthenticated");
    }
    let refusals = "SELECT actor_id, target_id, convert_from(leaf, 'UTF8') AS leaf FROM audit_events
                     WHERE action = 'permission.denied' AND outcome = 'refused'";
    let refused = service.database.rows(refusals).await;
    // Within a minute it is one.
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!((&refused[0]["actor_id"], &refused[0]["target_id"]), (&json!(id), &json!(id)));
}

#[tokio::test]
async fn calls_are_kept_while_the_log_is_on_and_no_longer() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (_, secret) = make(team.owner(), json!({})).await;
    let program = service.anonymous().with_token(&secret);
    program.get("/v1/session").await.expect(200);
    service.turn_audit_log_on(&team).await;
    // What this node remembers of the key is not what was.
    program.get("/v1/organization").await.expect(200);
    all_calls(&service, 1).await;
    team.owner().patch("/v1/security", json!({"audit_log": {"enabled": false}})).await.expect(200);
    program.get("/v1/session").await.expect(200);
    team.owner().patch("/v1/security", json!({"audit_log": {"enabled": true}})).await.expect(200);
    program.get("/v1/plan").await.expect(200);
    let routes: Vec<Value> = all_calls(&service, 2).await.iter().map(|call| call[1].clone()).collect();
    assert_eq!(routes, [json!("/v1/organization"), json!("/v1/plan")]);
}

#[tokio::test]
async fn calls_that_wait_are_written_down_before_the_node_stops() {
    let database = Arc::new(TestDatabase::create().await);
    let service = Service::start_on(database.clone(), ManualClock::default(), &KNOWN).await;
    let team = Team::assemble(&service, "Acme").await;
    service.turn_audit_log_on(&team).await;
    let (_, secret) = make(team.owner(), json!({})).await;
    let program = service.anonymous().with_token(&secret);
    join_all((0..50).map(|_| program.get("/v1/session")))
        .await
        .into_iter()
        .for_each(|answer| drop(answer.expect(200)));
    service.stop().await;
    let rows = database.rows("SELECT 1 AS one FROM audit_events WHERE action = 'api.called'").await;
    assert_eq!(rows.len(), 50);
}

#[tokio::test]
async fn a_log_that_cannot_be_written_keeps_no_call_and_no_other_log() {
    let service = Service::start().await;
    let (ours, theirs) = (Team::assemble(&service, "Ours").await, Team::assemble(&service, "Theirs").await);
    let mut programs = Vec::new();
    for team in [&ours, &theirs] {
        service.turn_audit_log_on(team).await;
        let (_, secret) = make(team.owner(), json!({})).await;
        programs.push(service.anonymous().with_token(&secret));
    }
    // Whatever is written into our log fails.
    let organization = ours.uuid();
    let broken = format!(
        "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             IF NEW.org_id = '{organization}' AND NEW.action = 'api.called' THEN RAISE EXCEPTION 'broken'; END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER broken BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION broken()"
    );
    service.database.execute(&broken).await;
    let began = std::time::Instant::now();
    for round in 1..=3 {
        for program in &programs {
            program.get("/v1/session").await.expect(200);
        }
        let logs = all_calls(&service, round).await;
        assert_eq!(logs.len(), round);
    }
    assert!(began.elapsed() < std::time::Duration::from_secs(30));
    service.database.execute("DROP TRIGGER broken ON audit_events").await;
    programs[0].get("/v1/plan").await;
    all_calls(&service, 4).await;
}
