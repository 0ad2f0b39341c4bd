//! Calls that wait for a human: the queue, leases, and what becomes of them.

use reqwest::Method;
use rollcall_tests::{Answer, Caller, Service, Team, until};
use serde_json::{Value, json};
use time::Duration;

use crate::agents::{choose, seen, told};

const ROLE: &str = "customer_support_agent";

/// Writes a call down and escalates it; gives back the escalation's id.
pub(crate) async fn escalate(caller: &Caller, external_id: &str, priority: u8) -> String {
    let call = crate::calls::write(caller, external_id).await;
    let body = json!({"reason": "Asks for a human", "priority": priority});
    let made = caller.post(&format!("/v1/calls/{call}/escalations"), body).await.expect(201);
    made.text_at("/id").to_owned()
}

pub(crate) async fn claim(caller: &Caller, id: &str) -> Answer {
    Answer::of(caller.request(Method::POST, &format!("/v1/escalations/{id}/claim"))).await
}

pub(crate) async fn claim_next(caller: &Caller) -> Answer {
    Answer::of(caller.request(Method::POST, "/v1/escalations/claim-next")).await
}

/// An escalation as it is.
pub(crate) async fn shown(caller: &Caller, id: &str) -> Value {
    caller.get(&format!("/v1/escalations/{id}")).await.expect(200).body
}

/// Does something by a lease.
pub(crate) async fn by_lease(caller: &Caller, id: &str, what: &str, token: &str) -> Answer {
    caller.post(&format!("/v1/escalations/{id}/{what}"), json!({"lease_token": token})).await
}

/// The ids of those that wait, in the order of the queue.
async fn queue(caller: &Caller) -> Vec<String> {
    let listed = caller.get("/v1/escalations?status=waiting").await.expect(200);
    listed.list("data").iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_platform_escalates_a_call_once_and_sees_its_place() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let scopes = ["calls:write", "escalations:create", "escalations:read", "availability:read"];
    let platform = crate::calls::platform(&service, &team, &scopes).await;
    let call = crate::calls::write(&platform, "CA1").await;
    let path = format!("/v1/calls/{call}/escalations");
    let body =
        json!({"reason": "Asks for a human", "priority": 5, "skills": ["spanish", "billing", "spanish"]});
    let made = platform.post(&path, body.clone()).await.expect(201);
    let id = made.text_at("/id").to_owned();
    assert!(id.starts_with("esc_"));
    let expected = json!({
        "id": id, "call_id": call, "reason": "Asks for a human", "priority": 5, "skills": ["billing", "spanish"],
        "status": "waiting", "position": 1, "waiting_seconds": 0, "agent_id": null, "held_until": null,
        "claimed_at": null, "created_at": "2026-03-01T09:00:00Z", "ended_at": null,
    });
    assert_eq!(made.body, expected);
    assert_eq!(made.header("location"), format!("/v1/escalations/{id}"));
    // The answer was lost: the platform asks again.
    assert_eq!(platform.post(&path, body).await.expect(200).body, expected);
    let other = json!({"reason": "Asks for a human", "priority": 6});
    platform.post(&path, other).await.problem(409, "escalation_exists");
    service.clock.advance(Duration::seconds(42));
    assert_eq!(shown(&platform, &id).await["waiting_seconds"], 42);

    for (body, field) in [
        (json!({"priority": 5}), "reason"),
        (json!({"reason": "x"}), "priority"),
        (json!({"reason": "x", "priority": 10}), "priority"),
        (json!({"reason": "x", "priority": -1}), "priority"),
        (json!({"reason": "", "priority": 1}), "reason"),
        (json!({"reason": "x", "priority": 1, "skills": ["\n"]}), "skills[0]"),
        (json!({"reason": "x", "priority": 1, "status": "claimed"}), "status"),
    ] {
        platform.post(&path, body).await.invalid(field);
    }
    let over = crate::calls::write(&platform, "CA2").await;
    platform.patch(&crate::calls::path(&over), json!({"ended_at": "2026-03-01T09:00:00Z"})).await.expect(200);
    let body = json!({"reason": "x", "priority": 1});
    platform.post(&format!("/v1/calls/{over}/escalations"), body).await.problem(409, "call_ended");
    // Programs read and create, and take nothing.
    claim(&platform, &id).await.problem(403, "permission_denied");
    claim_next(&platform).await.problem(403, "permission_denied");
    assert_eq!(platform.get("/v1/availability").await.expect(200).list("data").len(), 3);
    platform.get("/v1/escalations?status=nonsense").await.invalid("status");
    assert_eq!(told(&service, "escalation.created").await.len(), 1);
    let log = Value::from(told(&service, "escalation.created").await).to_string();
    assert!(!log.contains("Asks for a human"), "{log}");
}

