//! Who can take a call: choices, heartbeats, and whoever is gone.

use reqwest::Method;
use rollcall_tests::{Answer, Caller, Service, Team, until};
use serde_json::{Value, json};
use time::Duration;

use crate::escalations::{claim, escalate, shown};

const ROLE: &str = "customer_support_agent";

/// Chooses a status.
pub(crate) async fn choose(caller: &Caller, status: &str) -> Answer {
    caller.put("/v1/availability/me", json!({"status": status})).await
}

/// An agent as others see them.
pub(crate) async fn seen(by: &Caller, user: &str) -> Value {
    by.get(&format!("/v1/availability/{user}")).await.expect(200).body
}

async fn beat(caller: &Caller) -> Answer {
    caller.request_beat().await
}

trait Beats {
    async fn request_beat(&self) -> Answer;
}

impl Beats for Caller {
    async fn request_beat(&self) -> Answer {
        Answer::of(self.request(Method::POST, "/v1/availability/me/heartbeat")).await
    }
}

/// What the audit log says of availability, the oldest first: who acted, and what changed.
pub(crate) async fn told(service: &Service, action: &str) -> Vec<Value> {
    let query = format!(
        "SELECT convert_from(leaf, 'UTF8') AS leaf FROM audit_events WHERE action = '{action}' AND outcome = 'success' ORDER BY written"
    );
    let rows = service.database.rows(&query).await;
    rows.iter().map(|row| serde_json::from_str(row["leaf"].as_str().unwrap()).unwrap()).collect()
}

/// The value after a change of this name.
fn after<'a>(event: &'a Value, field: &str) -> &'a str {
    let changes = event["changes"].as_array().unwrap();
    let change = changes.iter().find(|change| change["field"] == field);
    change.and_then(|change| change["after"].as_str()).unwrap_or_default()
}

#[tokio::test]
async fn an_agent_chooses_a_status_on_any_device_and_everybody_sees_it() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (agent, id) = (team.caller(ROLE), team.id(ROLE));
    let listed = team.owner().get("/v1/availability").await.expect(200);
    // Whoever has a role of an agent, and nobody else; nobody has said that they are there.
    assert_eq!(listed.list("data").len(), 3);
    assert!(listed.list("data").iter().all(|agent| agent["status"] == "offline" && agent["capacity"] == 1));

    let chosen =
        agent.put("/v1/availability/me", json!({"status": "available", "note": "Hello"})).await.expect(200);
    assert_eq!(chosen.body["user"]["id"], id);
    assert_eq!((&chosen.body["status"], &chosen.body["cause"]), (&json!("available"), &json!("chosen")));
    assert_eq!(chosen.body["note"], "Hello");
    assert_eq!(chosen.body["since"], "2026-03-01T09:00:00Z");
    assert_eq!(chosen.body["active_calls"], 0);
    assert_eq!(seen(team.owner(), id).await, chosen.body);
    // Another device of theirs is the same agent.
    let phone = service.sign_in(team.email(ROLE)).await;
    let away = phone.put("/v1/availability/me", json!({"status": "away"})).await.expect(200);
    assert_eq!((&away.body["status"], &away.body["note"]), (&json!("away"), &json!("Hello")));
    let gone = agent.put("/v1/availability/me", json!({"status": "offline", "note": null})).await.expect(200);
    assert_eq!((&gone.body["status"], &gone.body["note"]), (&json!("offline"), &Value::Null));
    agent.put("/v1/availability/me", json!({"status": "busy"})).await.invalid("status");
    agent.put("/v1/availability/me", json!({"note": "x"})).await.invalid("status");
    team.caller("viewer")
        .put("/v1/availability/me", json!({"status": "away"}))
        .await
        .problem(403, "permission_denied");

    let events = told(&service, "availability.changed").await;
    let statuses: Vec<_> = events.iter().map(|event| after(event, "status")).collect();
    assert_eq!(statuses, ["available", "away", "offline"]);
    assert!(!Value::from(events).to_string().contains("Hello"), "what agents write is theirs");
}

