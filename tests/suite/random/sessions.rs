//! Sessions: who is at work where, and what they hold there.

use std::collections::BTreeSet;

use reqwest::Method;
use rollcall_tests::PASSWORD;
use serde_json::{Value, json};
use time::Duration;

use super::{
    escalations,
    marks::person_mark,
    run::{Run, row, same},
    world::{NOT_FOUND, Want, Who},
};

const NOTHING: &str = "org_01h455vb4pex5vsknk084sn02q";

/// What somebody holds, as the session says.
pub(super) async fn show(run: &mut Run, who: Who) {
    let unauthenticated = Want::Problem(401, "unauthenticated");
    let wanted = if run.world.is_good(who) { Want::Status(200) } else { unauthenticated };
    let answer = run.ask(who, Method::GET, "/v1/session", None, &[wanted]).await;
    if answer.status != 200 {
        return;
    }
    let world = &run.world;
    let here = world.home(who).map(|home| &world.organizations[home]);
    let organization = here.map_or(json!([null, null, null]), |here| json!([here.id, here.name, here.slug]));
    let shown = &answer.body["organization"];
    assert_eq!(json!([shown["id"], shown["name"], shown["slug"]]), organization);
    let held: BTreeSet<&str> = answer.list("permissions").iter().filter_map(Value::as_str).collect();
    match who {
        Who::Key(key) => {
            assert_eq!(held, world.keys[key].scopes);
            assert_eq!(answer.body["api_key"]["id"], world.keys[key].id);
        }
        Who::Session(session) => {
            let person = &world.people[world.sessions[session].person];
            let fields = ["/user/id", "/user/email", "/user/name", "/role"];
            let role = world.role(who);
            assert_eq!(row(&answer.body, &fields), json!([person.id, person.email, person.name, role]));
            assert_eq!(held, role.map(|role| world.table.of_role(role)).unwrap_or_default());
            assert_eq!(answer.body["elevated_until"].is_string(), world.is_elevated(who));
        }
        Who::Nobody => unreachable!("nobody has no session"),
    }
}

/// Where a person is, and as what.
pub(super) async fn organizations(run: &mut Run, who: Who) {
    let path = "/v1/me/organizations";
    if let Some(refusal) = run.world.refuses_programs(who) {
        run.ask(who, Method::GET, path, None, &[refusal]).await;
        return;
    }
    let person = run.world.person(who).unwrap();
    let sight = run.world.own_sight(person);
    let fields = ["/organization/id", "/organization/name", "/organization/slug", "/role"];
    let found = run.list_in_sight(who, path, "", &fields, &sight).await;
    let seats = run.world.seats(person).into_iter().map(|(at, role)| {
        let there = &run.world.organizations[at];
        json!([there.id, there.name, there.slug, role])
    });
    same(found, seats.collect());
}

/// Somebody signs in where they are, where they are not, or nowhere in particular.
pub(super) async fn sign_in(run: &mut Run) {
    let accounts: Vec<usize> =
        (0..run.world.people.len()).filter(|person| run.world.people[*person].id.is_some()).collect();
    let person = run.dice.one_of(&accounts);
    let seats = run.world.seats(person);
    let there = match run.dice.below(10) {
        0 => None,
        1..=2 => Some(run.dice.below(run.world.organizations.len())),
        _ => run.dice.any_of(&seats).map(|(organization, _)| organization),
    };
    let may = there.is_none_or(|there| seats.iter().any(|(seat, _)| *seat == there));
    let mut body = json!({"email": run.world.people[person].email, "password": PASSWORD});
    if let Some(there) = there {
        body["organization_id"] = json!(run.world.organizations[there].id);
    }
    let wanted = if may { Want::Status(201) } else { NOT_FOUND };
    let sight = run.world.own_sight(person);
    let answer = run.send(Who::Nobody, Method::POST, "/v1/sessions", Some(body), &[wanted], &sight).await;
    if answer.status != 201 {
        return;
    }
    let id = answer.body["organization"]["id"].as_str();
    let entered = id.and_then(|id| run.world.organizations.iter().position(|there| there.id == id));
    match there {
        Some(there) => assert_eq!(entered, Some(there)),
        // The one used last, which the contract does not say more about; somewhere they are, if they are anywhere.
        None => assert_eq!(entered.is_some(), !seats.is_empty()),
    }
    let role = seats.iter().find(|(seat, _)| Some(*seat) == entered).map(|(_, role)| *role);
    assert_eq!(answer.body["role"], json!(role));
    run.opened(person, entered, answer.text_at("/session/token").to_owned());
}

