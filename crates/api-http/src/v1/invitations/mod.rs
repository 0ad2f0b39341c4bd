//! Invitations.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod accept;
mod create;
mod create_bulk;
mod list;
mod object;
mod preview;
mod resend;
mod revoke;
mod show;

pub(super) use object::InvitationObject;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list_invitations, create::create_invitation))
        .routes(routes!(create_bulk::create_invitations))
        .routes(routes!(preview::preview_invitation))
        .routes(routes!(accept::accept_invitation))
        .routes(routes!(show::show_invitation, revoke::revoke_invitation))
        .routes(routes!(resend::resend_invitation))
}