#[tokio::test]
async fn supervisors_choose_in_the_place_of_agents_and_say_what_they_can_take() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (id, admin) = (team.id(ROLE), team.caller("admin"));
    let path = format!("/v1/availability/{id}");
    choose(team.caller(ROLE), "available").await.expect(200);
    let before = admin.get(&path).await.expect(200);
    let change = |tag: &str, body: Value| {
        let request = admin.request(Method::PUT, &path).header("If-Match", tag);
        Answer::of(request.json(&body))
    };
    let tag = before.header("etag");
    let changed = change(tag, json!({"status": "away", "capacity": 3, "skills": ["spanish", "billing"]}))
        .await
        .expect(200);
    assert_eq!((&changed.body["status"], &changed.body["cause"]), (&json!("away"), &json!("forced")));
    assert_eq!(
        (&changed.body["capacity"], &changed.body["skills"]),
        (&json!(3), &json!(["billing", "spanish"]))
    );
    change(tag, json!({"capacity": 4})).await.problem(412, "precondition_failed");
    change(changed.header("etag"), json!({"capacity": 4})).await.expect(200);
    for (body, field) in [
        (json!({"capacity": 0}), "capacity"),
        (json!({"capacity": 51}), "capacity"),
        (json!({"skills": [""]}), "skills[0]"),
        (json!({"status": "busy"}), "status"),
        (json!({"capacity": null}), "capacity"),
    ] {
        admin.put(&path, body).await.invalid(field);
    }
    let viewer = format!("/v1/availability/{}", team.id("viewer"));
    admin.put(&viewer, json!({"capacity": 2})).await.problem(404, "not_found");
    admin.get(&viewer).await.problem(404, "not_found");
    team.caller(ROLE).put(&path, json!({"capacity": 9})).await.problem(403, "permission_denied");
    // What was chosen in their place, they can choose otherwise.
    assert_eq!(choose(team.caller(ROLE), "available").await.expect(200).body["cause"], "chosen");
    // Whoever is forced, and does not speak up, is gone again.
    choose(team.caller(ROLE), "offline").await.expect(200);
    assert_eq!(
        admin.put(&path, json!({"status": "available"})).await.expect(200).body["status"],
        "available"
    );
    service.clock.advance(Duration::seconds(45));
    assert_eq!(seen(admin, id).await["status"], "offline");
}

#[tokio::test]
async fn whoever_closes_the_lid_is_offline_after_45_seconds_and_stays_so() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (agent, id) = (team.caller(ROLE), team.id(ROLE));
    choose(agent, "available").await.expect(200);
    for _ in 0..3 {
        service.clock.advance(Duration::seconds(44));
        // A client's own clock is of no interest, be it an hour wrong.
        let request = agent.request(Method::POST, "/v1/availability/me/heartbeat");
        Answer::of(request.header("Date", "Sun, 01 Mar 2026 10:00:00 GMT")).await.expect(204);
    }
    let heard = seen(team.owner(), id).await;
    assert_eq!(heard["status"], "available");
    assert_eq!(heard["last_heartbeat_at"], "2026-03-01T09:02:12Z");
    service.clock.advance(Duration::seconds(45));
    // At once, whether or not anything has looked.
    let gone = seen(team.owner(), id).await;
    assert_eq!((&gone["status"], &gone["cause"]), (&json!("offline"), &json!("heartbeat_missed")));
    assert_eq!(gone["since"], "2026-03-01T09:02:57Z");
    beat(agent).await.expect(204);
    assert_eq!(seen(team.owner(), id).await["status"], "offline", "a late heartbeat brings nobody back");
    let event = until("it is written down", async || {
        told(&service, "availability.changed")
            .await
            .into_iter()
            .find(|event| after(event, "status") == "offline")
    })
    .await;
    assert_eq!((after(&event, "cause"), &event["actor"]["kind"]), ("heartbeat_missed", &json!("system")));
    assert_eq!(choose(agent, "available").await.expect(200).body["status"], "available");
    // Somebody who has never been there is not there by a heartbeat.
    beat(team.caller("admin")).await.expect(204);
    assert_eq!(seen(team.owner(), team.id("admin")).await["status"], "offline");
}

