//! Many agents at once, on several nodes: one call is one agent's, nobody holds more than they can, and nothing is lost.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures_util::future::join_all;
use rollcall_tests::{Answer, Caller, Link, ManualClock, Service, Team, TestDatabase, until};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use time::Duration;

use crate::{
    agents::{choose, told},
    escalations::{by_lease, claim, claim_next, escalate, shown},
};

const ROLE: &str = "customer_support_agent";

/// An organization with room for many agents; they come in, and are available.
async fn agents(service: &Service, team: &Team, count: usize) -> Vec<(Caller, String)> {
    service.set_plan(&team.organization, "enterprise").await;
    let mut agents = Vec::new();
    for chunk in (0..count).collect::<Vec<_>>().chunks(8) {
        let coming = chunk.iter().map(async |n| {
            let email = Service::new_address(&format!("agent{n}"));
            let agent = service.bring_in(team.owner(), &email, ROLE).await;
            choose(&agent.0, "available").await.expect(200);
            agent
        });
        agents.extend(join_all(coming).await);
    }
    agents
}

/// Writes calls down that wait, straight into the database: it is what becomes of them that is looked at.
async fn waiting(service: &Service, team: &Team, count: usize) -> Vec<String> {
    let organization = team.uuid();
    let calls = format!(
        "INSERT INTO calls (org_id, call_id, external_id, direction, started_at, metadata, made_as, created_at)
         SELECT '{organization}', gen_random_uuid(), 'many ' || n, 'inbound', '2026-03-01T08:00:00Z', '{{}}',
                decode(repeat('00', 33), 'hex'), '2026-03-01T08:00:00Z'
           FROM generate_series(1, {count}) n"
    );
    let escalations = format!(
        "INSERT INTO escalations (org_id, escalation_id, call_id, reason, priority, skills, status, waits_until, created_at)
         SELECT org_id, gen_random_uuid(), call_id, 'many', 5, '{{}}', 'waiting', '2026-03-02T08:00:00Z', '2026-03-01T08:00:00Z'
           FROM calls WHERE org_id = '{organization}' AND external_id LIKE 'many %'"
    );
    for statement in [calls, escalations] {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut service.database.connect().await).await.unwrap();
    }
    let rows = service
        .database
        .rows("SELECT escalation_id::text AS id FROM escalations WHERE reason = 'many'")
        .await;
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// The most that anybody ever held at once, by what the log says of claims and ends.
async fn most_held(service: &Service) -> usize {
    let rows = service
        .database
        .rows(
            "SELECT convert_from(leaf, 'UTF8') AS leaf FROM audit_events
              WHERE action IN ('escalation.claimed', 'escalation.released', 'escalation.returned', 'escalation.resolved')
                AND outcome = 'success' ORDER BY written",
        )
        .await;
    let mut held: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut most = 0;
    for row in rows {
        let leaf: Value = serde_json::from_str(row["leaf"].as_str().unwrap()).unwrap();
        let changes = leaf["changes"].as_array().unwrap();
        let agent = changes.iter().find(|change| change["field"] == "agent").unwrap();
        let id = leaf["target"]["id"].as_str().unwrap().to_owned();
        if leaf["action"] == "escalation.claimed" {
            let agent = agent["after"].as_str().unwrap().to_owned();
            let of_agent = held.entry(agent).or_default();
            assert!(of_agent.insert(id), "claimed twice: {leaf}");
            most = most.max(of_agent.len());
        } else {
            let agent = agent["before"].as_str().unwrap();
            assert!(held.get_mut(agent).is_some_and(|held| held.remove(&id)), "not theirs: {leaf}");
        }
    }
    most
}

#[tokio::test]
async fn of_64_agents_who_claim_one_call_one_gets_it() {
    let service = Service::start().await;
    let other = Service::start_on_values(&service, &[]).await;
    let team = Team::assemble(&service, "Acme").await;
    let agents = agents(&service, &team, 64).await;
    let id = escalate(team.owner(), "CA1", 5).await;
    let there = other.anonymous();
    let claims = agents.iter().enumerate().map(|(n, (agent, _))| {
        let agent = if n % 2 == 0 { agent.clone() } else { there.with_token(agent.token()) };
        let id = id.clone();
        async move { claim(&agent, &id).await }
    });
    let answers = join_all(claims).await;
    let won = Answer::count(&answers, 200);
    assert_eq!(won, 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 200) {
        answer.problem(409, "already_claimed");
    }
    assert_eq!(told(&service, "escalation.claimed").await.len(), 1);
    let busy = team.owner().get("/v1/availability?limit=200").await.expect(200);
    assert_eq!(busy.list("data").iter().filter(|agent| agent["status"] == "busy").count(), 1);
}

