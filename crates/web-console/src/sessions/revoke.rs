//! Ending one's own sessions.

use axum::extract::Path;
use rollcall_application::{
    Error,
    sessions::{self, Revoke},
};
use rollcall_domain::SessionId;

use crate::{
    callers::Holder,
    posted::{Nothing, Posted},
    refused::Answer,
    visit::add_cookie,
};

/// Ends one. Whoever ends the one that they are in is signed out.
pub(super) async fn submit(
    Path(id): Path<String>,
    Posted { who: caller, .. }: Posted<Holder, Nothing>,
) -> Answer {
    let id: SessionId = id.parse().map_err(|_| Error::NotFound)?;
    sessions::revoke(&caller.console.app, &caller.actor, Revoke::One(id)).await?;
    if id == caller.actor.session_id() {
        let mut response = caller.go_to_and_say("/sign-in", caller.t.signed_out());
        add_cookie(&mut response, &caller.console.cookies.take_session());
        return Ok(response);
    }
    Ok(caller.go_to_and_say("/account/sessions", caller.t.session_ended()))
}

/// Ends all but the one that asks.
pub(super) async fn submit_others(Posted { who: caller, .. }: Posted<Holder, Nothing>) -> Answer {
    sessions::revoke(&caller.console.app, &caller.actor, Revoke::Others).await?;
    Ok(caller.go_to_and_say("/account/sessions", caller.t.sessions_ended()))
}
