//! The team.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    run::{Run, row, same, there},
    table::ROLES,
    world::{NOT_FOUND, Want, Who, World},
};

const NOBODY: &str = "user_01h455vb4pex5vsknk084sn02q";
const FIELDS: [&str; 5] = ["/user/id", "/user/email", "/user/name", "/role", "/status"];

fn member(world: &World, organization: usize, person: usize) -> Value {
    let them = &world.people[person];
    let role = world.organizations[organization].members[&person];
    json!([them.id, them.email, them.name, role, "active"])
}

/// A user's id for a path, and who of the organization it is.
pub(super) fn somebody(run: &mut Run, who: Who) -> (String, Option<usize>) {
    let ours: Vec<String> = match run.world.home(who) {
        Some(home) => {
            let members = run.world.organizations[home].members.keys();
            members.filter_map(|person| run.world.people[*person].id.clone()).collect()
        }
        None => Vec::new(),
    };
    let all: Vec<String> = run.world.people.iter().filter_map(|person| person.id.clone()).collect();
    let id = run.id_of(&ours, &all, NOBODY);
    let person = run.world.people.iter().position(|person| person.id.as_ref() == Some(&id));
    let person = person.filter(|_| ours.contains(&id));
    (id, person)
}

/// The list, of a role or of all.
pub(super) async fn list(run: &mut Run, who: Who) {
    if let Some(refusal) = run.world.refuses(who, "team:read") {
        run.ask(who, Method::GET, "/v1/members", None, &[refusal]).await;
        return;
    }
    let role = run.dice.chance(30).then(|| run.dice.one_of(&ROLES));
    let query = role.map(|role| format!("&role={role}")).unwrap_or_default();
    let found = run.list(who, "/v1/members", &query, &FIELDS).await;
    let home = run.world.home(who).unwrap();
    let members = run.world.organizations[home].members.iter();
    let members = members.filter(|(_, is)| role.is_none_or(|role| role == **is));
    same(found, members.map(|(person, _)| member(&run.world, home, *person)).collect());
}

/// One of it.
pub(super) async fn show(run: &mut Run, who: Who) {
    let (id, person) = somebody(run, who);
    let refusal = run.world.refuses(who, "team:read");
    let wanted = refusal.map_or_else(|| there(person.is_some(), 200), |refusal| vec![refusal]);
    let answer = run.ask(who, Method::GET, &format!("/v1/members/{id}"), None, &wanted).await;
    if let (Some(person), 200) = (person, answer.status.as_u16()) {
        let home = run.world.home(who).unwrap();
        assert_eq!(row(&answer.body, &FIELDS), member(&run.world, home, person));
    }
}

/// What the end of a membership would touch.
pub(super) async fn offboarding(run: &mut Run, who: Who) {
    let (id, person) = somebody(run, who);
    let refusal = run.world.refuses(who, "team:remove");
    let wanted = refusal.map_or_else(|| there(person.is_some(), 200), |refusal| vec![refusal]);
    let path = format!("/v1/members/{id}/offboarding");
    let answer = run.ask(who, Method::GET, &path, None, &wanted).await;
    let (Some(person), 200) = (person, answer.status.as_u16()) else { return };
    let home = run.world.home(who).unwrap();
    let here = &run.world.organizations[home];
    let open = here.invitations.iter().filter(|one| one.status == "pending" && one.by == Some(person));
    let keys =
        run.world.keys.iter().filter(|key| key.organization == home && key.live && key.by == Some(person));
    let expected = json!({
        "sessions": run.world.sessions_in(home, person).len(),
        "api_keys": keys.count(),
        "pending_invitations": open.count(),
        "claimed_calls": here.held(person),
        "sole_owner": here.members[&person] == "owner" && here.owners() == 1,
    });
    assert_eq!(answer.body, expected);
}

