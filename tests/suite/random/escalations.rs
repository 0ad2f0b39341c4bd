//! Calls that wait for a human, and who takes them.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    calls::some_call,
    run::{Run, row, same, there},
    world::{Escalation, NOT_FOUND, Want, Who},
};

const NOTHING: &str = "esc_01h455vb4pex5vsknk084sn02q";
const FIELDS: [&str; 6] = ["/id", "/call_id", "/reason", "/priority", "/status", "/position"];
const NOT_AVAILABLE: Want = Want::Problem(409, "not_available");
const LEASE_LOST: Want = Want::Problem(409, "lease_lost");

fn some_escalation(run: &mut Run, who: Who) -> (String, Option<usize>) {
    run.id_in(who, |home| home.escalations.iter().map(|one| one.id.clone()).collect(), NOTHING)
}

/// Escalates a call, anew or once more.
pub(super) async fn create(run: &mut Run, who: Who) {
    let (call, at) = some_call(run, who);
    let home = run.world.home(who).unwrap_or(0);
    let here = &run.world.organizations[home];
    let open = here
        .escalations
        .iter()
        .position(|one| at.is_some() && one.call == call && matches!(one.status, "waiting" | "claimed"));
    let again = open.filter(|_| run.dice.chance(50)).map(|open| {
        let one = &run.world.organizations[home].escalations[open];
        (one.reason.clone(), one.priority)
    });
    let (reason, priority) = again
        .clone()
        .unwrap_or_else(|| (format!("Asks for a human, {}", run.name(home)), run.dice.below(10) as u64));
    let is_over = at.is_some_and(|at| run.world.organizations[home].calls[at].ended);
    let wanted = match (run.world.refuses(who, "escalations:create"), at) {
        (Some(refusal), _) => vec![refusal],
        (None, None) => vec![NOT_FOUND],
        (None, Some(_)) => match (open, &again, is_over) {
            (Some(_), Some(_), false) => vec![Want::Status(200)],
            (Some(_), None, false) => vec![Want::Problem(409, "escalation_exists")],
            (None, _, true) => vec![Want::Problem(409, "call_ended")],
            (None, _, false) => vec![Want::Status(201)],
            // Which of the two counts, the contract does not say.
            (Some(_), Some(_), true) => vec![Want::Status(200), Want::Problem(409, "call_ended")],
            (Some(_), None, true) => {
                vec![Want::Problem(409, "escalation_exists"), Want::Problem(409, "call_ended")]
            }
        },
    };
    let path = format!("/v1/calls/{call}/escalations");
    let body = json!({"reason": reason, "priority": priority});
    let answer = run.ask(who, Method::POST, &path, Some(body), &wanted).await;
    if answer.status != 201 {
        return;
    }
    let created_at = run.world.now;
    let here = &mut run.world.organizations[home];
    here.escalations.push(Escalation {
        id: answer.text_at("/id").to_owned(),
        call,
        reason,
        priority,
        status: "waiting",
        agent: None,
        lease: String::new(),
        created_at,
    });
    here.acted("escalation.created");
    assert_eq!(row(&answer.body, &FIELDS), here.escalation_row(here.escalations.len() - 1));
}

/// The list, of a status or of all.
pub(super) async fn list(run: &mut Run, who: Who) {
    if let Some(refusal) = run.world.refuses(who, "escalations:read") {
        run.ask(who, Method::GET, "/v1/escalations", None, &[refusal]).await;
        return;
    }
    let statuses = ["waiting", "waiting", "claimed", "resolved", "abandoned"];
    let status = run.dice.chance(60).then(|| run.dice.one_of(&statuses));
    let query = status.map(|status| format!("&status={status}")).unwrap_or_default();
    let found = run.list(who, "/v1/escalations", &query, &FIELDS).await;
    let here = &run.world.organizations[run.world.home(who).unwrap()];
    if status == Some("waiting") {
        // The queue has an order.
        let queue: Vec<Value> = here.queue().into_iter().map(|at| here.escalation_row(at)).collect();
        assert_eq!(found, queue);
        return;
    }
    let listed = (0..here.escalations.len())
        .filter(|at| status.is_none_or(|status| status == here.escalations[*at].status));
    same(found, listed.map(|at| here.escalation_row(at)).collect());
}

/// One of it.
pub(super) async fn show(run: &mut Run, who: Who) {
    let (id, at) = some_escalation(run, who);
    let refusal = run.world.refuses(who, "escalations:read");
    let wanted = refusal.map_or_else(|| there(at.is_some(), 200), |refusal| vec![refusal]);
    let answer = run.ask(who, Method::GET, &format!("/v1/escalations/{id}"), None, &wanted).await;
    let (Some(at), 200) = (at, answer.status.as_u16()) else { return };
    let here = &run.world.organizations[run.world.home(who).unwrap()];
    assert_eq!(row(&answer.body, &FIELDS), here.escalation_row(at));
    let one = &here.escalations[at];
    if one.status == "claimed" {
        let agent = one.agent.and_then(|agent| run.world.people[agent].id.clone());
        assert_eq!(answer.body["agent_id"], json!(agent));
    }
}

/// Whether an agent can take another call.
fn has_room(run: &Run, home: usize, person: usize) -> bool {
    let here = &run.world.organizations[home];
    let agent = here.agents.get(&person).copied().unwrap_or_default();
    agent.chosen != "offline" && here.held(person) < agent.capacity
}

fn claimed(run: &mut Run, home: usize, person: usize, at: usize, lease: &str) {
    let here = &mut run.world.organizations[home];
    let one = &mut here.escalations[at];
    (one.status, one.agent, one.lease) = ("claimed", Some(person), lease.to_owned());
    here.acted("escalation.claimed");
}

