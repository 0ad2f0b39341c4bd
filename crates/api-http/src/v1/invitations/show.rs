use axum::{extract::State, response::Response};
use rollcall_application::invitations;
use rollcall_domain::Permission;

use super::object::InvitationObject;
use crate::{
    api::Api,
    credential::Caller,
    etag::{IfNoneMatch, versioned},
    id_path::IdPath,
    problem::Result,
};

/// Shows an invitation.
#[utoipa::path(get, path = "/v1/invitations/{invitation_id}", tag = "Invitations",
    params(("invitation_id" = String, Path, example = "inv_01h455vb4pex5vsknk084sn02q")),
    responses((status = 200, description = "The invitation", body = InvitationObject, headers(("ETag" = String)))))]
pub(super) async fn show_invitation(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::TeamInvite as u8 }>,
    IdPath(id): IdPath<rollcall_domain::id::Invitation>,
    known: IfNoneMatch,
) -> Result<Response> {
    let listed = invitations::show(&api.app, &actor, id).await?;
    let version = listed.invitation.version;
    Ok(versioned(id, version, &known, &InvitationObject::at(api.app.now(), listed)))
}
