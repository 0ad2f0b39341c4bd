//! Turning off the second factor of a member who has lost it (†).

use axum::extract::Path;
use rollcall_application::{Error, Precondition, members};
use rollcall_domain::UserId;

use crate::{
    callers::Caller,
    posted::{Nothing, Posted},
    refused::Answer,
};

pub(super) async fn submit(
    Path(id): Path<String>,
    Posted { who: caller, .. }: Posted<Caller, Nothing>,
) -> Answer {
    let user: UserId = id.parse().map_err(|_| Error::NotFound)?;
    let member = members::reset_mfa(&caller.console.app, &caller.actor, user, &Precondition::None).await?;
    Ok(caller.go_to_and_say(format!("/settings/team/{user}"), caller.t.mfa_was_reset(member.name)))
}