/// Another role.
pub(super) async fn change_role(run: &mut Run, who: Who) {
    let ((id, person), role) = (somebody(run, who), run.dice.one_of(&ROLES));
    let wanted = match (run.world.refuses(who, "team:update_role"), person) {
        (Some(refusal), _) => vec![refusal],
        // Whoever may not make an Owner hears that, or that there is nobody.
        (None, None) if role == "owner" && !run.world.holds(who, "owners:manage") => {
            vec![NOT_FOUND, Want::Denied("owners:manage")]
        }
        (None, None) => vec![NOT_FOUND],
        (None, Some(person)) => {
            let here = &run.world.organizations[run.world.home(who).unwrap()];
            let was_owner = here.members[&person] == "owner";
            if (was_owner || role == "owner") && !run.world.holds(who, "owners:manage") {
                vec![Want::Denied("owners:manage")]
            } else if was_owner && role != "owner" && here.owners() == 1 {
                vec![Want::Problem(409, "last_owner")]
            } else {
                vec![Want::Status(200)]
            }
        }
    };
    let body = json!({"role": role});
    let answer = run.ask(who, Method::PATCH, &format!("/v1/members/{id}"), Some(body), &wanted).await;
    let (Some(person), 200) = (person, answer.status.as_u16()) else { return };
    let world = &mut run.world;
    let home = world.home(who).unwrap();
    let here = &mut world.organizations[home];
    let before = here.members.insert(person, role);
    if before == Some(role) {
        return;
    }
    here.acted("member.role_changed");
    if !world.table.may(role, "availability:set") {
        here.go_offline(person);
    }
    // What they could not invite to any more is taken back.
    let (may, may_owners) = (world.table.may(role, "team:invite"), world.table.may(role, "owners:manage"));
    for invitation in &mut here.invitations {
        let stands = may && (may_owners || invitation.role != "owner");
        if invitation.by == Some(person) && invitation.status == "pending" && !stands {
            invitation.status = "revoked";
            *here.acts.entry("invitation.revoked").or_default() += 1;
        }
    }
    assert_eq!(row(&answer.body, &FIELDS), member(&run.world, home, person));
}

/// The end of a membership.
pub(super) async fn remove(run: &mut Run, who: Who) {
    let (id, person) = somebody(run, who);
    let wanted = match (run.world.refuses(who, "team:remove"), person) {
        (Some(refusal), _) => vec![refusal],
        (None, None) => vec![NOT_FOUND],
        (None, Some(person)) => {
            let here = &run.world.organizations[run.world.home(who).unwrap()];
            match here.members[&person] == "owner" {
                true if !run.world.holds(who, "owners:manage") => vec![Want::Denied("owners:manage")],
                true if here.owners() == 1 => vec![Want::Problem(409, "last_owner")],
                _ => vec![Want::Status(204)],
            }
        }
    };
    // An Owner may stand behind whatever is handed over.
    let heir = run.world.home(who).filter(|_| run.dice.chance(50)).and_then(|home| {
        let members = run.world.organizations[home].members.iter();
        let mut owners = members.filter(|(other, role)| **role == "owner" && Some(**other) != person);
        owners.next().map(|(owner, _)| *owner)
    });
    let query = heir.and_then(|heir| run.world.people[heir].id.clone());
    let query = query.map(|id| format!("?hand_over_to={id}")).unwrap_or_default();
    let answer = run.ask(who, Method::DELETE, &format!("/v1/members/{id}{query}"), None, &wanted).await;
    if let (Some(person), 204) = (person, answer.status.as_u16()) {
        let home = run.world.home(who).unwrap();
        run.world.part(home, person, heir);
        run.world.organizations[home].acted("member.removed");
    }
}

/// Of their own accord.
pub(super) async fn leave(run: &mut Run, who: Who) {
    let seat = run.world.home(who).zip(run.world.person(who));
    let wanted = match (run.world.refuses_programs(who), seat) {
        (Some(refusal), _) => refusal,
        // What that means to somebody who is nowhere, the contract does not say.
        (None, None) => return,
        (None, Some((home, person))) => {
            let here = &run.world.organizations[home];
            match here.members[&person] == "owner" && here.owners() == 1 {
                true => Want::Problem(409, "last_owner"),
                false => Want::Status(204),
            }
        }
    };
    let answer = run.ask(who, Method::DELETE, "/v1/members/me", None, &[wanted]).await;
    if let (Some((home, person)), 204) = (seat, answer.status.as_u16()) {
        run.world.part(home, person, None);
        run.world.organizations[home].acted("member.left");
    }
}
