//! Whoever may not do what they ask for is told that, and not what is wrong with how they ask for it.

use reqwest::Method;
use rollcall_domain::{Permission, Role, sessions::ELEVATION};
use rollcall_tests::{Answer, Caller, Service, Team, until};
use serde_json::json;

use crate::contract::{Needs, Row, rows};

const EVENTS: &str = "/v1/audit/events";

/// Asks with a body and a query of which nothing is right.
async fn nonsense(caller: &Caller, row: &Row) -> Answer {
    let path = row.path(row.unknown_id());
    let path = path.split('?').next().unwrap();
    let request = caller.request(row.verb(), &format!("{path}?nonsense=1"));
    Answer::of(match &row.body {
        Some(_) => request.json(&json!({"nonsense": 1})),
        None => request,
    })
    .await
}

#[tokio::test]
async fn whoever_lacks_the_permission_hears_nothing_of_what_is_wrong_with_the_request() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (_, secret) = crate::api_keys::make(team.owner(), json!({"scopes": ["analytics:read"]})).await;
    let weak = service.anonymous().with_token(&secret);
    for row in rows() {
        let Needs::Permission(permission) = row.needs else { continue };
        let needed: Permission = permission.parse().unwrap();
        let lacking = Role::ALL.into_iter().filter(|role| !role.grants(needed));
        let lacking = lacking.map(|role| team.caller(role.as_str())).chain([&weak]);
        for caller in lacking {
            let answer = nonsense(caller, &row).await;
            assert_eq!(answer.status, 403, "{} {}: {}", row.method, row.path, answer.text);
            let answer = answer.problem(403, "permission_denied");
            assert_eq!(answer.text_at("/required_permission"), permission, "{} {}", row.method, row.path);
        }
        // The request was wrong.
        if let Some(role) = Role::ALL.into_iter().find(|role| role.grants(needed))
            && row.body.is_some()
        {
            let answer = nonsense(team.caller(role.as_str()), &row).await;
            assert!(
                matches!(answer.status.as_u16(), 404 | 415 | 422),
                "{} {}: {}",
                row.method,
                row.path,
                answer.text
            );
        }
    }
}

/// The operations that need a fresh proof of identity, as the contract has them.
async fn proven(service: &Service) -> Vec<Row> {
    let contract = service.anonymous().get("/openapi.json").await.expect(200);
    let needs_one = |row: &Row| {
        let operation = &contract.body["paths"][row.path][row.method];
        let text = ["summary", "description"].map(|part| operation[part].as_str().unwrap_or_default());
        let words: Vec<&str> = text.iter().flat_map(|text| text.split_whitespace()).collect();
        words.join(" ").contains("Requires a fresh proof of identity")
    };
    rows().into_iter().filter(needs_one).collect()
}

#[tokio::test]
async fn whoever_has_not_proved_lately_who_they_are_hears_nothing_of_what_is_wrong_with_the_request() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let proven = proven(&service).await;
    assert_eq!(proven.len(), 20);
    let too_large = format!("[{}]", "1,".repeat(600_000));
    let bodies = [
        ("application/json", "{"),
        ("application/json", r#"{"nonsense": 1}"#),
        ("application/json", "{}"),
        ("text/plain", "{}"),
        ("application/json", too_large.as_str()),
    ];
    let ask = async |caller: &Caller, row: &Row, (kind, body): (&str, &str)| {
        let request = caller.request(row.verb(), &row.path(row.unknown_id()));
        let request = request.header("content-type", kind).header("if-match", "x");
        Answer::of(request.body(body.to_owned())).await
    };
    let told = |row: &Row, body: (&str, &str), answer: Answer, status: u16, code: &str| {
        let (kind, body) = (body.0, body.1.get(..20).unwrap_or(body.1));
        assert_eq!(answer.status, status, "{} {} {kind} {body}: {}", row.method, row.path, answer.text);
        answer.problem(status, code);
    };
    let (nobody, owner) = (service.anonymous(), team.owner());
    // The request is wrong, and its condition does not hold.
    let malformed = ("application/json", "{");
    for row in proven.iter().filter(|row| row.body.is_some()) {
        let answer = ask(owner, row, malformed).await;
        assert!([400, 412].contains(&answer.status.as_u16()), "{} {}: {}", row.method, row.path, answer.text);
    }
    service.clock.advance(ELEVATION);
    let token = owner.post("/v1/tokens", json!({})).await.expect(201);
    let by_token = service.anonymous().with_token(token.text_at("/access_token"));
    for row in &proven {
        for body in bodies.into_iter().filter(|(_, body)| row.body.is_some() || body.len() < 100) {
            told(row, body, ask(&nobody, row, body).await, 401, "unauthenticated");
            if let Needs::Permission(_) = row.needs {
                told(row, body, ask(team.caller("viewer"), row, body).await, 403, "permission_denied");
            }
            told(row, body, ask(owner, row, body).await, 403, "elevation_required");
            told(row, body, ask(&by_token, row, body).await, 403, "session_required");
        }
    }
}