#[tokio::test]
async fn the_most_urgent_goes_first_then_who_has_waited_for_longest_and_only_to_who_can_do_it() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let owner = team.owner();
    let mut ids = Vec::new();
    for (external_id, priority) in [("CA1", 1), ("CA2", 5), ("CA3", 5), ("CA4", 9)] {
        ids.push(escalate(owner, external_id, priority).await);
        service.clock.advance(Duration::SECOND);
    }
    let call = crate::calls::write(owner, "CA5").await;
    let body = json!({"reason": "In Spanish", "priority": 9, "skills": ["spanish"]});
    let made = owner.post(&format!("/v1/calls/{call}/escalations"), body).await.expect(201);
    let spanish = made.text_at("/id").to_owned();
    assert_eq!(made.body["position"], 2);
    let order = [&ids[3], &spanish, &ids[1], &ids[2], &ids[0]].map(String::clone);
    assert_eq!(queue(owner).await, order);
    // Page by page it is the same.
    let mut paged = Vec::new();
    let mut path = "/v1/escalations?status=waiting&limit=2".to_owned();
    loop {
        let page = owner.get(&path).await.expect(200);
        for one in page.list("data") {
            assert_eq!(one["position"], paged.len() + 1);
            paged.push(one["id"].as_str().unwrap().to_owned());
        }
        let Some(cursor) = page.body["next_cursor"].as_str() else { break };
        path = format!("/v1/escalations?status=waiting&limit=2&cursor={cursor}");
    }
    assert_eq!(paged, order);
    let latest = owner.get("/v1/escalations?limit=1").await.expect(200);
    assert_eq!(
        (&latest.body["data"][0]["id"], &latest.body["data"][0]["position"]),
        (&json!(spanish), &json!(2))
    );

    let agent = team.caller(ROLE);
    claim_next(agent).await.problem(409, "not_available");
    choose(agent, "available").await.expect(200);
    owner.put(&format!("/v1/availability/{}", team.id(ROLE)), json!({"capacity": 5})).await.expect(200);
    claim(agent, &spanish).await.problem(409, "skills_missing");
    for id in [&ids[3], &ids[1], &ids[2], &ids[0]] {
        assert_eq!(claim_next(agent).await.expect(200).body["escalation"]["id"], *id.as_str());
    }
    let none = claim_next(agent).await.expect(204);
    assert_eq!(none.text, "");
    owner
        .put(&format!("/v1/availability/{}", team.id(ROLE)), json!({"skills": ["spanish"]}))
        .await
        .expect(200);
    assert_eq!(claim_next(agent).await.expect(200).body["escalation"]["id"], *spanish);
    claim_next(agent).await.problem(409, "not_available");
    assert_eq!(seen(owner, team.id(ROLE)).await["status"], "busy");
}