#[tokio::test]
async fn the_last_session_that_ends_takes_the_agent_and_their_calls_out() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (agent, id) = (team.caller(ROLE), team.id(ROLE));
    choose(agent, "available").await.expect(200);
    let escalation = escalate(team.owner(), "CA1", 5).await;
    claim(agent, &escalation).await.expect(200);
    let phone = service.sign_in(team.email(ROLE)).await;
    agent.delete("/v1/session").await.expect(204);
    assert_eq!(seen(team.owner(), id).await["status"], "busy", "another device is still there");
    phone.delete("/v1/session").await.expect(204);
    let gone = seen(team.owner(), id).await;
    assert_eq!((&gone["status"], &gone["cause"]), (&json!("offline"), &json!("signed_out")));
    assert_eq!(gone["active_calls"], 0);
    assert_eq!(shown(team.owner(), &escalation).await["status"], "waiting");
    let log = service.audit_log(Some(&team.organization)).await;
    let last: Vec<_> = log.iter().rev().take(3).map(|(action, _)| action.as_str()).collect();
    assert_eq!(last, ["availability.changed", "escalation.returned", "session.ended"]);

    // Others that end sessions do the same: here, a password that was forgotten.
    let agent = service.sign_in(team.email(ROLE)).await;
    choose(&agent, "available").await.expect(200);
    let email = team.email(ROLE);
    service.anonymous().post("/v1/password-resets", json!({"email": email})).await.expect(202);
    let token = service.token_for(email, "/password/reset").await;
    let reset = json!({"token": token, "password": "another correct horse battery"});
    service.anonymous().post("/v1/password-resets/complete", reset).await.expect(204);
    assert_eq!(seen(team.owner(), id).await["cause"], "signed_out");
}

#[tokio::test]
async fn whoever_goes_or_is_kept_out_is_out_of_routing_and_gives_back_their_calls() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let path = |user: &str| format!("/v1/members/{user}");
    let escalation = escalate(team.owner(), "CA1", 5).await;
    let take = async |caller: &Caller| {
        choose(caller, "available").await.expect(200);
        claim(caller, &escalation).await.expect(200);
    };
    let returned = async || assert_eq!(shown(team.owner(), &escalation).await["status"], "waiting");

    let (agent, id) = (team.caller(ROLE), team.id(ROLE));
    take(agent).await;
    team.owner().patch(&path(id), json!({"role": "viewer"})).await.expect(200);
    returned().await;
    team.owner().get(&format!("/v1/availability/{id}")).await.problem(404, "not_found");
    beat(agent).await.problem(403, "permission_denied");
    team.owner().patch(&path(id), json!({"role": ROLE})).await.expect(200);
    let back = seen(team.owner(), id).await;
    assert_eq!((&back["status"], &back["cause"]), (&json!("offline"), &json!("role_changed")));

    // Another role of an agent changes nothing.
    take(agent).await;
    let offboarding = team.owner().get(&format!("{}/offboarding", path(id))).await.expect(200);
    assert_eq!(offboarding.body["claimed_calls"], 1);
    team.owner().patch(&path(id), json!({"role": "admin"})).await.expect(200);
    assert_eq!(seen(team.owner(), id).await["status"], "busy");
    team.owner().delete(&path(id)).await.expect(204);
    returned().await;
    let last = told(&service, "availability.changed").await.pop().unwrap();
    assert_eq!((after(&last, "status"), after(&last, "cause")), ("offline", "removed"));

    let admin = team.caller("admin");
    take(admin).await;
    let suspend = format!("/operator/v1/organizations/{}/suspend", team.organization);
    service.operator().post(&suspend, json!({})).await.expect(200);
    let restore = format!("/operator/v1/organizations/{}/restore", team.organization);
    service.operator().post(&restore, json!({})).await.expect(200);
    returned().await;
    assert_eq!(seen(team.owner(), team.id("admin")).await["cause"], "suspended");

    take(admin).await;
    admin.delete("/v1/members/me").await.expect(204);
    returned().await;
    // An account that is deleted leaves nothing in anybody's hands.
    take(team.owner()).await;
    assert_eq!(told(&service, "escalation.returned").await.len(), 4);
}