#[tokio::test]
async fn one_agent_on_several_devices_never_holds_more_than_they_can() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    waiting(&service, &team, 40).await;
    let (agent, id) = (team.caller(ROLE), team.id(ROLE));
    choose(agent, "available").await.expect(200);
    team.owner().put(&format!("/v1/availability/{id}"), json!({"capacity": 3})).await.expect(200);
    let answers = join_all((0..24).map(|_| claim_next(agent))).await;
    assert_eq!(Answer::count(&answers, 200), 3);
    for answer in answers.into_iter().filter(|answer| answer.status != 200) {
        answer.problem(409, "not_available");
    }
    assert_eq!(most_held(&service).await, 3);
}

#[tokio::test]
async fn two_agents_who_each_want_what_the_other_holds_do_not_wait_for_each_other() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (one, two) = (team.caller(ROLE), team.caller("admin"));
    let ids = [escalate(team.owner(), "CA1", 5).await, escalate(team.owner(), "CA2", 5).await];
    for (agent, id) in [(one, &ids[0]), (two, &ids[1])] {
        choose(agent, "available").await.expect(200);
        claim(agent, id).await.expect(200);
    }
    for _ in 0..20 {
        let (first, second) = tokio::join!(claim(one, &ids[1]), claim(two, &ids[0]));
        first.problem(409, "already_claimed");
        second.problem(409, "already_claimed");
    }
}

/// What an agent does for a living: takes the next, and is done with it, until nothing waits. Some of it goes wrong.
async fn work(agent: Caller, fails: bool) -> Vec<String> {
    let mut done = Vec::new();
    let mut turn = 0;
    loop {
        let taken = claim_next(&agent).await;
        match taken.status.as_u16() {
            200 => {}
            204 => return done,
            // Somebody else's fault, which passes.
            503 => continue,
            _ => panic!("{}", taken.text),
        }
        let id = taken.text_at("/escalation/id").to_owned();
        let token = taken.text_at("/lease/token").to_owned();
        turn += 1;
        if fails && turn % 5 == 0 {
            patiently(&agent, &id, "release", &token).await.expect(200);
            continue;
        }
        patiently(&agent, &id, "resolve", &token).await.expect(200);
        done.push(id);
    }
}

/// What is done by a lease, however long others keep it waiting: who waits for a lock for too long is told 503, and nothing is done.
async fn patiently(agent: &Caller, id: &str, what: &str, token: &str) -> Answer {
    loop {
        let answer = by_lease(agent, id, what, token).await;
        if answer.status != 503 {
            return answer;
        }
    }
}

#[tokio::test]
async fn thirty_two_agents_on_two_nodes_resolve_a_thousand_calls_once_each() {
    let service = Service::start().await;
    let other = Service::start_on_values(&service, &[]).await;
    let team = Team::assemble(&service, "Acme").await;
    let agents = agents(&service, &team, 32).await;
    let all = waiting(&service, &team, 1_000).await;
    let there = other.anonymous();
    let working = agents.iter().enumerate().map(|(n, (agent, _))| {
        let agent = if n % 2 == 0 { agent.clone() } else { there.with_token(agent.token()) };
        tokio::spawn(work(agent, n % 3 == 0))
    });
    let done: Vec<String> = join_all(working).await.into_iter().flat_map(|done| done.unwrap()).collect();
    assert_eq!(done.len(), all.len());
    assert_eq!(done.iter().collect::<BTreeSet<_>>().len(), all.len());
    let left = service.database.rows("SELECT 1 AS one FROM escalations WHERE status <> 'resolved'").await;
    assert!(left.is_empty());
    assert_eq!(told(&service, "escalation.resolved").await.len(), 1_000);
    assert_eq!(most_held(&service).await, 1);
}