#[tokio::test]
async fn a_claim_is_a_lease_that_is_kept_given_back_and_lost() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (owner, agent, admin) = (team.owner(), team.caller(ROLE), team.caller("admin"));
    let first = escalate(owner, "CA1", 5).await;
    service.clock.advance(Duration::SECOND);
    let second = escalate(owner, "CA2", 5).await;
    claim(agent, &first).await.problem(409, "not_available");
    claim(agent, "esc_01h455vb4pex5vsknk084sn02q").await.problem(404, "not_found");
    choose(agent, "available").await.expect(200);
    choose(admin, "away").await.expect(200);
    let taken = claim(agent, &first).await.expect(200);
    let token = taken.text_at("/lease/token").to_owned();
    assert!(token.starts_with("rcl_"));
    assert_eq!(
        (&taken.body["lease"]["fence"], &taken.body["lease"]["expires_at"]),
        (&json!(1), &json!("2026-03-01T09:01:01Z"))
    );
    assert_eq!(
        (&taken.body["escalation"]["status"], &taken.body["escalation"]["agent_id"]),
        (&json!("claimed"), &json!(team.id(ROLE)))
    );
    assert_eq!(taken.body["escalation"]["position"], Value::Null);
    let kept = service.database.rows("SELECT lease_hash FROM escalations WHERE status = 'claimed'").await;
    assert!(!Value::from(kept).to_string().contains(&token));
    claim(admin, &first).await.problem(409, "already_claimed");
    claim(agent, &first).await.problem(409, "already_claimed");
    claim(agent, &second).await.problem(409, "not_available");
    by_lease(agent, &first, "renew", "rcl_nonsense").await.problem(409, "lease_lost");
    by_lease(admin, &first, "resolve", &token).await.problem(409, "lease_lost");
    by_lease(agent, &second, "release", &token).await.problem(409, "lease_lost");
    by_lease(agent, "esc_01h455vb4pex5vsknk084sn02q", "renew", &token).await.problem(404, "not_found");

    // Renewed, by itself or by heartbeats, it lasts; it leaves no events.
    service.clock.advance(Duration::seconds(40));
    let renewed = by_lease(agent, &first, "renew", &token).await.expect(200);
    assert_eq!(renewed.body["lease"]["expires_at"], "2026-03-01T09:01:41Z");
    Answer::of(agent.request(Method::POST, "/v1/availability/me/heartbeat")).await.expect(204);
    service.clock.advance(Duration::seconds(40));
    Answer::of(agent.request(Method::POST, "/v1/availability/me/heartbeat")).await.expect(204);
    service.clock.advance(Duration::seconds(40));
    Answer::of(agent.request(Method::POST, "/v1/availability/me/heartbeat")).await.expect(204);
    // Given back, it is where it was.
    let back = by_lease(agent, &first, "release", &token).await.expect(200);
    assert_eq!((&back.body["status"], &back.body["position"]), (&json!("waiting"), &json!(1)));
    assert_eq!(queue(owner).await, [first.clone(), second.clone()]);
    by_lease(agent, &first, "resolve", &token).await.problem(409, "lease_lost");

    // Run out, it is where it was as well, and the late one has lost it.
    let taken = claim_next(agent).await.expect(200);
    assert_eq!((&taken.body["escalation"]["id"], &taken.body["lease"]["fence"]), (&json!(first), &json!(2)));
    let token = taken.text_at("/lease/token").to_owned();
    service.clock.advance(Duration::seconds(60));
    assert_eq!(shown(owner, &first).await["status"], "waiting");
    assert_eq!(queue(owner).await[0], first);
    choose(admin, "available").await.expect(200);
    let theirs = claim(admin, &first).await.expect(200);
    assert_eq!(theirs.body["lease"]["fence"], 3);
    for what in ["renew", "release", "resolve"] {
        by_lease(agent, &first, what, &token).await.problem(409, "lease_lost");
    }
    let resolved = by_lease(admin, &first, "resolve", theirs.text_at("/lease/token")).await.expect(200);
    assert_eq!(
        (&resolved.body["status"], &resolved.body["ended_at"]),
        (&json!("resolved"), &json!("2026-03-01T09:03:01Z"))
    );
    claim(admin, &first).await.problem(409, "escalation_ended");
    let log = service.audit_log(Some(&team.organization)).await;
    let done =
        log.iter().filter(|(action, outcome)| action.starts_with("escalation.") && outcome == "success");
    let actions: Vec<&str> = done.map(|(action, _)| action.as_str()).collect();
    assert_eq!(
        actions,
        [
            "escalation.created",
            "escalation.created",
            "escalation.claimed",
            "escalation.released",
            "escalation.claimed",
            "escalation.returned",
            "escalation.claimed",
            "escalation.resolved",
        ]
    );
}