/// Goes to work in another organization; whoever is not there finds nothing.
pub(super) async fn switch(run: &mut Run, who: Who) {
    let all: Vec<String> = run.world.organizations.iter().map(|there| there.id.clone()).collect();
    let person = run.world.person(who);
    let seats = person.map(|person| run.world.seats(person)).unwrap_or_default();
    let own: Vec<String> = seats.iter().map(|(seat, _)| all[*seat].clone()).collect();
    let id = run.id_of(&own, &all, NOTHING);
    let wanted = match run.world.refuses_programs(who) {
        Some(refusal) => refusal,
        None if own.contains(&id) => Want::Status(201),
        None => NOT_FOUND,
    };
    let sight = match person {
        Some(person) if run.world.is_good(who) => run.world.own_sight(person),
        _ => run.world.sight(who),
    };
    let (path, body) = ("/v1/session/organization", json!({"organization_id": id}));
    let answer = run.send(who, Method::POST, path, Some(body), &[wanted], &sight).await;
    if let (201, Who::Session(before), Some(person)) = (answer.status.as_u16(), who, person) {
        let there = all.iter().position(|one| *one == id);
        let session = run.opened(person, there, answer.text_at("/session/token").to_owned());
        run.world.sessions[session].proved_at = run.world.sessions[before].proved_at;
        run.world.end_sessions(|at, _| at == before);
    }
}

/// Signs out.
pub(super) async fn sign_out(run: &mut Run, who: Who) {
    let wanted = run.world.refuses_programs(who).unwrap_or(Want::Status(204));
    let answer = run.ask(who, Method::DELETE, "/v1/session", None, &[wanted]).await;
    if let (204, Who::Session(session)) = (answer.status.as_u16(), who) {
        run.world.end_sessions(|at, _| at == session);
    }
}

/// Signs out everywhere else.
pub(super) async fn end_others(run: &mut Run, who: Who) {
    let wanted = run.world.refuses_programs(who).unwrap_or(Want::Status(204));
    let answer = run.ask(who, Method::DELETE, "/v1/sessions?others=true", None, &[wanted]).await;
    if let (204, Who::Session(session)) = (answer.status.as_u16(), who) {
        let person = run.world.sessions[session].person;
        run.world.end_sessions(|at, other| at != session && other.person == person);
    }
}

/// Proves once more who they are.
pub(super) async fn elevate(run: &mut Run, who: Who) {
    let wanted = run.world.refuses_programs(who).unwrap_or(Want::Status(200));
    let body = json!({"password": PASSWORD});
    let answer = run.ask(who, Method::POST, "/v1/session/elevate", Some(body), &[wanted]).await;
    if let (200, Who::Session(session)) = (answer.status.as_u16(), who) {
        run.world.sessions[session].proved_at = run.world.now;
    }
}

/// Asks which of some permissions they have.
pub(super) async fn authorize(run: &mut Run, who: Who) {
    let all = run.world.table.all();
    let asked: Vec<&str> = (0..=run.dice.below(9)).map(|_| run.dice.one_of(&all)).collect();
    let checks: Vec<Value> = asked.iter().map(|permission| json!({"permission": permission})).collect();
    let unauthenticated = Want::Problem(401, "unauthenticated");
    let wanted = if run.world.is_good(who) { Want::Status(200) } else { unauthenticated };
    let body = json!({"checks": checks});
    let answer = run.ask(who, Method::POST, "/v1/authorize", Some(body), &[wanted]).await;
    if answer.status != 200 {
        return;
    }
    let lacks = match (who, run.world.home(who)) {
        (Who::Key(_), _) => "scope_lacks_permission",
        (_, Some(_)) => "role_lacks_permission",
        (_, None) => "no_organization",
    };
    let expected: Vec<Value> = asked
        .iter()
        .map(|permission| {
            let allowed = run.world.holds(who, permission);
            let reason = (!allowed).then_some(lacks);
            json!({"permission": permission, "allowed": allowed, "reason": reason})
        })
        .collect();
    assert_eq!(answer.list("results"), &expected);
}

/// Eleven minutes go by: no proof is fresh any more, and no agent is there. Calls are done with before, as what becomes of those that
/// are not depends on who looks first.
pub(super) async fn time_passes(run: &mut Run) {
    for home in 0..run.world.organizations.len() {
        let open = 0..run.world.organizations[home].escalations.len();
        for at in open {
            let one = &run.world.organizations[home].escalations[at];
            let (id, lease) = (one.id.clone(), one.lease.clone());
            match (one.status, one.agent) {
                ("claimed", Some(agent)) => {
                    let session = run.world.sessions_in(home, agent)[0];
                    let who = Who::Session(session);
                    escalations::end_by(run, who, &id, Some(at), Some(lease), true).await;
                }
                ("waiting", _) => {
                    let owner = run.owner(home).await;
                    escalations::abandon_one(run, owner, &id, Some(at)).await;
                }
                _ => {}
            }
        }
        let agents: Vec<usize> = run.world.organizations[home].agents.keys().copied().collect();
        for agent in agents {
            run.world.organizations[home].go_offline(agent);
        }
    }
    run.note("eleven minutes go by");
    run.service.clock.advance(Duration::minutes(11));
    run.world.now += Duration::minutes(11);
}

/// Another name of one's own, which everybody sees from then on, wherever one is.
pub(super) async fn rename(run: &mut Run, who: Who) {
    let wanted = run.world.refuses_programs(who).unwrap_or(Want::Status(200));
    let person = run.world.person(who).unwrap_or(0);
    let name = format!("Person {} {}", person_mark(person), run.dice.below(1_000));
    let answer = run.ask(who, Method::PATCH, "/v1/me", Some(json!({"name": name})), &[wanted]).await;
    if answer.status == 200 {
        assert_eq!(answer.body["name"], name);
        run.world.people[person].name = name;
    }
}
