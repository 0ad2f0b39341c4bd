//! Whoever loses a role, their seat or their organization while their request waits: what counts is what they are when it is their turn.

use reqwest::{Method, RequestBuilder};
use rollcall_domain::{ApiKeyId, UserId};
use rollcall_tests::{Answer, Caller, Service, Team};
use serde_json::{Value, json};
use time::Duration;

use crate::{
    agents::choose,
    api_keys::{make, path},
    calls::write,
    escalations::{claim, escalate, shown},
};

/// What is answered to a request that has to wait while something happens.
async fn answered_after(service: &Service, statements: &str, request: RequestBuilder) -> Answer {
    answered_late(service, statements, request, Duration::ZERO).await
}

/// The same; it waits for so long.
async fn answered_late(
    service: &Service,
    statements: &str,
    request: RequestBuilder,
    late: Duration,
) -> Answer {
    let held = service.database.open_transaction(statements).await;
    let asked = tokio::spawn(Answer::of(request));
    service.database.lock_waits(1).await;
    service.clock.advance(late);
    held.commit().await;
    asked.await.unwrap()
}

fn request(caller: &Caller, method: &Method, path: &str, body: Option<&Value>) -> RequestBuilder {
    let request = caller.request(method.clone(), path);
    body.into_iter().fold(request, RequestBuilder::json)
}

/// The locks are taken as the service takes them: the team, the organization, the member.
fn seat(team: &Team, user: &str) -> (String, String) {
    let organization = team.uuid();
    let seat =
        format!("org_id = '{organization}' AND user_id = '{}'", user.parse::<UserId>().unwrap().uuid());
    (format!("SELECT team_lock('{organization}')"), seat)
}

fn demote(team: &Team, user: &str) -> String {
    let (lock, seat) = seat(team, user);
    format!("{lock}; UPDATE members SET role = 'viewer', version = version + 1 WHERE {seat}")
}

/// What takes a right away, in SQL.
type TakesAway = fn(&Team, &str) -> String;

fn remove(team: &Team, user: &str) -> String {
    let (lock, seat) = seat(team, user);
    format!("{lock}; DELETE FROM members WHERE {seat}")
}

