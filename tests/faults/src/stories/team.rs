//! People are invited, come in, sign in, get other roles, and leave: removed by the Owner, or by themselves.

use std::{collections::VecDeque, time::Duration};

use reqwest::Method;
use rollcall_tests::{PASSWORD, random};
use serde_json::json;
use tokio::time::sleep;

use crate::lane::{Ask, Lane, Told, pick};

/// Whoever is invited and has not come yet.
struct Invited {
    email: String,
    id: String,
}

/// How often it is looked whether a mail has come, before somebody else is invited.
const LOOKS: usize = 20;

pub(super) async fn go_on(lane: Lane) {
    let mut waiting = VecDeque::new();
    while !lane.is_over() {
        waiting.extend(invite(&lane).await);
        if let Some((invited, token)) = next(&lane, &mut waiting).await {
            come_and_go(&lane, &invited, &token).await;
        }
    }
}

async fn invite(lane: &Lane) -> Option<Invited> {
    let email = format!("m{:x}@example.com", random() as u64);
    let body = json!({"email": email, "role": "admin"});
    let ask = Ask::with(Method::POST, "/v1/invitations", &lane.ours().owner, body).keyed();
    let told = lane.insist(&ask).await;
    let id = match told.status() {
        201 => told.text("/id"),
        // It was done, and its answer was lost.
        409 if told.was_done() => find(lane, &email).await?,
        _ => {
            lane.unexpected("an invitation", &told);
            return None;
        }
    };
    lane.acknowledged(&told, "invitation.created", &id);
    lane.stage.journal.named(&email);
    lane.stage.journal.mailed(&email);
    Some(Invited { email, id })
}

async fn find(lane: &Lane, email: &str) -> Option<String> {
    let ask = Ask::new(Method::GET, "/v1/invitations?limit=200", &lane.ours().owner);
    let listed = lane.insist(&ask).await.answer?;
    let mut listed = listed.body["data"].as_array()?.iter();
    Some(listed.find(|invitation| invitation["email"] == email)?["id"].as_str()?.to_owned())
}

/// The first whose mail has come. The others are looked at next time.
async fn next(lane: &Lane, waiting: &mut VecDeque<Invited>) -> Option<(Invited, String)> {
    for _ in 0..LOOKS {
        let there = |invited: &Invited| lane.stage.mailbox.token(&lane.stage.smtp, &invited.email);
        if let Some((place, token)) =
            waiting.iter().enumerate().find_map(|(place, invited)| Some((place, there(invited)?)))
        {
            return Some((waiting.remove(place)?, token));
        }
        if lane.is_over() {
            return None;
        }
        sleep(Duration::from_millis(50)).await;
    }
    None
}

async fn come_and_go(lane: &Lane, invited: &Invited, token: &str) -> Option<()> {
    let owner = &lane.ours().owner;
    let (user, session) = accept(lane, invited, token).await?;
    lane.opens("an acceptance", &session).await;
    let (_, other) = sign_in(lane, &invited.email).await?;
    lane.opens("a sign-in", &other).await;
    let open = invite_another(lane, &session).await;

    let member = format!("/v1/members/{user}");
    if pick(3) == 0 {
        let ask = Ask::new(Method::DELETE, "/v1/me", &other);
        let gone = lane.change("account.deleted", &user, &ask, &[204], &[401]).await?;
        for token in [&session, &other] {
            lane.ended("an account that was deleted", token, &gone).await;
        }
        return Some(());
    }
    let to = json!({"role": "viewer"});
    let ask = Ask::with(Method::PATCH, &member, owner, to);
    let changed = lane.change("member.role_changed", &user, &ask, &[200], &[]).await?;
    let is_admin = |told: &Told| told.answer.as_ref().is_some_and(|answer| answer.body["role"] == "admin");
    lane.settles("a role", &session, &changed, is_admin).await;

    let ask = Ask::new(Method::DELETE, format!("{member}?hand_over_to={}", lane.ours().heir), owner);
    let removed = lane.change("member.removed", &user, &ask, &[204], &[404]).await?;
    for token in [&session, &other] {
        lane.ended("somebody who was removed", token, &removed).await;
    }
    // What they had begun, others go on with, unless it went with their right to it.
    if let Some(invitation) = open {
        let ask = Ask::new(Method::GET, format!("/v1/invitations/{invitation}"), owner);
        let shown = lane.insist(&ask).await;
        if shown.answer.is_some() && shown.status() != 200 {
            lane.unexpected("an invitation that was handed over", &shown);
        }
    }
    Some(())
}

/// Lets somebody in; gives back who they are, and what opens their session.
async fn accept(lane: &Lane, invited: &Invited, token: &str) -> Option<(String, String)> {
    let body = json!({"token": token, "name": "Somebody", "password": PASSWORD});
    let ask = Ask { token: None, ..Ask::with(Method::POST, "/v1/invitations/accept", "", body) };
    let told = lane.insist(&ask).await;
    let there = match told.status() {
        201 => (told.text("/user/id"), told.text("/session/token")),
        // It was done, and its answer was lost: what works once opens no session twice.
        410 if told.unsure => sign_in(lane, &invited.email).await?,
        _ => {
            lane.unexpected("an acceptance", &told);
            return None;
        }
    };
    lane.acknowledged(&told, "invitation.accepted", &invited.id);
    lane.acknowledged(&told, "member.added", &there.0);
    Some(there)
}

async fn sign_in(lane: &Lane, email: &str) -> Option<(String, String)> {
    let body = json!({"email": email, "password": PASSWORD});
    let ask = Ask { token: None, ..Ask::with(Method::POST, "/v1/sessions", "", body) };
    let told = lane.insist(&ask).await;
    if told.status() != 201 {
        lane.unexpected("a sign-in", &told);
        return None;
    }
    lane.acknowledged(&told, "session.created", &told.text("/session/id"));
    Some((told.text("/user/id"), told.text("/session/token")))
}

/// Somebody who may, invites somebody else: what a removal hands over.
async fn invite_another(lane: &Lane, session: &str) -> Option<String> {
    let email = format!("n{:x}@example.com", random() as u64);
    let body = json!({"email": email, "role": "viewer"});
    let told = lane.insist(&Ask::with(Method::POST, "/v1/invitations", session, body).keyed()).await;
    if told.status() != 201 {
        if !told.unsure {
            lane.unexpected("another invitation", &told);
        }
        return None;
    }
    let id = told.text("/id");
    lane.acknowledged(&told, "invitation.created", &id);
    lane.stage.journal.named(&email);
    Some(id)
}
