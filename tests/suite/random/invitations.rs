//! Invitations.

use reqwest::Method;
use rollcall_tests::PASSWORD;
use serde_json::{Value, json};

use super::{
    run::{Run, row, same, there},
    table::ROLES,
    world::{Invitation, NOT_FOUND, Want, Who, World},
};

const NOTHING: &str = "inv_01h455vb4pex5vsknk084sn02q";
const FIELDS: [&str; 5] = ["/id", "/email", "/role", "/status", "/invited_by"];
const GONE: Want = Want::Problem(410, "invitation_gone");

fn shown(world: &World, one: &Invitation) -> Value {
    let by = one.by.map(|by| json!({"id": world.people[by].id, "name": world.people[by].name}));
    json!([one.id, world.people[one.person].email, one.role, one.status, by])
}

fn some_invitation(run: &mut Run, who: Who) -> (String, Option<usize>) {
    run.id_in(who, |home| home.invitations.iter().map(|one| one.id.clone()).collect(), NOTHING)
}

/// The token of the newest mail that invites an address.
async fn mailed(run: &Run, person: usize) -> String {
    let token = run.service.token_for(&run.world.people[person].email, "/invitations/accept").await;
    // The next one is the only one.
    run.service.anonymous().delete("/dev/mailbox").await;
    token
}

/// Invites somebody by chance.
pub(super) async fn create(run: &mut Run, who: Who) {
    let person = match run.dice.chance(30) && run.world.people.len() < 60 {
        true => run.stranger(),
        false => run.dice.below(run.world.people.len()),
    };
    let role = run.dice.one_of(&ROLES);
    invite(run, who, person, role).await;
}

/// Invites somebody.
pub(super) async fn invite(run: &mut Run, who: Who, person: usize, role: &'static str) {
    let wanted = match run.world.refuses(who, "team:invite") {
        Some(refusal) => refusal,
        None if role == "owner" && !run.world.holds(who, "owners:manage") => Want::Denied("owners:manage"),
        None => {
            let here = &run.world.organizations[run.world.home(who).unwrap()];
            let is_open = |one: &Invitation| one.person == person && one.status == "pending";
            if here.members.contains_key(&person) {
                Want::Problem(409, "already_member")
            } else if here.invitations.iter().any(is_open) {
                Want::Problem(409, "invitation_pending")
            } else {
                Want::Status(201)
            }
        }
    };
    if let (Some(home), Want::Status(_)) = (run.world.home(who), &wanted) {
        run.world.organizations[home].known.insert(person);
    }
    let body = json!({"email": run.world.people[person].email, "role": role});
    let answer = run.ask(who, Method::POST, "/v1/invitations", Some(body), &[wanted]).await;
    if answer.status != 201 {
        return;
    }
    let token = mailed(run, person).await;
    let (home, by) = (run.world.home(who).unwrap(), run.world.person(who));
    let id = answer.text_at("/id").to_owned();
    let made = Invitation { id, person, role, status: "pending", by, token };
    assert_eq!(row(&answer.body, &FIELDS), shown(&run.world, &made));
    let here = &mut run.world.organizations[home];
    here.invitations.push(made);
    here.acted("invitation.created");
}

/// The list, of a status or of all.
pub(super) async fn list(run: &mut Run, who: Who) {
    if let Some(refusal) = run.world.refuses(who, "team:invite") {
        run.ask(who, Method::GET, "/v1/invitations", None, &[refusal]).await;
        return;
    }
    let status = run.dice.chance(40).then(|| run.dice.one_of(&["pending", "accepted", "revoked", "expired"]));
    let query = status.map(|status| format!("&status={status}")).unwrap_or_default();
    let found = run.list(who, "/v1/invitations", &query, &FIELDS).await;
    let here = &run.world.organizations[run.world.home(who).unwrap()];
    let listed = here.invitations.iter().filter(|one| status.is_none_or(|status| status == one.status));
    same(found, listed.map(|one| shown(&run.world, one)).collect());
}

/// One of it.
pub(super) async fn show(run: &mut Run, who: Who) {
    let (id, at) = some_invitation(run, who);
    let refusal = run.world.refuses(who, "team:invite");
    let wanted = refusal.map_or_else(|| there(at.is_some(), 200), |refusal| vec![refusal]);
    let answer = run.ask(who, Method::GET, &format!("/v1/invitations/{id}"), None, &wanted).await;
    if let (Some(at), 200) = (at, answer.status.as_u16()) {
        let here = &run.world.organizations[run.world.home(who).unwrap()];
        assert_eq!(row(&answer.body, &FIELDS), shown(&run.world, &here.invitations[at]));
    }
}