/// Takes one by its id.
pub(super) async fn claim(run: &mut Run, who: Who) {
    let (id, at) = some_escalation(run, who);
    let seat = run.world.home(who).zip(run.world.person(who));
    let wanted = match (run.world.refuses(who, "escalations:claim"), seat, at) {
        (Some(refusal), ..) => vec![refusal],
        (None, Some((home, person)), Some(at)) => {
            // When several things are in the way, any of them is told.
            let mut wanted = match run.world.organizations[home].escalations[at].status {
                "claimed" => vec![Want::Problem(409, "already_claimed")],
                "waiting" => vec![],
                _ => vec![Want::Problem(409, "escalation_ended")],
            };
            if !has_room(run, home, person) {
                wanted.push(NOT_AVAILABLE);
            }
            if wanted.is_empty() { vec![Want::Status(200)] } else { wanted }
        }
        (None, ..) => vec![NOT_FOUND],
    };
    let answer = run.ask(who, Method::POST, &format!("/v1/escalations/{id}/claim"), None, &wanted).await;
    if let (Some((home, person)), Some(at), 200) = (seat, at, answer.status.as_u16()) {
        claimed(run, home, person, at, answer.text_at("/lease/token"));
        let here = &run.world.organizations[home];
        assert_eq!(row(&answer.body["escalation"], &FIELDS), here.escalation_row(at));
    }
}

/// Takes the next.
pub(super) async fn claim_next(run: &mut Run, who: Who) {
    let seat = run.world.home(who).zip(run.world.person(who));
    let next = seat.and_then(|(home, _)| run.world.organizations[home].queue().first().copied());
    let wanted = match (run.world.refuses(who, "escalations:claim"), seat) {
        (Some(refusal), _) => refusal,
        (None, Some((home, person))) if !has_room(run, home, person) => NOT_AVAILABLE,
        (None, _) => Want::Status(if next.is_some() { 200 } else { 204 }),
    };
    let answer = run.ask(who, Method::POST, "/v1/escalations/claim-next", None, &[wanted]).await;
    if let (Some((home, person)), Some(at), 200) = (seat, next, answer.status.as_u16()) {
        claimed(run, home, person, at, answer.text_at("/lease/token"));
        let here = &run.world.organizations[home];
        assert_eq!(row(&answer.body["escalation"], &FIELDS), here.escalation_row(at));
    }
}

/// Gives one back, or is done with it, mostly with the lease that it was taken by.
pub(super) async fn end(run: &mut Run, who: Who, resolves: bool) {
    let (id, at) = some_escalation(run, who);
    let home = run.world.home(who);
    let lease = home.zip(at).map(|(home, at)| run.world.organizations[home].escalations[at].lease.clone());
    let lease = lease.filter(|lease| !lease.is_empty() && run.dice.chance(85));
    end_by(run, who, &id, at, lease, resolves).await;
}

/// The same of a certain one.
pub(super) async fn end_by(
    run: &mut Run,
    who: Who,
    id: &str,
    at: Option<usize>,
    lease: Option<String>,
    resolves: bool,
) {
    let home = run.world.home(who);
    let wanted = match (run.world.refuses(who, "escalations:claim"), home.zip(at)) {
        (Some(refusal), _) => refusal,
        (None, None) => NOT_FOUND,
        (None, Some((home, at))) => {
            let one = &run.world.organizations[home].escalations[at];
            match one.status == "claimed" && one.agent == run.world.person(who) && lease.is_some() {
                true => Want::Status(200),
                false => LEASE_LOST,
            }
        }
    };
    let path = format!("/v1/escalations/{id}/{}", if resolves { "resolve" } else { "release" });
    let body = json!({"lease_token": lease.as_deref().unwrap_or("rcl_nobody_has_it")});
    let answer = run.ask(who, Method::POST, &path, Some(body), &[wanted]).await;
    let (Some((home, at)), 200) = (home.zip(at), answer.status.as_u16()) else { return };
    let here = &mut run.world.organizations[home];
    if resolves {
        here.escalations[at].status = "resolved";
        here.acted("escalation.resolved");
    } else {
        here.give_back(at);
        here.acted("escalation.released");
    }
    assert_eq!(row(&answer.body, &FIELDS), here.escalation_row(at));
}

/// The caller has hung up.
pub(super) async fn abandon(run: &mut Run, who: Who) {
    let (id, at) = some_escalation(run, who);
    abandon_one(run, who, &id, at).await;
}

/// The same of a certain one.
pub(super) async fn abandon_one(run: &mut Run, who: Who, id: &str, at: Option<usize>) {
    let home = run.world.home(who);
    let wanted = match (run.world.refuses(who, "escalations:create"), home.zip(at)) {
        (Some(refusal), _) => refusal,
        (None, None) => NOT_FOUND,
        (None, Some((home, at))) => match run.world.organizations[home].escalations[at].status {
            "claimed" => Want::Problem(409, "already_claimed"),
            "resolved" => Want::Problem(409, "escalation_ended"),
            _ => Want::Status(200),
        },
    };
    let answer = run.ask(who, Method::POST, &format!("/v1/escalations/{id}/abandon"), None, &[wanted]).await;
    if let (Some((home, at)), 200) = (home.zip(at), answer.status.as_u16()) {
        let here = &mut run.world.organizations[home];
        here.escalations[at].status = "abandoned";
        assert_eq!(row(&answer.body, &FIELDS), here.escalation_row(at));
    }
}
