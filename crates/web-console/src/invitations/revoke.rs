//! Taking an invitation back.

use axum::extract::Path;
use rollcall_application::{Error, Precondition, invitations};
use rollcall_domain::InvitationId;

use crate::{
    callers::Caller,
    posted::{Nothing, Posted},
    refused::Answer,
};

pub(super) async fn submit(
    Path(id): Path<String>,
    Posted { who: caller, .. }: Posted<Caller, Nothing>,
) -> Answer {
    let id: InvitationId = id.parse().map_err(|_| Error::NotFound)?;
    invitations::revoke(&caller.console.app, &caller.actor, id, &Precondition::None).await?;
    Ok(caller.go_to_and_say("/settings/team", caller.t.revoked()))
}