/// The operations that take an `Idempotency-Key`, as the contract has them.
async fn keyed(service: &Service) -> Vec<Row> {
    let contract = service.anonymous().get("/openapi.json").await.expect(200);
    let takes_a_key = |row: &Row| {
        let parameters = contract.body["paths"][row.path][row.method]["parameters"].as_array();
        parameters.is_some_and(|all| all.iter().any(|one| one["name"] == "Idempotency-Key"))
    };
    rows().into_iter().filter(takes_a_key).collect()
}

/// Asks with keys, and with a body of which nothing is right.
async fn with_keys(caller: &Caller, row: &Row, keys: &[&str], body: &str) -> Answer {
    let request = caller.request(Method::POST, &row.path(row.unknown_id()));
    let request = keys.iter().fold(request, |request, key| request.header("Idempotency-Key", *key));
    Answer::of(request.header("content-type", "application/json").body(body.to_owned())).await
}

#[tokio::test]
async fn whoever_lacks_the_permission_hears_nothing_of_what_is_wrong_with_a_keyed_request() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let key_with = async |scope: &str| {
        let (_, secret) = crate::api_keys::make(team.owner(), json!({"scopes": [scope]})).await;
        service.anonymous().with_token(&secret)
    };
    let (weak, reporter) = (key_with("analytics:read").await, key_with("audit_log:append").await);
    let too_large = format!("[{}]", "1,".repeat(2_200_000));
    let wrong: [(&[&str], &str, u16, &str); 5] = [
        (&["two words"], "{}", 400, "invalid_idempotency_key"),
        (&["one", "two"], "{}", 400, "invalid_idempotency_key"),
        (&[""], "{", 400, "invalid_idempotency_key"),
        (&["of-its-own"], too_large.as_str(), 413, "body_too_large"),
        (&["of-its-own"], "{", 400, "malformed_json"),
    ];
    let mut asked = 0;
    for row in keyed(&service).await {
        for (keys, body, status, code) in wrong {
            let told = |answer: Answer| {
                assert_eq!(answer.status, status, "{} {keys:?}: {}", row.path, answer.text);
                answer.problem(status, code);
            };
            let Needs::Permission(permission) = row.needs else {
                // Nothing that is done with a key is done with one that is none.
                let nobody = service.anonymous();
                let caller = if matches!(row.needs, Needs::Nothing) { &nobody } else { team.owner() };
                told(with_keys(caller, &row, keys, body).await);
                continue;
            };
            with_keys(&service.anonymous(), &row, keys, body).await.problem(401, "unauthenticated");
            let needed: Permission = permission.parse().unwrap();
            let (may, lacking): (Vec<_>, Vec<_>) =
                Role::ALL.into_iter().partition(|role| role.grants(needed));
            for caller in lacking.into_iter().map(|role| team.caller(role.as_str())).chain([&weak]) {
                let answer = with_keys(caller, &row, keys, body).await;
                assert_eq!(answer.status, 403, "{} {keys:?}: {}", row.path, answer.text);
                let answer = answer.problem(403, "permission_denied");
                assert_eq!(answer.text_at("/required_permission"), permission, "{} {keys:?}", row.path);
                asked += 1;
            }
            let may = may.first().map_or(&reporter, |role| team.caller(role.as_str()));
            told(with_keys(may, &row, keys, body).await);
        }
    }
    assert!(asked > 200, "{asked}");
}

#[tokio::test]
async fn whoever_lacks_the_permission_hears_nothing_of_an_idempotency_key_that_is_in_use() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let viewer = team.caller("viewer");
    let invite = |email: &str| {
        let request = viewer.request(Method::POST, "/v1/invitations").header("Idempotency-Key", "one");
        Answer::of(request.json(&json!({"email": email, "role": "viewer"})))
    };
    // Whoever is refused waits until that is written down.
    let held = service.database.open_transaction("LOCK TABLE audit_events IN EXCLUSIVE MODE").await;
    let waiting = async |count: i64| {
        let waiting = "SELECT count(*) AS n FROM pg_locks
                        WHERE NOT granted AND mode = 'RowExclusiveLock' AND relation = 'audit_events'::regclass";
        until("refusals to wait", async || {
            (service.database.rows(waiting).await[0]["n"].as_i64() >= Some(count)).then_some(())
        })
        .await;
    };
    let (first, again, otherwise, ()) = tokio::join!(
        invite("one@example.com"),
        async {
            waiting(1).await;
            invite("one@example.com").await
        },
        async {
            waiting(1).await;
            invite("other@example.com").await
        },
        async {
            waiting(3).await;
            held.roll_back().await;
        }
    );
    for answer in [first, again, otherwise] {
        answer.problem(403, "permission_denied");
    }
}

