//! Sending an invitation again.

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
    let resent = invitations::resend(&caller.console.app, &caller.actor, id, &Precondition::None).await?;
    let said = caller.t.resent(resent.invitation.email.as_str());
    Ok(caller.go_to_and_say("/settings/team", said))
}