#[tokio::test]
async fn a_lost_answer_to_a_claim_is_told_again_to_whoever_asks_by_the_same_key() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let agent = team.caller(ROLE);
    let id = escalate(team.owner(), "CA1", 5).await;
    choose(agent, "available").await.expect(200);
    let keyed = async || {
        let request = agent.request(Method::POST, &format!("/v1/escalations/{id}/claim"));
        Answer::of(request.header("Idempotency-Key", "claim-1")).await
    };
    let first = keyed().await.expect(200);
    assert_eq!(keyed().await.expect(200).body, first.body);
}

#[tokio::test]
async fn a_caller_who_hangs_up_does_not_wait() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (owner, agent) = (team.owner(), team.caller(ROLE));
    let by_end = escalate(owner, "CA1", 5).await;
    let by_word = escalate(owner, "CA2", 5).await;
    let taken = escalate(owner, "CA3", 5).await;
    let hang_up = async |id: &str| {
        let call = shown(owner, id).await["call_id"].as_str().unwrap().to_owned();
        owner
            .patch(&crate::calls::path(&call), json!({"ended_at": "2026-03-01T09:00:00Z"}))
            .await
            .expect(200);
    };
    hang_up(&by_end).await;
    assert_eq!(shown(owner, &by_end).await["status"], "abandoned");
    let abandon = |id: &str| owner.request(Method::POST, &format!("/v1/escalations/{id}/abandon"));
    let gone = Answer::of(abandon(&by_word)).await.expect(200);
    assert_eq!((&gone.body["status"], &gone.body["position"]), (&json!("abandoned"), &Value::Null));
    assert_eq!(Answer::of(abandon(&by_word)).await.expect(200).body, gone.body);
    choose(agent, "available").await.expect(200);
    claim(agent, &by_end).await.problem(409, "escalation_ended");
    let lease = claim(agent, &taken).await.expect(200).text_at("/lease/token").to_owned();
    Answer::of(abandon(&taken)).await.problem(409, "already_claimed");
    // Whoever speaks with them says when they are done; given back, there is nobody to speak with.
    hang_up(&taken).await;
    assert_eq!(shown(owner, &taken).await["status"], "claimed");
    assert_eq!(by_lease(agent, &taken, "release", &lease).await.expect(200).body["status"], "abandoned");
    assert_eq!(told(&service, "escalation.abandoned").await.len(), 3);
    assert!(queue(owner).await.is_empty());
}

#[tokio::test]
async fn a_caller_who_hangs_up_once_nobody_was_free_can_be_called_back() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let owner = team.owner();
    let id = escalate(owner, "CA1", 5).await;
    let call = shown(owner, &id).await["call_id"].as_str().unwrap().to_owned();
    service.clock.advance(Duration::seconds(600));
    assert_eq!(shown(owner, &id).await["status"], "unanswered");
    // Whether or not it has been written down: a caller who is told so hangs up.
    let over = json!({"ended_at": "2026-03-01T09:10:00Z"});
    owner.patch(&crate::calls::path(&call), over).await.expect(200);
    assert_eq!(shown(owner, &id).await["status"], "unanswered");
    let callback = owner.request(Method::POST, &format!("/v1/escalations/{id}/callback"));
    assert_eq!(Answer::of(callback).await.expect(200).body["status"], "callback");
    assert!(told(&service, "escalation.abandoned").await.is_empty());
}

#[tokio::test]
async fn a_call_that_nobody_was_free_for_can_be_escalated_again_at_once() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (owner, agent) = (team.owner(), team.caller(ROLE));
    let first = escalate(owner, "CA1", 5).await;
    let call = shown(owner, &first).await["call_id"].as_str().unwrap().to_owned();
    service.clock.advance(Duration::seconds(600));
    choose(agent, "available").await.expect(200);
    // Whether or not it has been written down: nobody gets what the caller was told that nobody does.
    assert_eq!(shown(owner, &first).await["status"], "unanswered");
    claim_next(agent).await.expect(204);
    claim(agent, &first).await.problem(409, "escalation_ended");
    let words = json!({"reason": "Asks for a human", "priority": 5});
    let again = owner.post(&format!("/v1/calls/{call}/escalations"), words).await.expect(201);
    assert_ne!(again.text_at("/id"), first);
    until("both are written down", async || {
        (told(&service, "escalation.unanswered").await.len() == 1).then_some(())
    })
    .await;
    // It waits once at a time, so nobody is to call back as well.
    let callback = format!("/v1/escalations/{first}/callback");
    Answer::of(owner.request(Method::POST, &callback)).await.problem(409, "escalation_exists");
    assert_eq!(claim_next(agent).await.expect(200).text_at("/escalation/id"), again.text_at("/id"));
}

