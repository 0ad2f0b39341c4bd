//! Human agents: what they choose, and how others see them.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    run::{Run, row, same, there},
    team::somebody,
    world::{NOT_FOUND, Want, Who},
};

const FIELDS: [&str; 6] = ["/user/id", "/user/email", "/user/name", "/status", "/active_calls", "/capacity"];
const CHOICES: [&str; 4] = ["available", "available", "away", "offline"];

/// One's own choice.
pub(super) async fn choose(run: &mut Run, who: Who) {
    let chosen = run.dice.one_of(&CHOICES);
    let wanted = run.world.refuses(who, "availability:set").unwrap_or(Want::Status(200));
    let body = json!({"status": chosen});
    let answer = run.ask(who, Method::PUT, "/v1/availability/me", Some(body), &[wanted]).await;
    if answer.status != 200 {
        return;
    }
    let (home, person) = (run.world.home(who).unwrap(), run.world.person(who).unwrap());
    let here = &mut run.world.organizations[home];
    if chosen == "offline" {
        here.go_offline(person);
    }
    here.agents.entry(person).or_default().chosen = chosen;
    assert_eq!(Some(row(&answer.body, &FIELDS)), run.world.agent_row(who, home, person));
}

/// Another's choice, or how much they can take.
pub(super) async fn manage(run: &mut Run, who: Who) {
    let (id, person) = somebody(run, who);
    let home = run.world.home(who);
    let agent = home.zip(person).filter(|(home, person)| run.world.agent_status(*home, *person).is_some());
    let chosen = run.dice.chance(50).then(|| run.dice.one_of(&CHOICES));
    let capacity = 1 + run.dice.below(3);
    let wanted = match (run.world.refuses(who, "availability:manage"), agent) {
        (Some(refusal), _) => refusal,
        (None, None) => NOT_FOUND,
        // An Admin does not touch an Owner.
        (None, Some((home, person)))
            if run.world.organizations[home].members[&person] == "owner"
                && !run.world.holds(who, "owners:manage") =>
        {
            Want::Denied("owners:manage")
        }
        // Nobody comes who is not signed in.
        (None, Some((home, person)))
            if chosen.is_some_and(|chosen| chosen != "offline")
                && run.world.sessions_in(home, person).is_empty() =>
        {
            Want::Problem(409, "not_available")
        }
        (None, Some(_)) => Want::Status(200),
    };
    let mut body = json!({"capacity": capacity});
    if let Some(chosen) = chosen {
        body["status"] = json!(chosen);
    }
    let answer = run.ask(who, Method::PUT, &format!("/v1/availability/{id}"), Some(body), &[wanted]).await;
    let (Some((home, person)), 200) = (agent, answer.status.as_u16()) else { return };
    let here = &mut run.world.organizations[home];
    if chosen == Some("offline") {
        here.go_offline(person);
    }
    let agent = here.agents.entry(person).or_default();
    agent.capacity = capacity;
    agent.chosen = chosen.unwrap_or(agent.chosen);
    assert_eq!(Some(row(&answer.body, &FIELDS)), run.world.agent_row(who, home, person));
}

/// The list.
pub(super) async fn list(run: &mut Run, who: Who) {
    if let Some(refusal) = run.world.refuses(who, "availability:read") {
        run.ask(who, Method::GET, "/v1/availability", None, &[refusal]).await;
        return;
    }
    let found = run.list(who, "/v1/availability", "", &FIELDS).await;
    let home = run.world.home(who).unwrap();
    let members = run.world.organizations[home].members.keys();
    let agents: Vec<Value> = members.filter_map(|person| run.world.agent_row(who, home, *person)).collect();
    same(found, agents);
}

/// One of it.
pub(super) async fn show(run: &mut Run, who: Who) {
    let (id, person) = somebody(run, who);
    let seat = run.world.home(who).zip(person);
    let agent = seat.and_then(|(home, person)| run.world.agent_row(who, home, person));
    let refusal = run.world.refuses(who, "availability:read");
    let wanted = refusal.map_or_else(|| there(agent.is_some(), 200), |refusal| vec![refusal]);
    let answer = run.ask(who, Method::GET, &format!("/v1/availability/{id}"), None, &wanted).await;
    if answer.status == 200 {
        assert_eq!(Some(row(&answer.body, &FIELDS)), agent);
    }
}