#[tokio::test]
async fn agents_and_a_node_that_die_at_work_lose_nothing() {
    let service = Service::start().await;
    let other = Service::start_on_values(&service, &[]).await;
    let team = Team::assemble(&service, "Acme").await;
    let agents = agents(&service, &team, 12).await;
    let all = waiting(&service, &team, 120).await;
    // Half of them take a call and are never heard of again; their node goes with them.
    let there = other.anonymous();
    for (agent, _) in &agents[..6] {
        claim_next(&there.with_token(agent.token())).await.expect(200);
    }
    other.stop().await;
    let working = agents[6..].iter().map(|(agent, _)| tokio::spawn(work(agent.clone(), false)));
    let done: Vec<String> = join_all(working).await.into_iter().flat_map(|done| done.unwrap()).collect();
    assert_eq!(done.len(), all.len() - 6);
    service.clock.advance(Duration::seconds(60));
    // Nobody has been heard of for a minute: the leases have run out, and everybody has to say that they are there.
    let late = Arc::new(agents[6..].to_vec());
    for (agent, _) in late.iter() {
        choose(agent, "available").await.expect(200);
    }
    let rest = join_all(late.iter().map(|(agent, _)| work(agent.clone(), false))).await.concat();
    assert_eq!(rest.len(), 6);
    assert_eq!(done.iter().chain(&rest).collect::<BTreeSet<_>>().len(), all.len());
    until("the dead are offline", async || {
        let listed = team.owner().get("/v1/availability?limit=200").await.expect(200);
        let offline = listed.list("data").iter().filter(|agent| agent["cause"] == "heartbeat_missed").count();
        (offline == 6).then_some(())
    })
    .await;
    assert_eq!(most_held(&service).await, 1);
}

#[tokio::test]
async fn a_call_that_ends_while_it_is_claimed_is_one_or_the_other() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let (owner, agent) = (team.owner(), team.caller(ROLE));
    choose(agent, "available").await.expect(200);
    for n in 0..20 {
        let id = escalate(owner, &format!("CA{n}"), 5).await;
        let call = shown(owner, &id).await["call_id"].as_str().unwrap().to_owned();
        let (path, end) = (crate::calls::path(&call), json!({"ended_at": "2026-03-01T09:00:00Z"}));
        let (taken, ended) = tokio::join!(claim(agent, &id), owner.patch(&path, end));
        ended.expect(200);
        match taken.status.as_u16() {
            200 => {
                let token = taken.text_at("/lease/token");
                by_lease(agent, &id, "resolve", token).await.expect(200);
            }
            _ => {
                taken.problem(409, "escalation_ended");
                assert_eq!(shown(owner, &id).await["status"], "abandoned");
            }
        }
    }
}

#[tokio::test]
async fn whoever_signs_out_while_they_claim_is_left_with_nothing() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let id = escalate(team.owner(), "CA1", 5).await;
    team.caller(ROLE).delete("/v1/session").await.expect(204);
    for _ in 0..15 {
        let agent = service.sign_in(team.email(ROLE)).await;
        choose(&agent, "available").await.expect(200);
        let (_, _, out) =
            tokio::join!(claim(&agent, &id), choose(&agent, "available"), agent.delete("/v1/session"));
        out.expect(204);
        let seen = crate::agents::seen(team.owner(), team.id(ROLE)).await;
        assert_eq!((&seen["status"], &seen["active_calls"]), (&json!("offline"), &json!(0)), "{seen}");
        assert_eq!(shown(team.owner(), &id).await["status"], "waiting");
    }
}

#[tokio::test]
async fn what_an_agent_at_a_partitioned_node_says_comes_too_late() {
    let (database, clock) = (Arc::new(TestDatabase::create().await), ManualClock::default());
    let link = Link::to(database.url(), "rollcall").await;
    let service = Service::start_on(database.clone(), clock.clone(), &[]).await;
    let cut_off = Service::start_on(database, clock, &[("database.url", link.url())]).await;
    let team = Team::assemble(&service, "Acme").await;
    let (agent, admin) = (cut_off.anonymous().with_token(team.caller(ROLE).token()), team.caller("admin"));
    let id = escalate(team.owner(), "CA1", 5).await;
    choose(&agent, "available").await.expect(200);
    let token = claim(&agent, &id).await.expect(200).text_at("/lease/token").to_owned();
    link.hold(true);
    let late = tokio::spawn({
        let (agent, id, token) = (agent.clone(), id.clone(), token.clone());
        async move { by_lease(&agent, &id, "resolve", &token).await }
    });
    service.clock.advance(Duration::seconds(60));
    // The others go on: the call is somebody else's, and the agent is gone.
    choose(admin, "available").await.expect(200);
    let taken = claim(admin, &id).await.expect(200);
    assert_eq!(taken.body["lease"]["fence"], 2);
    assert_eq!(crate::agents::seen(team.owner(), team.id(ROLE)).await["status"], "offline");
    link.hold(false);
    let late = late.await.unwrap();
    assert!(late.body["code"] == "lease_lost" || late.status == 503, "{}", late.text);
    until("the node is back", async || {
        let answer = by_lease(&agent, &id, "resolve", &token).await;
        (answer.status != 503).then(|| answer.problem(409, "lease_lost"))
    })
    .await;
    by_lease(admin, &id, "resolve", taken.text_at("/lease/token")).await.expect(200);
}
