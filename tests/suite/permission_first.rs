//! Whoever may not do what they ask for is told that, and not what is wrong with how they ask for it.

use reqwest::Method;
use rollcall_domain::{Permission, Role};
use rollcall_tests::{Answer, Caller, Service, Team};
use serde_json::json;

use crate::contract::{Foreign, Needs, Row, rows};

const EVENTS: &str = "/v1/audit/events";

/// An id of a thing of the kind that the row is about, as far as anybody can tell.
fn some_id(row: &Row) -> &'static str {
    row.foreign.map_or("user_01h455vb4pex5vsknk084sn02q", Foreign::unknown)
}

/// Asks with a body and a query of which nothing is right.
async fn nonsense(caller: &Caller, row: &Row) -> Answer {
    let path = row.path(some_id(row));
    let path = path.split('?').next().unwrap();
    let method = Method::from_bytes(row.method.to_uppercase().as_bytes()).unwrap();
    let request = caller.request(method, &format!("{path}?nonsense=1"));
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

#[tokio::test]
async fn it_is_so_for_what_is_no_json_too_and_for_nobody_and_it_is_written_down() {
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