#[tokio::test]
async fn nobody_waits_for_ever_and_a_callback_is_made_by_whoever_takes_it() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (owner, agent) = (team.owner(), team.caller(ROLE));
    let settings = owner.get("/v1/escalations/settings").await.expect(200);
    let defaults = json!({"wait_limit_seconds": 600, "offer_seconds": 20, "lease_seconds": 60, "automatic_assignment": false});
    assert_eq!(settings.body, defaults);
    let change = |tag: &str, body: Value| {
        Answer::of(owner.request(Method::PUT, "/v1/escalations/settings").header("If-Match", tag).json(&body))
    };
    let changed = change(settings.header("etag"), json!({"wait_limit_seconds": 120, "lease_seconds": 30}))
        .await
        .expect(200);
    assert_eq!(
        (&changed.body["wait_limit_seconds"], &changed.body["offer_seconds"]),
        (&json!(120), &json!(20))
    );
    change(settings.header("etag"), json!({"offer_seconds": 30})).await.problem(412, "precondition_failed");
    for field in ["wait_limit_seconds", "offer_seconds", "lease_seconds"] {
        owner.put("/v1/escalations/settings", json!({field: 4})).await.invalid(field);
    }
    agent.get("/v1/escalations/settings").await.problem(403, "permission_denied");

    let id = escalate(owner, "CA1", 5).await;
    service.clock.advance(Duration::seconds(120));
    // At once, whether or not anything has looked.
    let unanswered = shown(owner, &id).await;
    assert_eq!((&unanswered["status"], &unanswered["waiting_seconds"]), (&json!("unanswered"), &json!(120)));
    until("it is written down", async || {
        (told(&service, "escalation.unanswered").await.len() == 1).then_some(())
    })
    .await;
    choose(agent, "available").await.expect(200);
    claim(agent, &id).await.problem(409, "escalation_ended");
    let request = |id: &str| owner.request(Method::POST, &format!("/v1/escalations/{id}/callback"));
    let callback = Answer::of(request(&id)).await.expect(200);
    assert_eq!(callback.body["status"], "callback");
    assert_eq!(Answer::of(request(&id)).await.expect(200).body, callback.body);
    claim_next(agent).await.expect(204);
    let listed = agent.get("/v1/escalations?status=callback").await.expect(200);
    assert_eq!(listed.body["data"][0]["id"], *id);
    let taken = claim(agent, &id).await.expect(200);
    assert_eq!(taken.body["lease"]["expires_at"], "2026-03-01T09:02:30Z");
    // Lost, it waits to be called back again, and not in the queue.
    service.clock.advance(Duration::seconds(30));
    assert_eq!(shown(owner, &id).await["status"], "callback");
    let again = claim(agent, &id).await.expect(200);
    by_lease(agent, &id, "resolve", again.text_at("/lease/token")).await.expect(200);
    Answer::of(request(&id)).await.problem(409, "escalation_ended");
}

#[tokio::test]
async fn attack_30_while_phi_protection_is_on_no_reason_is_stored_that_is_not_masked() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    crate::recordings::switch_on(&service, &team, &["phi_protection"]).await;
    let call = crate::calls::write(team.owner(), "CA1").await;
    let path = format!("/v1/calls/{call}/escalations");
    let body = json!({"reason": "Wants to be called at +1 415 555 0100", "priority": 5});
    let made = team.owner().post(&path, body.clone()).await.expect(201);
    assert!(!made.text.contains("555 0100"), "{}", made.text);
    let kept = Value::from(service.database.rows("SELECT reason FROM escalations").await).to_string();
    assert!(kept.contains("Wants to be called at") && !kept.contains("555 0100"), "{kept}");
    // A repeat is known all the same.
    assert_eq!(team.owner().post(&path, body).await.expect(200).body["id"], made.body["id"]);
}
