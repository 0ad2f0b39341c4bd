//! What gets into the audit log besides changes: what services beside Rollcall report, and how sessions begin and end.

use std::sync::Arc;

use futures_util::future::join_all;
use rollcall_application::ports::Entropy;
use rollcall_domain::EventId;
use rollcall_server::SystemEntropy;
use rollcall_tests::{Answer, Binary, Caller, PASSWORD, Service, Team, TestDatabase, until};
use serde_json::{Value, json};
use sqlx::Executor;

use crate::{
    api_keys::make,
    sibling::present,
    tokens::{KNOWN, SERVICE_TOKEN, access_token},
};

pub(crate) const EVENTS: &str = "/v1/audit/events";

/// An organization whose audit log is on, and a program that may report to it.
pub(crate) async fn reporting(service: &Service) -> (Team, String, Caller) {
    let team = Team::assemble(service, "Acme").await;
    service.turn_audit_log_on(&team).await;
    let (id, secret) = make(team.owner(), json!({"scopes": ["audit_log:append"]})).await;
    (team, id, service.anonymous().with_token(&secret))
}

fn new_id(service: &Service) -> EventId {
    let entropy: &dyn Entropy = &SystemEntropy;
    entropy.id(rollcall_application::ports::Clock::now(&service.clock))
}

pub(crate) fn event(service: &Service, actor: &str) -> Value {
    json!({
        "id": new_id(service), "occurred_at": "2026-03-01T08:59:59.1234567Z",
        "actor": {"type": "user", "id": actor}, "action": "agent.created", "target": {"type": "agent", "id": "a1"},
        "outcome": "success",
    })
}

/// What was reported, in the order of its ids: the rows, each with its leaf as JSON.
async fn reported(service: &Service) -> Vec<Value> {
    let rows =
        "SELECT org_id, event_id, occurred_at, actor_kind, actor_id, action, target_kind, target_id, outcome,
                       personal, convert_from(leaf, 'UTF8')::jsonb AS leaf
                  FROM audit_events WHERE action LIKE 'agent.%' ORDER BY event_id";
    service.database.rows(rows).await
}

#[tokio::test]
async fn what_is_reported_is_in_the_log_with_who_reported_it_and_persons_as_promises() {
    let service = Service::start().await;
    let (team, key, program) = reporting(&service).await;
    let mut full = event(&service, team.id("viewer"));
    full["changes"] =
        json!([{"field": "voice", "before": "alto", "after": "tenor"}, {"field": "note", "after": null}]);
    full["personal"] = json!({"ip": "192.0.2.7", "contact.name": "Ada \"Countess\""});
    let mut by_key = event(&service, team.id("viewer"));
    by_key["actor"] = json!({"type": "api_key", "id": key});
    by_key["outcome"] = json!("refused");
    let body = json!({"events": [full.clone(), by_key]});
    let answer = program.post(EVENTS, body.clone()).await.expect(200);
    assert_eq!(answer.body, json!({"events": 2, "new": 2}));
    let rows = reported(&service).await;
    let row = rows.iter().find(|row| row["leaf"]["id"] == full["id"]).unwrap();
    let leaf = &row["leaf"];
    assert_eq!(leaf["log"], team.organization);
    assert_eq!(leaf["at"], "2026-03-01T08:59:59.123456Z");
    assert_eq!(leaf["actor"], json!({"kind": "user", "id": team.id("viewer")}));
    assert_eq!(leaf["target"], json!({"kind": "agent", "id": "a1"}));
    assert_eq!((&leaf["session"], &leaf["v"]), (&Value::Null, &json!(1)));
    assert_eq!(leaf["request_id"], answer.header("x-request-id"));
    let reported_by = json!({"field": "reported_by", "before": null, "after": key});
    let changes = json!([
        {"field": "voice", "before": "alto", "after": "tenor"},
        {"field": "note", "before": null, "after": null}, reported_by,
    ]);
    assert_eq!(leaf["changes"], changes);
    assert_eq!((&row["actor_kind"], &row["actor_id"]), (&json!("user"), &json!(team.id("viewer"))));
    assert_eq!(
        (&row["target_kind"], &row["target_id"], &row["outcome"]),
        (&json!("agent"), &json!("a1"), &json!("success"))
    );
    // What identifies a person stands beside the leaf, with its salt; in the leaf are promises.
    assert_eq!(row["personal"]["ip"]["value"], "192.0.2.7");
    assert_eq!(row["personal"]["contact.name"]["value"], "Ada \"Countess\"");
    let promises = leaf["personal"].as_object().unwrap();
    assert_eq!(promises.keys().collect::<Vec<_>>(), ["contact.name", "ip"]);
    assert!(promises.values().all(|promise| promise.as_str().unwrap().len() == 64));
    assert!(!leaf.to_string().contains("192.0.2.7") && !leaf.to_string().contains("Countess"));
    let other = rows.iter().find(|row| row["leaf"]["id"] != full["id"]).unwrap();
    assert_eq!(other["leaf"]["actor"], json!({"kind": "api_key", "id": key}));
    assert_eq!((&other["outcome"], &other["leaf"]["changes"]), (&json!("refused"), &json!([reported_by])));

    // Told again, also changed, it is taken once, and stays as it was.
    let mut changed = full.clone();
    changed["action"] = json!("agent.deleted");
    let more = event(&service, team.id("viewer"));
    let again = json!({"events": [changed, more.clone(), more, full]});
    assert_eq!(program.post(EVENTS, again).await.expect(200).body, json!({"events": 4, "new": 1}));
    let now = reported(&service).await;
    assert_eq!(now.len(), 3);
    assert!(rows.iter().all(|row| now.contains(row)));
    // An access token of the key does as well, and nobody else may.
    let token = access_token(&program).await;
    service.anonymous().with_token(&token).post(EVENTS, body).await.expect(200);
    let body = json!({"events": [event(&service, team.id("viewer"))]});
    for role in ["owner", "admin", "viewer"] {
        let refused = team.caller(role).post(EVENTS, body.clone()).await.problem(403, "permission_denied");
        assert_eq!(refused.text_at("/required_permission"), "audit_log:append");
    }
    assert_eq!(reported(&service).await.len(), 3);
}

