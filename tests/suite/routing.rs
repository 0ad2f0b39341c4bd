//! Automatic assignment: who is offered what, and what becomes of it when they do not take it.

use rollcall_tests::{Service, Team, until};
use serde_json::{Value, json};
use time::Duration;

use crate::{
    agents::{choose, seen, told},
    escalations::{by_lease, claim, claim_next, escalate, shown},
};

const ROLE: &str = "customer_support_agent";

async fn turn_on(team: &Team) {
    let on = json!({"automatic_assignment": true});
    team.owner().put("/v1/escalations/settings", on).await.expect(200);
}

/// Waits until an escalation is offered to somebody.
async fn offered(team: &Team, id: &str, to: &str) {
    until(&format!("{id} is offered to {to}"), async || {
        let seen = shown(team.owner(), id).await;
        (seen["status"] == "offered" && seen["agent_id"] == to).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_waits_is_offered_to_who_has_been_idle_for_longest_and_taken_by_nobody_else() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (owner, agent, admin) = (team.owner(), team.caller(ROLE), team.caller("admin"));
    let early = escalate(owner, "CA0", 1).await;
    choose(agent, "available").await.expect(200);
    assert_eq!(shown(owner, &early).await["status"], "waiting", "it is off unless somebody turns it on");
    turn_on(&team).await;
    assert_eq!(shown(owner, &early).await["agent_id"], team.id(ROLE));
    let lease = claim_next(agent).await.expect(200);
    assert_eq!(lease.body["escalation"]["id"], early);
    by_lease(agent, &early, "resolve", lease.text_at("/lease/token")).await.expect(200);

    service.clock.advance(Duration::SECOND);
    choose(admin, "available").await.expect(200);
    // The agent has been idle since the second before.
    let first = escalate(owner, "CA1", 5).await;
    assert_eq!(shown(owner, &first).await["agent_id"], team.id(ROLE));
    let offered = shown(owner, &first).await;
    assert_eq!(
        (&offered["status"], &offered["held_until"]),
        (&json!("offered"), &json!("2026-03-01T09:00:21Z"))
    );
    claim(admin, &first).await.problem(409, "already_claimed");
    // An offer keeps a place: the next one is for somebody else.
    let second = escalate(owner, "CA2", 5).await;
    assert_eq!(shown(owner, &second).await["agent_id"], team.id("admin"));
    let third = escalate(owner, "CA3", 9).await;
    assert_eq!(shown(owner, &third).await["status"], "waiting");
    claim(agent, &third).await.problem(409, "not_available");
    claim(agent, &first).await.expect(200);
    // Whoever is away is not waited for.
    choose(admin, "away").await.expect(200);
    assert_eq!(shown(owner, &second).await["status"], "waiting");
    // Who comes back gets what is first in the queue.
    choose(admin, "available").await.expect(200);
    assert_eq!(shown(owner, &third).await["agent_id"], team.id("admin"));
}

#[tokio::test]
async fn who_does_not_answer_is_away_and_the_call_goes_to_the_next() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (owner, agent, admin) = (team.owner(), team.caller(ROLE), team.caller("admin"));
    turn_on(&team).await;
    choose(agent, "available").await.expect(200);
    service.clock.advance(Duration::SECOND);
    choose(admin, "available").await.expect(200);
    let id = escalate(owner, "CA1", 5).await;
    assert_eq!(shown(owner, &id).await["agent_id"], team.id(ROLE));
    service.clock.advance(Duration::seconds(20));
    offered(&team, &id, team.id("admin")).await;
    let away = seen(owner, team.id(ROLE)).await;
    assert_eq!((&away["status"], &away["cause"]), (&json!("away"), &json!("no_answer")));
    // The next does not answer either; nobody is left, and nothing is lost.
    service.clock.advance(Duration::seconds(20));
    until("it is written down that it waits again", async || {
        (told(&service, "escalation.returned").await.len() == 2).then_some(())
    })
    .await;
    assert_eq!(shown(owner, &id).await["status"], "waiting");
    assert_eq!(seen(owner, team.id("admin")).await["cause"], "no_answer");
    assert_eq!(told(&service, "escalation.offered").await.len(), 2);
    assert_eq!(told(&service, "escalation.returned").await.len(), 2);
    // Whoever comes back is offered what has waited for longest.
    service.clock.advance(Duration::SECOND);
    escalate(owner, "CA2", 5).await;
    choose(admin, "available").await.expect(200);
    assert_eq!(shown(owner, &id).await["agent_id"], team.id("admin"));
}

#[tokio::test]
async fn a_choice_made_while_an_offer_stands_is_not_overridden_by_its_end() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (owner, agent) = (team.owner(), team.caller(ROLE));
    turn_on(&team).await;
    choose(agent, "available").await.expect(200);
    let id = escalate(owner, "CA1", 5).await;
    service.clock.advance(Duration::seconds(10));
    choose(agent, "available").await.expect(200);
    service.clock.advance(Duration::seconds(10));
    until("it went back", async || (!told(&service, "escalation.returned").await.is_empty()).then_some(()))
        .await;
    let still = seen(owner, team.id(ROLE)).await;
    assert_eq!((&still["status"], &still["cause"]), (&json!("available"), &json!("chosen")));
    offered(&team, &id, team.id(ROLE)).await;
}

#[tokio::test]
async fn calls_that_need_a_skill_wait_for_it_and_hold_up_no_other() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (owner, agent) = (team.owner(), team.caller(ROLE));
    turn_on(&team).await;
    choose(agent, "available").await.expect(200);
    let call = crate::calls::write(owner, "CA1").await;
    let body = json!({"reason": "In Spanish", "priority": 9, "skills": ["spanish"]});
    let made = owner.post(&format!("/v1/calls/{call}/escalations"), body).await.expect(201);
    let spanish = made.text_at("/id").to_owned();
    assert_eq!(made.body["status"], "waiting");
    let other = escalate(owner, "CA2", 0).await;
    assert_eq!(shown(owner, &other).await["agent_id"], team.id(ROLE));
    let capacity = json!({"capacity": 2, "skills": ["spanish"]});
    owner.put(&format!("/v1/availability/{}", team.id(ROLE)), capacity).await.expect(200);
    assert_eq!(shown(owner, &spanish).await["agent_id"], team.id(ROLE));
}

#[tokio::test]
async fn whoever_is_gone_or_may_not_work_is_offered_nothing() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (owner, agent) = (team.owner(), team.caller(ROLE));
    turn_on(&team).await;
    choose(agent, "available").await.expect(200);
    service.clock.advance(Duration::seconds(45));
    let id = escalate(owner, "CA1", 5).await;
    assert_eq!(shown(owner, &id).await["status"], "waiting");
    // Not even in the moment in which nothing is written down yet.
    choose(agent, "available").await.expect(200);
    assert_eq!(shown(owner, &id).await["agent_id"], team.id(ROLE));
    // Nothing that was offered is lost with them.
    agent.delete("/v1/session").await.expect(204);
    let back = shown(owner, &id).await;
    assert_eq!((&back["status"], &back["held_until"]), (&json!("waiting"), &Value::Null));
}