#[tokio::test]
async fn whoever_lacks_the_permission_hears_nothing_of_a_body_that_is_no_json_and_is_on_record() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let refused = async || {
        let log = service.audit_log(Some(&team.organization)).await;
        log.iter().filter(|(action, outcome)| action == "permission.denied" && outcome == "refused").count()
    };
    let post = |caller: &Caller, kind: &str, body: &str| {
        Answer::of(caller.request(Method::POST, EVENTS).header("content-type", kind).body(body.to_owned()))
    };
    let too_long = format!("[{}]", "1,".repeat(2_000_000));
    for (kind, body) in [
        ("application/json", "{"),
        ("application/json", r#"{"events": []}"#),
        ("application/json", r#"{"events": [{"id": "evt_1"}]}"#),
        ("text/plain", "{}"),
        ("application/json", too_long.as_str()),
    ] {
        post(&service.anonymous(), kind, body).await.problem(401, "unauthenticated");
        // No role carries it.
        let answer = post(team.owner(), kind, body).await.problem(403, "permission_denied");
        assert_eq!(answer.text_at("/required_permission"), "audit_log:append");
    }
    // Once a minute.
    assert_eq!(refused().await, 1);
    service.clock.advance(time::Duration::MINUTE);
    post(team.owner(), "application/json", "{").await.problem(403, "permission_denied");
    assert_eq!(refused().await, 2);
}

#[tokio::test]
async fn exports_that_are_refused_again_and_again_are_one_event_a_minute() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let viewer = team.caller("viewer");
    let refused = async || {
        let log = service.audit_log(Some(&team.organization)).await;
        log.iter().filter(|(action, outcome)| action == "audit_log.exported" && outcome == "refused").count()
    };
    let ask = async |caller: &Caller, method: Method, query: &str| {
        let answer = Answer::of(caller.request(method, &format!("/v1/audit/export{query}"))).await;
        assert_eq!(answer.status, 403);
    };
    for query in ["", "?format=csv", "?since=2026-01-01T00:00:00Z"] {
        ask(viewer, Method::GET, query).await;
        ask(viewer, Method::HEAD, query).await;
    }
    assert_eq!(refused().await, 1);
    ask(team.caller("member"), Method::HEAD, "").await;
    assert_eq!(refused().await, 2, "somebody else is somebody else");
    viewer.get(EVENTS).await.problem(403, "permission_denied");
    ask(viewer, Method::GET, "").await;
    assert_eq!(refused().await, 2, "to search is something else");
    service.clock.advance(time::Duration::MINUTE);
    ask(viewer, Method::HEAD, "").await;
    ask(viewer, Method::GET, "").await;
    assert_eq!(refused().await, 3);
}

#[tokio::test]
async fn checkpoints_and_proofs_that_are_refused_again_and_again_are_one_event_each_a_minute() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let refused = async || {
        let log = service.audit_log(Some(&team.organization)).await;
        log.iter().filter(|(_, outcome)| outcome == "refused").count()
    };
    let event = "event_id=evt_01h455vb4pex5vsknk084sn02q";
    for _ in 0..2 {
        for path in
            ["checkpoint", &format!("proofs/inclusion?{event}"), "proofs/consistency?from=1", "witness"]
        {
            team.caller("viewer").get(&format!("/v1/audit/{path}")).await.problem(403, "permission_denied");
        }
    }
    assert_eq!(refused().await, 4);
}

#[tokio::test]
async fn searches_that_are_refused_again_and_again_are_one_event_a_minute() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let viewer = team.caller("viewer");
    let refused = async || {
        let log = service.audit_log(Some(&team.organization)).await;
        log.iter().filter(|(_, outcome)| outcome == "refused").count()
    };
    for query in ["", "?q=grace", "?q=hopper", "?limit=1"] {
        viewer.get(&format!("{EVENTS}{query}")).await.problem(403, "permission_denied");
    }
    assert_eq!(refused().await, 1);
    for id in ["evt_01h455vb4pex5vsknk084sn02q", "evt_01h455vb4pex5vsknk084sn02r"] {
        viewer.get(&format!("{EVENTS}/{id}")).await.problem(403, "permission_denied");
    }
    assert_eq!(refused().await, 2, "to look at one is something else");
    team.caller("member").get(EVENTS).await.problem(403, "permission_denied");
    assert_eq!(refused().await, 3, "somebody else is somebody else");
    service.sign_in(team.email("viewer")).await.get(EVENTS).await.problem(403, "permission_denied");
    assert_eq!(refused().await, 4, "and another session is another one");
    service.clock.advance(time::Duration::MINUTE);
    viewer.get(EVENTS).await.problem(403, "permission_denied");
    assert_eq!(refused().await, 5);
}