#[tokio::test]
async fn events_stand_in_the_log_in_the_order_in_which_they_were_told() {
    let service = Service::start().await;
    let (team, _, program) = reporting(&service).await;
    let events: Vec<Value> = (0..50).map(|_| event(&service, team.id("viewer"))).collect();
    program.post(EVENTS, json!({"events": events})).await.expect(200);
    let rows = "SELECT convert_from(leaf, 'UTF8')::jsonb -> 'id' AS id FROM audit_events
                 WHERE action LIKE 'agent.%' ORDER BY written";
    let kept: Vec<Value> = service.database.rows(rows).await.iter().map(|row| row["id"].clone()).collect();
    let told: Vec<Value> = events.iter().map(|event| event["id"].clone()).collect();
    assert_eq!(kept, told);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_are_told_many_times_at_once_are_taken_once() {
    let service = Service::start().await;
    let (team, _, program) = reporting(&service).await;
    let events: Vec<Value> = (0..200).map(|_| event(&service, team.id("viewer"))).collect();
    let tell = |n: usize| {
        // Each tells most of them, in another order.
        let mut part: Vec<Value> = events.iter().skip(n).cloned().collect();
        part.rotate_left(n * 17);
        if n.is_multiple_of(2) {
            part.reverse();
        }
        let (program, length) = (program.clone(), part.len());
        async move {
            let answer = program.post(EVENTS, json!({"events": part})).await.expect(200);
            assert_eq!(answer.body["events"], length);
            answer.body["new"].as_u64().unwrap()
        }
    };
    let new: u64 = join_all((0..12).map(tell)).await.into_iter().sum();
    assert_eq!(new, 200);
    assert_eq!(reported(&service).await.len(), 200);
}

#[tokio::test]
async fn attack_32_what_is_told_again_after_its_time_is_over_is_not_in_the_log_twice_and_stops_nothing() {
    let service = Service::start().await;
    let (team, _, program) = reporting(&service).await;
    let body = json!({"events": [event(&service, team.id("viewer"))]});
    assert_eq!(program.post(EVENTS, body.clone()).await.expect(200).body["new"], 1);
    service.database.all_sequenced().await;
    let mut retention = service.database.begin_retention(team.uuid(), 1_000).await;
    retention.execute("COMMIT").await.unwrap();
    assert!(reported(&service).await.is_empty());
    let again = program.post(EVENTS, body).await.expect(200);
    assert_eq!(again.body, json!({"events": 1, "new": 0}));
    // What comes after it gets its place.
    let next = json!({"events": [event(&service, team.id("viewer"))]});
    assert_eq!(program.post(EVENTS, next).await.expect(200).body["new"], 1);
    team.owner().get("/v1/audit/checkpoint").await.expect(200);
    service.database.all_sequenced().await;
    assert_eq!(reported(&service).await.len(), 1);
}

/// What lets logs go on that had been stopped by what was told again.
const LET_GO_ON: &str =
    include_str!("../../crates/adapter-postgres/migrations/0094_reported_again_after_its_time.sql");

#[tokio::test]
async fn a_log_that_was_stopped_by_what_was_told_again_goes_on_once_the_database_is_migrated() {
    let service = Service::start().await;
    let (team, _, program) = reporting(&service).await;
    let body = json!({"events": [event(&service, team.id("viewer"))]});
    assert_eq!(program.post(EVENTS, body).await.expect(200).body["new"], 1);
    service.database.all_sequenced().await;
    let columns = "org_id, event_id, occurred_at, actor_kind, action, target_kind, outcome, leaf, personal";
    let keep = format!("CREATE TABLE told AS SELECT {columns} FROM audit_events WHERE action LIKE 'agent.%'");
    service.database.execute(&keep).await;
    let mut retention = service.database.begin_retention(team.uuid(), 1_000).await;
    retention.execute("COMMIT").await.unwrap();
    // As it was taken before anybody looked at places.
    let tell_again = format!("INSERT INTO audit_events ({columns}) SELECT {columns} FROM told");
    service.database.execute(&tell_again).await;
    let next = json!({"events": [event(&service, team.id("viewer"))]});
    assert_eq!(program.post(EVENTS, next).await.expect(200).body["new"], 1);
    team.owner().get("/v1/audit/checkpoint").await.problem(500, "internal_error");
    assert_eq!(reported(&service).await.len(), 2);

    service.database.execute(&format!("BEGIN; {LET_GO_ON} COMMIT")).await;
    team.owner().get("/v1/audit/checkpoint").await.expect(200);
    service.database.all_sequenced().await;
    assert_eq!(reported(&service).await.len(), 1);
    let forced = "SELECT 1 AS one FROM pg_class WHERE relname = 'audit_queue' AND relforcerowsecurity";
    assert_eq!(service.database.rows(forced).await.len(), 1);
}

#[tokio::test]
async fn while_the_log_is_off_nothing_is_taken() {
    let service = Service::start().await;
    let (team, _, program) = reporting(&service).await;
    team.owner().patch("/v1/security", json!({"audit_log": {"enabled": false}})).await.expect(200);
    let body = json!({"events": [event(&service, team.id("viewer"))]});
    program.post(EVENTS, body.clone()).await.problem(409, "audit_log_disabled");
    assert!(reported(&service).await.is_empty());
    team.owner().patch("/v1/security", json!({"audit_log": {"enabled": true}})).await.expect(200);
    assert_eq!(program.post(EVENTS, body).await.expect(200).body["new"], 1);
    // Another organization's log is its own.
    let (other, _, theirs) = reporting(&service).await;
    theirs.post(EVENTS, json!({"events": [event(&service, team.id("viewer"))]})).await.expect(200);
    let organizations: Vec<Value> =
        reported(&service).await.iter().map(|row| row["leaf"]["log"].clone()).collect();
    assert_eq!(organizations.len(), 2);
    assert!(
        organizations.contains(&json!(team.organization))
            && organizations.contains(&json!(other.organization))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_switches_the_log_off_comes_before_or_after_what_is_reported_at_the_same_moment() {
    let service = Service::start().await;
    let (team, _, program) = reporting(&service).await;
    for _ in 0..10 {
        let body = json!({"events": [event(&service, team.id("viewer"))]});
        let off = json!({"audit_log": {"enabled": false}});
        let (answers, off) = tokio::join!(
            join_all((0..6).map(|_| {
                let mut body = body.clone();
                body["events"][0]["id"] = json!(new_id(&service));
                program.post(EVENTS, body)
            })),
            team.owner().patch("/v1/security", off)
        );
        off.expect(200);
        assert!(answers.iter().all(|answer| matches!(answer.status.as_u16(), 200 | 409)));
        let after = service
            .database
            .rows(
                "SELECT action FROM audit_events a WHERE action LIKE 'agent.%' AND written >
                    (SELECT max(written) FROM audit_events WHERE action = 'security.control_changed')",
            )
            .await;
        assert!(after.is_empty(), "taken after the log was off: {after:?}");
        team.owner().patch("/v1/security", json!({"audit_log": {"enabled": true}})).await.expect(200);
    }
}

#[tokio::test]
async fn what_is_no_event_is_named_and_spoils_the_batch() {
    let service = Service::start().await;
    let (team, _, program) = reporting(&service).await;
    let good = event(&service, team.id("viewer"));
    let with = |pointer: &str, value: Value| {
        let mut bad = good.clone();
        match pointer.strip_prefix('+') {
            Some(field) => bad[field] = value,
            None => *bad.pointer_mut(pointer).unwrap() = value,
        }
        bad
    };
    let long = "x".repeat(1_001);
    let too_many: Vec<Value> = (0..51).map(|n| json!({"field": format!("f{n}")})).collect();
    for (bad, field) in [
        (with("/id", json!("key_01h455vb4pex5vsknk084sn02q")), "events[1].id"),
        (with("/id", json!(7)), "events[1].id"),
        (with("/occurred_at", json!("2026-03-01T09:06:00Z")), "events[1].occurred_at"),
        (with("/occurred_at", json!("2025-02-27T09:00:00Z")), "events[1].occurred_at"),
        (with("/occurred_at", json!("yesterday")), "events[1].occurred_at"),
        (with("/actor/type", json!("system")), "events[1].actor.type"),
        (with("/actor/id", json!("key_01h455vb4pex5vsknk084sn02q")), "events[1].actor.id"),
        (with("/action", json!("agent")), "events[1].action"),
        (with("/action", json!("security.control_changed")), "events[1].action"),
        (with("/action", json!("api.called")), "events[1].action"),
        (with("/target/type", json!("An agent")), "events[1].target.type"),
        (with("/target/id", json!("x".repeat(201))), "events[1].target.id"),
        (with("/target/id", json!("a\u{0}b")), "events[1].target.id"),
        (with("/outcome", json!("maybe")), "events[1].outcome"),
        (with("+changes", json!([{"field": "reported_by", "after": "key_x"}])), "events[1].changes[0].field"),
        (with("+changes", json!([{"field": "voice", "after": long}])), "events[1].changes[0].after"),
        (with("+changes", json!(too_many)), "events[1].changes"),
        (with("+changes", json!([{"field": "voice", "value": "x"}])), "events[1].changes[0].value"),
        (with("+personal", json!({"Not a name": "x"})), "events[1].personal"),
        (with("+personal", json!({"ip": "a\u{0}"})), "events[1].personal"),
        (with("+session", json!("sess_01h455vb4pex5vsknk084sn02q")), "events[1].session"),
        (json!("agent.created"), "events[1]"),
    ] {
        program.post(EVENTS, json!({"events": [good, bad]})).await.invalid(field);
    }
    let once = json!({"events": [good, with("+personal", json!({"ip": "192.0.2.7"}))]}).to_string();
    let twice = once.replace(r#"{"ip":"192.0.2.7"}"#, r#"{"ip":"192.0.2.7","\u0069p":"192.0.2.8"}"#);
    assert_ne!(once, twice);
    let twice =
        program.request(reqwest::Method::POST, EVENTS).header("content-type", "application/json").body(twice);
    Answer::of(twice).await.invalid("events[1].personal.ip");
    program.post(EVENTS, json!({"events": []})).await.invalid("events");
    let many: Vec<&Value> = std::iter::repeat_n(&good, 1_001).collect();
    program.post(EVENTS, json!({"events": many})).await.invalid("events");
    program.post(EVENTS, json!({"events": [good], "organization_id": "x"})).await.invalid("organization_id");
    assert!(reported(&service).await.is_empty());
    let thousand: Vec<Value> = (0..1_000).map(|_| event(&service, team.id("viewer"))).collect();
    let taken = program.post(EVENTS, json!({"events": thousand})).await.expect(200);
    assert_eq!(taken.body, json!({"events": 1_000, "new": 1_000}));
}

#[tokio::test]
async fn a_service_built_on_the_client_reports_and_it_is_in_the_log() {
    let database = Arc::new(TestDatabase::create().await);
    let service = Service::start_on(database, present().await, &KNOWN).await;
    let (team, key, program) = reporting(&service).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events");
    let environment = [
        ("ROLLCALL_SERVICE_TOKEN", SERVICE_TOKEN),
        ("AGENTS_EVENTS", file.to_str().unwrap()),
        ("AGENTS_API_KEY", program.token()),
    ];
    let sibling = Binary::sibling(&service.base(), &environment);
    let admin = sibling.anonymous().with_token(team.caller("admin").token());
    let made = until("the sibling to let somebody in", async || {
        let answer = admin.post("/agents", json!({"name": "Ada"})).await;
        (answer.status == 201).then_some(answer)
    })
    .await;
    admin.delete(&format!("/agents/{}", made.body["id"])).await.expect(204);
    let rows = until("both events", async || {
        let rows = reported(&service).await;
        (rows.len() >= 2).then_some(rows)
    })
    .await;
    let told: Vec<(&str, &str)> =
        rows.iter().map(|row| (row["action"].as_str().unwrap(), row["actor_id"].as_str().unwrap())).collect();
    assert_eq!(told, [("agent.created", team.id("admin")), ("agent.deleted", team.id("admin"))]);
    assert_eq!(rows[0]["leaf"]["changes"][0]["after"], json!(key));
    until("an empty file", async || (std::fs::metadata(&file).unwrap().len() == 0).then_some(())).await;
    assert!(!folder.path().join("events.rejected").exists());
}

#[tokio::test]
async fn how_sessions_begin_and_end_is_in_the_organization_s_log() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let count = |log: &[(String, String)], action: &str, outcome: &str| {
        log.iter().filter(|entry| **entry == (action.to_owned(), outcome.to_owned())).count()
    };
    // The sign-up, and four who have come in.
    let log = service.audit_log(Some(&team.organization)).await;
    assert_eq!(count(&log, "session.created", "success"), 5);
    let how = service
        .database
        .rows(
            "SELECT DISTINCT convert_from(leaf, 'UTF8')::jsonb -> 'changes' -> 0 AS change FROM audit_events
                WHERE action = 'session.created'",
        )
        .await;
    let through = |what: &str| json!({"change": {"field": "through", "before": null, "after": what}});
    assert!(
        how.len() == 2 && how.contains(&through("sign_up")) && how.contains(&through("invitation")),
        "{how:?}"
    );
    // A wrong password of somebody in it, a right one, and the end of the session.
    let wrong = json!({"email": team.email("viewer"), "password": "not the password at all"});
    service.anonymous().post("/v1/sessions", wrong).await.problem(401, "invalid_credentials");
    let viewer = service.sign_in(team.email("viewer")).await;
    let token = service.anonymous().with_token(&access_token(&viewer).await);
    token.delete("/v1/session").await.problem(403, "session_required");
    viewer.delete("/v1/session").await.expect(204);
    // Somebody who has an account accepts as well.
    let email = Service::new_address("existing");
    let (existing, _) = service.sign_up(&email, "Own").await;
    let (_, token) = service.invite(team.owner(), &email, "viewer").await;
    existing.post("/v1/invitations/accept", json!({"token": token})).await.expect(201);
    let log = service.audit_log(Some(&team.organization)).await;
    assert_eq!(count(&log, "session.created", "refused"), 1);
    assert_eq!(count(&log, "session.created", "success"), 7);
    assert_eq!(count(&log, "session.ended", "refused"), 1);
    assert_eq!(count(&log, "session.ended", "success"), 1);
    let answer: Answer =
        service.anonymous().post("/v1/sessions", json!({"email": email, "password": PASSWORD})).await;
    answer.expect(201);
}

#[tokio::test]
async fn a_batch_may_be_as_large_as_a_thousand_events_of_four_kilobytes() {
    let service = Service::start().await;
    let (team, _, program) = reporting(&service).await;
    let mut long = event(&service, team.id("viewer"));
    long["changes"] = json!([1, 2, 3].map(|n| json!({"field": format!("f{n}"), "after": "x".repeat(1_000)})));
    let events: Vec<Value> = (0..1_000)
        .map(|_| {
            let mut event = long.clone();
            event["id"] = json!(new_id(&service));
            event
        })
        .collect();
    let answer = program.post(EVENTS, json!({"events": events})).await.expect(200);
    assert_eq!(answer.body, json!({"events": 1_000, "new": 1_000}));
}