fn suspend(team: &Team, user: &str) -> String {
    let (lock, _) = seat(team, user);
    let one = "SELECT FROM organizations WHERE name = 'Acme' FOR UPDATE";
    format!("{lock}; {one}; UPDATE organizations SET suspended_at = '2026-03-01T09:00Z' WHERE name = 'Acme'")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_5_whoever_may_not_any_more_when_it_is_their_turn_does_nothing() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    service.set_plan(&team.organization, "enterprise").await;
    let owner = team.owner();
    let (key, _) = make(owner, json!({})).await;
    let escalation = escalate(owner, "CA1", 5).await;
    let viewer = format!("/v1/members/{}", team.id("viewer"));
    let invited = json!({"email": "ada@example.com", "role": "viewer"});
    let asks = [
        ("admin", Method::PATCH, viewer.clone(), Some(json!({"role": "member"}))),
        ("admin", Method::DELETE, viewer.clone(), None),
        ("admin", Method::POST, "/v1/invitations".to_owned(), Some(invited)),
        ("owner", Method::DELETE, path(&key), None),
        ("customer_support_agent", Method::POST, format!("/v1/escalations/{escalation}/claim"), None),
    ];
    let ways = [
        (demote as TakesAway, 403, "permission_denied"),
        (remove, 401, "unauthenticated"),
        (suspend, 401, "unauthenticated"),
    ];
    for (role, method, path, body) in &asks {
        for (way, (takes_away, status, code)) in ways.iter().enumerate() {
            let (caller, id) = service.bring_in(owner, &Service::new_address(role), role).await;
            // What the agent asks for would be done, if nobody looked.
            if *role == "customer_support_agent" {
                choose(&caller, "available").await.expect(200);
            }
            let asked = request(&caller, method, path, body.as_ref());
            let answer = answered_after(&service, &takes_away(&team, &id), asked).await;
            assert_eq!(answer.status, *status, "{method} {path}, {way}: {}", answer.text);
            answer.problem(*status, code);
            service.database.execute("UPDATE organizations SET suspended_at = NULL").await;
        }
    }
    assert_eq!(owner.get(&viewer).await.expect(200).body["role"], "viewer");
    let pending = owner.get("/v1/invitations?status=pending").await.expect(200);
    assert!(pending.list("data").is_empty(), "{}", pending.text);
    assert_eq!(owner.get(&path(&key)).await.expect(200).body["revoked_at"], Value::Null);
    assert_eq!(shown(owner, &escalation).await["status"], "waiting");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_5_no_call_is_resolved_by_a_demoted_agent_or_escalated_by_a_revoked_key() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (owner, agent) = (team.owner(), team.caller("customer_support_agent"));
    choose(agent, "available").await.expect(200);
    let escalation = escalate(owner, "CA1", 5).await;
    let lease = claim(agent, &escalation).await.expect(200);
    let by_lease = json!({"lease_token": lease.text_at("/lease/token")});
    let resolve =
        request(agent, &Method::POST, &format!("/v1/escalations/{escalation}/resolve"), Some(&by_lease));
    let demoted = demote(&team, team.id("customer_support_agent"));
    answered_after(&service, &demoted, resolve).await.problem(403, "permission_denied");
    assert_ne!(shown(owner, &escalation).await["status"], "resolved");

    let (key, secret) = make(owner, json!({"scopes": ["escalations:create"]})).await;
    let program = service.anonymous().with_token(&secret);
    let call = write(owner, "CA2").await;
    let body = json!({"reason": "Asks for a human", "priority": 5});
    let ask = request(&program, &Method::POST, &format!("/v1/calls/{call}/escalations"), Some(&body));
    let ended = format!(
        "UPDATE api_keys SET revoked_at = '2026-03-01T09:00Z', version = version + 1 WHERE key_id = '{}'",
        key.parse::<ApiKeyId>().unwrap().uuid()
    );
    answered_after(&service, &ended, ask).await.problem(401, "unauthenticated");
    let listed = owner.get("/v1/escalations").await.expect(200);
    assert!(listed.list("data").iter().all(|one| one["call_id"] != call.as_str()), "{}", listed.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_5_no_call_is_escalated_by_a_key_that_has_lost_its_scope_or_network_or_expired_meanwhile() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let owner = team.owner();
    let call = write(owner, "CA1").await;
    let escalations = format!("/v1/calls/{call}/escalations");
    let body = json!({"reason": "Asks for a human", "priority": 5});
    let one = "SELECT FROM organizations WHERE name = 'Acme' FOR UPDATE";
    for (change, late, status, code) in [
        (Some("allowed_cidrs = '{192.0.2.0/24}'"), Duration::ZERO, 403, "network_not_allowed"),
        (Some("scopes = '{calls:read}'"), Duration::ZERO, 403, "permission_denied"),
        // Nothing about it changes, and the organization is what the request waits for: before it looks at its key.
        (None, Duration::MINUTE, 401, "unauthenticated"),
    ] {
        let more = json!({"scopes": ["escalations:create"], "expires_at": "2026-03-01T09:01:00Z"});
        let (key, secret) = make(owner, more).await;
        let key = key.parse::<ApiKeyId>().unwrap().uuid();
        let held = change.map_or_else(
            || one.to_owned(),
            |change| format!("UPDATE api_keys SET {change}, version = version + 1 WHERE key_id = '{key}'"),
        );
        let program = service.anonymous().with_token(&secret);
        let ask = request(&program, &Method::POST, &escalations, Some(&body));
        answered_late(&service, &held, ask, late).await.problem(status, code);
    }
    let listed = owner.get("/v1/escalations").await.expect(200);
    assert!(listed.list("data").is_empty(), "{}", listed.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_begun_before_a_role_is_taken_away_is_done_before_it() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let owner = team.owner();
    let (other, id) = service.bring_in(owner, &Service::new_address("second"), "owner").await;
    let (key, _) = make(owner, json!({})).await;
    // They have shown what they are, and wait for the key.
    let key_id = key.parse::<ApiKeyId>().unwrap().uuid();
    let waits_for = format!("SELECT FROM api_keys WHERE key_id = '{key_id}' FOR UPDATE");
    let held = service.database.open_transaction(&waits_for).await;
    let revoked = tokio::spawn(Answer::of(request(&other, &Method::DELETE, &path(&key), None)));
    service.database.lock_waits(1).await;
    let body = json!({"role": "viewer"});
    let member = format!("/v1/members/{id}");
    let demoted = tokio::spawn(Answer::of(request(owner, &Method::PATCH, &member, Some(&body))));
    service.database.lock_waits(2).await;
    held.commit().await;
    revoked.await.unwrap().expect(204);
    demoted.await.unwrap().expect(200);
    let log = service.audit_log(Some(&team.organization)).await;
    let place = |action: &str| log.iter().position(|(told, outcome)| told == action && outcome == "success");
    let (revoked, demoted) = (place("api_key.revoked"), place("member.role_changed"));
    assert!(revoked.is_some() && revoked < demoted, "{log:?}");
    other.delete(&path(&key)).await.problem(403, "permission_denied");
}
