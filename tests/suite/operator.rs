//! What the platform's own staff do, and that nobody else does.

use std::{sync::Arc, time::Duration, time::Instant};

use reqwest::Method;
use rollcall_tests::{Answer, Caller, Events, ManualClock, PASSWORD, Service, Team, TestDatabase, until};
use serde_json::{Value, json};
use time::macros::datetime;

use crate::{
    api_keys::make,
    calls::write,
    recording_retention::kept_though_found,
    recording_uploads::part,
    recordings::{nothing_left, put, switch_on, wav},
    refusals::{Needs, call, everything_of, rows},
    tokens::{KNOWN, RING, SERVICE_TOKEN, access_token, start, state},
};

fn path(organization: &str, what: &str) -> String {
    format!("/operator/v1/organizations/{organization}{what}")
}

async fn suspend(service: &Service, organization: &str) -> Answer {
    service.operator().post(&path(organization, "/suspend"), json!({})).await
}

async fn restore(service: &Service, organization: &str) -> Answer {
    service.operator().post(&path(organization, "/restore"), json!({})).await
}

#[tokio::test]
async fn attack_38_nothing_but_the_operator_s_token_opens_the_operator_s_paths() {
    let service = start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (_, secret) = make(team.owner(), json!({})).await;
    let token = access_token(team.owner()).await;
    let before = everything_of(&service, &team).await;
    let wrong = ["nonsense", team.owner().token(), &secret, &token, SERVICE_TOKEN];
    let mut tried = 0;
    for row in rows().iter().filter(|row| matches!(row.needs, Needs::Operator)) {
        for shown in wrong {
            let caller = service.anonymous().with_token(shown);
            call(&caller, row, &team.organization).await.problem(401, "unauthenticated");
            tried += 1;
        }
        call(&service.anonymous(), row, &team.organization).await.problem(401, "unauthenticated");
        // A browser does not bring it.
        let path = row.path.replace("{organization_id}", &team.organization);
        let cookie = service.anonymous().request(row.verb(), &path);
        let cookie = cookie.header("Cookie", format!("rollcall_session={}", rollcall_tests::OPERATOR_TOKEN));
        assert!(matches!(Answer::of(cookie).await.status.as_u16(), 401 | 403));
    }
    assert_eq!(tried, 25);
    // In the platform's own log, from where, and without what was shown.
    let events = service
        .database
        .rows(
            "SELECT org_id, outcome, personal, convert_from(leaf, 'UTF8') AS leaf FROM audit_events
                WHERE action = 'operator.refused'",
        )
        .await;
    assert_eq!(events.len(), tried);
    for event in &events {
        assert_eq!(event["org_id"], "00000000-0000-0000-0000-000000000000");
        assert_eq!(event["outcome"], "refused");
        assert_eq!(event["personal"]["ip"]["value"], "127.0.0.1");
        assert!(!wrong.iter().any(|shown| event.to_string().contains(shown)), "{event}");
    }
    let after = everything_of(&service, &team).await;
    assert_eq!(after, before);
    // And the operator's token opens nothing else.
    for row in rows().iter().filter(|row| !matches!(row.needs, Needs::Operator | Needs::Nothing)) {
        let answer = call(&service.operator(), row, &team.organization).await;
        answer.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn where_no_token_is_configured_the_operator_s_paths_are_closed() {
    let service = Service::start_with(&[("operator.token", "")]).await;
    for caller in [service.operator(), service.anonymous(), service.anonymous().with_token("")] {
        caller.get("/operator/v1/organizations").await.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn guessing_at_the_operator_s_token_is_slow_and_slows_nobody_who_knows_it() {
    let values = [("limits.enabled", "true"), ("limits.attempts", "5"), ("limits.requests", "100000")];
    let service = Service::start_with(&values).await;
    let guesser = service.anonymous().with_token("a guess");
    let mut refused = 0;
    for _ in 0..20 {
        let answer = guesser.get("/operator/v1/organizations").await;
        match answer.status.as_u16() {
            401 => refused += 1,
            _ => drop(answer.problem(429, "rate_limited")),
        }
        service.operator().get("/operator/v1/organizations").await.expect(200);
    }
    assert!((5..=7).contains(&refused), "{refused}");
    let log = service.audit_log(None).await;
    assert_eq!(log.iter().filter(|(action, _)| action == "operator.refused").count(), refused);
}

#[tokio::test]
async fn staff_see_every_organization_and_nothing_of_what_is_in_it() {
    let service = Service::start().await;
    let mut ids = Vec::new();
    for n in 0..5 {
        let (_, signed_up) =
            service.sign_up(&Service::new_address(&format!("o{n}")), &format!("Acme {n}")).await;
        ids.push(signed_up.text_at("/organization/id").to_owned());
        service.clock.advance(time::Duration::SECOND);
    }
    suspend(&service, &ids[1]).await.expect(200);
    ids.reverse();
    let operator = service.operator();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = operator.get(&format!("/operator/v1/organizations?limit=2{cursor}")).await.expect(200);
        seen.extend(page.list("data").clone());
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let listed: Vec<&str> = seen.iter().map(|organization| organization["id"].as_str().unwrap()).collect();
    assert_eq!(listed, ids);
    for organization in &seen {
        let shown = operator.get(&path(organization["id"].as_str().unwrap(), "")).await.expect(200);
        assert_eq!(&shown.body, organization);
    }
    let fields: Vec<&String> = seen[3].as_object().unwrap().keys().collect();
    let known =
        ["created_at", "deleted_at", "id", "name", "plan", "purge_at", "slug", "status", "suspended_at"];
    assert_eq!(fields, known);
    assert_eq!((&seen[3]["status"], &seen[0]["status"]), (&json!("suspended"), &json!("active")));
    operator.get("/operator/v1/organizations?cursor=nonsense").await.problem(400, "invalid_cursor");
    operator.get("/operator/v1/organizations?limit=0").await.invalid("limit");
    for nothing in ["org_01h455vb4pex5vsknk084sn02q", "user_01h455vb4pex5vsknk084sn02q", "nonsense"] {
        operator.get(&path(nothing, "")).await.problem(404, "not_found");
        operator.put(&path(nothing, "/plan"), json!({"plan": "pro"})).await.problem(404, "not_found");
        suspend(&service, nothing).await.problem(404, "not_found");
        restore(&service, nothing).await.problem(404, "not_found");
    }
    operator.put(&path(&ids[0], "/plan"), json!({"plan": "gold"})).await.invalid("plan");
}

#[tokio::test]
async fn in_a_suspended_organization_nothing_works_and_restored_it_works_again() {
    let service = start().await;
    let team = Team::assemble(&service, "Acme").await;
    let other = Team::assemble(&service, "Other").await;
    // Somebody who is in both.
    let (_, token) = service.invite(other.owner(), team.email("admin"), "viewer").await;
    let elsewhere = team.caller("admin").post("/v1/invitations/accept", json!({"token": token})).await;
    let elsewhere = service.anonymous().with_token(elsewhere.expect(201).text_at("/session/token"));
    let (_, secret) = make(team.owner(), json!({})).await;
    let program = service.anonymous().with_token(&secret);
    let person_token = service.anonymous().with_token(&access_token(team.owner()).await);
    let program_token = service.anonymous().with_token(&access_token(&program).await);
    let everybody = [team.owner(), team.caller("admin"), &program, &person_token, &program_token];
    for caller in everybody {
        caller.get("/v1/session").await.expect(200);
    }
    let (_, open) = service.invite(team.owner(), &Service::new_address("late"), "viewer").await;

    let suspended = suspend(&service, &team.organization).await.expect(200);
    assert_eq!(suspended.body["status"], "suspended");
    assert_eq!(suspended.body["suspended_at"], "2026-03-01T09:00:00Z");
    // Once more changes nothing.
    assert_eq!(suspend(&service, &team.organization).await.expect(200).body, suspended.body);
    for caller in everybody {
        caller.get("/v1/session").await.problem(403, "suspended");
        caller.get("/v1/organization").await.problem(403, "suspended");
        assert_eq!(state(&service, caller.token()).await, json!({"active": false}));
    }
    team.owner().patch("/v1/me", json!({"name": "Somebody"})).await.problem(403, "suspended");
    let question = json!({
        "subject": {"type": "user", "id": team.id("owner")}, "action": {"name": "agents:read"},
        "resource": {"type": "organization", "id": team.organization},
    });
    let sibling = service.anonymous().with_token(SERVICE_TOKEN);
    let told = sibling.post("/access/v1/evaluation", question.clone()).await.expect(200);
    assert_eq!(told.body, json!({"decision": false, "context": {"reason": "suspended"}}));
    // Nobody goes in, by whatever way.
    let accept = json!({"token": open, "name": "Late", "password": PASSWORD});
    service.anonymous().post("/v1/invitations/accept", accept.clone()).await.problem(403, "suspended");
    let switch = json!({"organization_id": team.organization});
    elsewhere.post("/v1/session/organization", switch.clone()).await.problem(403, "suspended");
    let sign_in = json!({
        "email": team.email("owner"), "password": PASSWORD, "organization_id": team.organization,
    });
    service.anonymous().post("/v1/sessions", sign_in.clone()).await.problem(403, "suspended");
    // Elsewhere nothing is different: whoever signs in works where they can.
    elsewhere.get("/v1/organization").await.expect(200);
    let admin = service.sign_in(team.email("admin")).await;
    assert_eq!(admin.get("/v1/organization").await.expect(200).body["id"], other.organization);
    let owner = service.sign_in(team.email("owner")).await;
    assert_eq!(owner.get("/v1/session").await.expect(200).body["organization"], Value::Null);
    other.owner().get("/v1/members").await.expect(200);

    assert_eq!(restore(&service, &team.organization).await.expect(200).body["status"], "active");
    restore(&service, &team.organization).await.expect(200);
    for caller in everybody {
        caller.get("/v1/session").await.expect(200);
        assert_eq!(state(&service, caller.token()).await["active"], true);
    }
    let told = sibling.post("/access/v1/evaluation", question).await.expect(200);
    assert_eq!(told.body["decision"], true);
    service.anonymous().post("/v1/sessions", sign_in).await.expect(201);
    service.anonymous().post("/v1/invitations/accept", accept).await.expect(201);
    elsewhere.post("/v1/session/organization", switch).await.expect(201);
    let events = service
        .database
        .rows(
            "SELECT actor_kind, action, convert_from(leaf, 'UTF8')::jsonb ->> 'log' AS log FROM audit_events
              WHERE action IN ('organization.suspended', 'organization.restored') ORDER BY written",
        )
        .await;
    let expected =
        |action: &str| json!({"actor_kind": "operator", "action": action, "log": team.organization});
    assert_eq!(events, [expected("organization.suspended"), expected("organization.restored")]);
}

#[tokio::test]
async fn with_a_second_factor_nobody_gets_into_a_suspended_organization_and_a_code_is_used_up() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (app, codes) = service.enrol(team.owner()).await;
    suspend(&service, &team.organization).await.expect(200);
    let challenge = |organization: Option<String>| {
        let body = match organization {
            Some(id) => json!({"email": team.email("owner"), "password": PASSWORD, "organization_id": id}),
            None => json!({"email": team.email("owner"), "password": PASSWORD}),
        };
        let anonymous = service.anonymous();
        async move { anonymous.post("/v1/sessions", body).await.expect(200).text_at("/challenge").to_owned() }
    };
    let wanted = challenge(Some(team.organization.clone())).await;
    service.second_step(&wanted, "recovery_code", &codes[0]).await.problem(403, "suspended");
    let again = challenge(None).await;
    service.second_step(&again, "recovery_code", &codes[0]).await.problem(401, "invalid_mfa_code");
    let signed_in = service.second_step(&again, "totp", &app.code()).await.expect(201);
    assert_eq!(signed_in.body["organization"], Value::Null);
}

#[tokio::test]
async fn staff_undo_a_deletion_and_a_suspension_one_at_a_time() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    team.owner().delete_with("/v1/organization", json!({"confirm_name": "Acme"})).await.expect(204);
    let deleted = service.operator().get(&path(&team.organization, "")).await.expect(200);
    assert_eq!(deleted.body["status"], "deleted");
    assert_eq!(deleted.body["purge_at"], "2026-03-31T09:00:00Z");
    // Nobody gets in there anyway.
    suspend(&service, &team.organization).await.problem(409, "organization_deleted");
    let set_plan = path(&team.organization, "/plan");
    let plan = async || service.operator().put(&set_plan, json!({"plan": "pro"})).await;
    plan().await.problem(409, "organization_deleted");
    assert_eq!(restore(&service, &team.organization).await.expect(200).body["status"], "active");
    let owner = service.sign_in(team.email("owner")).await;
    suspend(&service, &team.organization).await.expect(200);
    // An Owner who is kept out cannot delete it to come back by its restoration.
    owner.delete_with("/v1/organization", json!({"confirm_name": "Acme"})).await.problem(403, "suspended");
    // And there is no hurry.
    service.clock.advance(time::Duration::days(31));
    assert_eq!(restore(&service, &team.organization).await.expect(200).body["status"], "active");
    // What is so already stays so, and is no event.
    let events = service.audit_log(Some(&team.organization)).await.len();
    assert_eq!(restore(&service, &team.organization).await.expect(200).body["status"], "active");
    assert_eq!(service.audit_log(Some(&team.organization)).await.len(), events);

    // Once its time is over nothing brings it back, although it is shown until it is gone.
    let owner = service.sign_in(team.email("owner")).await;
    owner.delete_with("/v1/organization", json!({"confirm_name": "Acme"})).await.expect(204);
    service.clock.advance(time::Duration::days(30));
    let deleted = service.operator().get(&path(&team.organization, "")).await.expect(200);
    assert_eq!(deleted.body["status"], "deleted");
    restore(&service, &team.organization).await.problem(409, "organization_deleted");
    suspend(&service, &team.organization).await.problem(409, "organization_deleted");
    plan().await.problem(409, "organization_deleted");
}

#[tokio::test]
async fn services_beside_rollcall_hear_of_a_suspension_and_of_another_plan() {
    let service = start().await;
    let team = Team::assemble(&service, "Acme").await;
    let sibling = service.anonymous().with_token(SERVICE_TOKEN);
    let mut feed = Events::open(sibling.request(Method::GET, "/v1/service/revocations")).await;
    feed.next_of("reset").await;
    suspend(&service, &team.organization).await.expect(200);
    let told = feed.next_of("organization.changed").await;
    assert_eq!(told.data["organization_id"], team.organization);
    restore(&service, &team.organization).await.expect(200);
    service.set_plan(&team.organization, "pro").await;
    let told = feed.next_of("organization.changed").await;
    assert_eq!(told.data["organization_id"], team.organization);
}

/// Polls until the answer's status is what it should be; no request that was sent later than the bound is answered otherwise.
async fn within_a_second(since: Instant, caller: &Caller, status: u16) {
    until("what the other node has changed", async || {
        let sent = Instant::now();
        let answer = caller.get("/v1/session").await;
        if answer.status == status {
            return Some(());
        }
        assert!(sent < since + Duration::from_secs(1), "{}", answer.text);
        None
    })
    .await;
}

#[tokio::test]
async fn attack_10_a_suspension_holds_on_every_node_within_a_second() {
    let (database, clock) = (Arc::new(TestDatabase::create().await), ManualClock::default());
    let first = Service::start_on(database.clone(), clock.clone(), &[("keys.ring", RING)]).await;
    let second = Service::start_on(database, clock, &KNOWN).await;
    let team = Team::assemble(&first, "Acme").await;
    let (_, secret) = make(team.owner(), json!({})).await;
    let there = |token: &str| second.anonymous().with_token(token);
    let (person, program) = (there(team.owner().token()), there(&secret));
    for _ in 0..3 {
        person.get("/v1/session").await.expect(200);
        program.get("/v1/session").await.expect(200);
        suspend(&first, &team.organization).await.expect(200);
        let since = Instant::now();
        team.owner().get("/v1/session").await.problem(403, "suspended");
        tokio::join!(within_a_second(since, &person, 403), within_a_second(since, &program, 403));
        restore(&first, &team.organization).await.expect(200);
        let since = Instant::now();
        team.owner().get("/v1/session").await.expect(200);
        tokio::join!(within_a_second(since, &person, 200), within_a_second(since, &program, 200));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_organization_loses_nothing_with_time_before_it_is_restored() {
    let clock = ManualClock::at(datetime!(2020-01-01 00:00:00 UTC));
    let database = Arc::new(TestDatabase::create().await);
    let service = Service::start_on(database.clone(), clock.clone(), &[]).await;
    let suspended = Team::assemble(&service, "Acme").await;
    let other = Team::assemble(&service, "Other").await;
    for team in [&suspended, &other] {
        service.turn_audit_log_on(team).await;
        switch_on(&service, team, &["call_recording"]).await;
        let call = write(team.owner(), "CA1").await;
        put(team.owner(), &call, &wav(1000, 1)).await.expect(201);
        let unfinished = write(team.owner(), "CA2").await;
        let sound = wav(3 << 20, 2);
        let begun = part(team.owner(), &unfinished, &sound, (0, 1 << 20), &sound.len().to_string());
        Answer::of(begun).await.expect(202);
        let user = team.id("admin").parse::<rollcall_domain::UserId>().unwrap().uuid();
        let was = format!(
            "INSERT INTO availability_changes VALUES ('{0}', '{user}', '2020-01-01', 1, 'away', 'chosen'), ('{0}', '{user}', '2020-01-02', 2, 'offline', 'chosen')",
            team.uuid()
        );
        database.execute(&was).await;
    }
    database.all_sequenced().await;
    suspend(&service, &suspended.organization).await.expect(200);
    let directory = service.recordings();
    let there = async |team: &Team| {
        let mut rows = Vec::new();
        for of in [
            "recordings WHERE state = 'kept'",
            "recordings WHERE state = 'upload'",
            "audit_retention WHERE cleared > 0",
            "availability_changes WHERE version > 0",
            // Events from before its log was on.
            "audit_unoffered WHERE occurred_at < '2020-02-01'",
        ] {
            let query = format!("SELECT 1 AS one FROM {of} AND org_id = '{}'", team.uuid());
            rows.push(database.rows(&query).await.len());
        }
        rows
    };
    let before = there(&suspended).await;
    assert!(before[..4] == [1, 1, 0, 2] && before[4] > 0, "{before:?}");
    // As long as the plan keeps anything at all.
    clock.advance(time::Duration::days(2557 + 31));

    let gone = async |team: &Team| {
        // A node looks when it starts.
        let store = [("recordings.store", directory.to_str().unwrap())];
        let node = Service::start_on(database.clone(), clock.clone(), &store).await;
        until("its time is over", async || (there(team).await == [0, 0, 1, 1, 0]).then_some(())).await;
        node.stop().await;
    };
    gone(&other).await;
    assert_eq!(there(&suspended).await, before);
    restore(&service, &suspended.organization).await.expect(200);
    gone(&suspended).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_retention_had_listed_stays_once_an_organization_is_suspended() {
    let (service, team) = kept_though_found("suspended_at = '2021-01-01T00:00Z'").await;
    // It had only been waiting.
    restore(&service, &team.organization).await.expect(200);
    let directory = service.recordings();
    let store = [("recordings.store", directory.to_str().unwrap())];
    let node = Service::start_on_values(&service, &store).await;
    nothing_left(&directory).await;
    node.stop().await;
}