#[tokio::test]
async fn a_passed_deadline_for_a_second_factor_takes_an_agent_out() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    service.enrol(team.owner()).await;
    let escalation = escalate(team.owner(), "CA1", 5).await;
    choose(team.caller(ROLE), "available").await.expect(200);
    claim(team.caller(ROLE), &escalation).await.expect(200);
    let rule = json!({"mfa_required": {"enabled": true, "grace_days": 0}});
    team.owner().patch("/v1/security", rule).await.expect(200);
    // From this moment on, whether or not it is written down yet.
    assert_eq!(seen(team.owner(), team.id(ROLE)).await["status"], "offline");
    until("the call is back", async || {
        (shown(team.owner(), &escalation).await["status"] == "waiting").then_some(())
    })
    .await;
    let agent = seen(team.owner(), team.id(ROLE)).await;
    assert_eq!((&agent["cause"], &agent["active_calls"]), (&json!("mfa_deadline"), &json!(0)));
}

#[tokio::test]
async fn the_history_tells_for_how_long_who_was_what() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (agent, id) = (team.caller(ROLE), team.id(ROLE));
    let history = async |query: &str| {
        let path = format!("/v1/availability/history?{query}");
        team.owner().get(&path).await
    };
    choose(agent, "available").await.expect(200);
    let work = async |seconds: i64| {
        for _ in 0..seconds / 30 {
            service.clock.advance(Duration::seconds(30));
            beat(agent).await.expect(204);
        }
    };
    work(600).await;
    let escalation = escalate(team.owner(), "CA1", 5).await;
    let taken = claim(agent, &escalation).await.expect(200);
    work(300).await;
    let lease = json!({"lease_token": taken.text_at("/lease/token")});
    agent.post(&format!("/v1/escalations/{escalation}/resolve"), lease).await.expect(200);
    work(120).await;
    choose(agent, "away").await.expect(200);
    work(60).await;
    // The lid closes, and nobody looks for half an hour.
    service.clock.advance(Duration::minutes(30));
    until("it is written down", async || {
        let events = told(&service, "availability.changed").await;
        events.iter().any(|event| after(event, "status") == "offline").then_some(())
    })
    .await;
    let day = "since=2026-03-01T00:00:00Z&until=2026-03-02T00:00:00Z";
    let of_day = history(day).await.expect(200);
    let gone = 1_800 - 45;
    let expected =
        json!([{"user_id": id, "seconds": {"available": 720, "busy": 300, "away": 105, "offline": gone}}]);
    assert_eq!(of_day.body["data"], expected);
    // A part of it, from the middle of one status to the middle of another.
    let part = history(&format!("user_id={id}&since=2026-03-01T09:05:00Z&until=2026-03-01T09:12:00Z"))
        .await
        .expect(200);
    assert_eq!(
        part.body["data"][0]["seconds"],
        json!({"available": 300, "busy": 120, "away": 0, "offline": 0})
    );
    assert_eq!(
        history(&format!("user_id={}&{day}", team.id("admin"))).await.expect(200).body["data"],
        json!([])
    );
    history("since=2026-03-01T00:00:00Z&until=2026-04-01T00:00:01Z").await.invalid("until");
    history("since=2026-03-01T00:00:00Z&until=2026-03-01T00:00:00Z").await.invalid("until");
    history("since=yesterday&until=2026-03-01T00:00:00Z").await.invalid("since");
    // It is remembered of those who have left.
    team.owner().delete(&format!("/v1/members/{id}")).await.expect(204);
    assert_eq!(history(day).await.expect(200).body["data"], expected);
}