/// What is wanted of whoever does something to an invitation, if it can be done to an open one.
fn wanted_of(run: &Run, who: Who, at: Option<usize>, status: u16) -> Vec<Want> {
    let Some(at) = at else {
        return vec![run.world.refuses(who, "team:invite").unwrap_or(NOT_FOUND)];
    };
    if let Some(refusal) = run.world.refuses(who, "team:invite") {
        return vec![refusal];
    }
    let one = &run.world.organizations[run.world.home(who).unwrap()].invitations[at];
    let lacks = one.role == "owner" && !run.world.holds(who, "owners:manage");
    match (lacks, one.status == "pending") {
        (false, true) => vec![Want::Status(status)],
        (false, false) => vec![GONE],
        (true, true) => vec![Want::Denied("owners:manage")],
        // Which of the two comes first, the contract does not say.
        (true, false) => vec![Want::Denied("owners:manage"), GONE],
    }
}

/// Takes one back.
pub(super) async fn revoke(run: &mut Run, who: Who) {
    let (id, at) = some_invitation(run, who);
    let wanted = wanted_of(run, who, at, 204);
    let answer = run.ask(who, Method::DELETE, &format!("/v1/invitations/{id}"), None, &wanted).await;
    if let (Some(at), 204) = (at, answer.status.as_u16()) {
        let home = run.world.home(who).unwrap();
        let here = &mut run.world.organizations[home];
        here.invitations[at].status = "revoked";
        here.acted("invitation.revoked");
    }
}

/// Sends one again.
pub(super) async fn resend(run: &mut Run, who: Who) {
    let (id, at) = some_invitation(run, who);
    let wanted = wanted_of(run, who, at, 200);
    let path = format!("/v1/invitations/{id}/resend");
    let answer = run.ask(who, Method::POST, &path, Some(json!({})), &wanted).await;
    if let (Some(at), 200) = (at, answer.status.as_u16()) {
        let home = run.world.home(who).unwrap();
        let token = mailed(run, run.world.organizations[home].invitations[at].person).await;
        let here = &mut run.world.organizations[home];
        here.invitations[at].token = token;
        here.acted("invitation.resent");
    }
}

/// Somebody comes with the token of some invitation: whoever it is for, or somebody else.
pub(super) async fn accept(run: &mut Run) {
    let home = run.dice.below(run.world.organizations.len());
    let all: Vec<usize> = (0..run.world.organizations[home].invitations.len()).collect();
    let open: Vec<usize> = all
        .iter()
        .copied()
        .filter(|at| run.world.organizations[home].invitations[*at].status == "pending")
        .collect();
    let these = if run.dice.chance(80) { open } else { all };
    let Some(at) = run.dice.any_of(&these) else { return };
    let person = run.world.organizations[home].invitations[at].person;
    let live: Vec<usize> = (0..run.world.sessions.len()).filter(|at| run.world.sessions[*at].live).collect();
    let who = match run.dice.below(10) {
        0 => Who::Nobody,
        1 => run.dice.any_of(&live).map_or(Who::Nobody, Who::Session),
        _ => {
            let theirs = live.iter().copied().find(|at| run.world.sessions[*at].person == person);
            match (theirs, run.world.seats(person).first().copied()) {
                (Some(session), _) => Who::Session(session),
                (None, Some((there, _))) => run.sign_in(person, there).await,
                (None, None) => Who::Nobody,
            }
        }
    };
    take(run, who, home, at).await;
}

/// Takes the seat that an invitation offers.
pub(super) async fn take(run: &mut Run, who: Who, home: usize, at: usize) {
    let one = &run.world.organizations[home].invitations[at];
    let (person, role, token) = (one.person, one.role, one.token.clone());
    let has_account = run.world.people[person].id.is_some();
    let wanted = match (one.status == "pending", run.world.person(who)) {
        (false, _) => GONE,
        (true, None) if has_account => Want::Problem(401, "sign_in_required"),
        (true, Some(other)) if other != person => Want::Problem(403, "wrong_account"),
        (true, _) => Want::Status(201),
    };
    let mut body = json!({"token": token});
    if who == Who::Nobody {
        body["name"] = json!(run.world.people[person].name);
        body["password"] = json!(PASSWORD);
    }
    // Whoever has the token is told of the organization; the account that asks hears of itself.
    let asks = run.world.person(who).unwrap_or(person);
    let sight = run.world.sight_of(Some(home), [home].into(), Some(asks));
    let path = "/v1/invitations/accept";
    let answer = run.send(who, Method::POST, path, Some(body), &[wanted], &sight).await;
    if answer.status != 201 {
        return;
    }
    if !has_account {
        run.known_as(person, answer.text_at("/user/id"));
    }
    assert_eq!(answer.body["user"]["id"], json!(run.world.people[person].id));
    assert_eq!(answer.body["organization"]["id"], run.world.organizations[home].id);
    assert_eq!(answer.body["role"], role);
    let session = run.opened(person, Some(home), answer.text_at("/session/token").to_owned());
    // An invitation proves nothing about whoever had a session before.
    if let Who::Session(before) = who {
        run.world.sessions[session].proved_at = run.world.sessions[before].proved_at;
    }
    let here = &mut run.world.organizations[home];
    here.invitations[at].status = "accepted";
    here.members.insert(person, role);
    here.known.insert(person);
    here.acted("invitation.accepted");
}
