use axum::extract::State;
use rollcall_application::invitations;
use rollcall_domain::Permission;

use super::object::InvitationObject;
use crate::{api::Api, body::NoFields, credential::Caller, etag::IfMatch, id_path::IdPath, problem::Result};

/// Sends an invitation again, with a new link.
///
/// The previous link stops working at once, and the new one works for seven days.
#[utoipa::path(post, path = "/v1/invitations/{invitation_id}/resend", tag = "Invitations",
    params(("invitation_id" = String, Path, example = "inv_01h455vb4pex5vsknk084sn02q"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for.")),
    responses((status = 200, description = "Sent again", body = InvitationObject)))]
pub(super) async fn resend_invitation(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::TeamInvite as u8 }>,
    IdPath(id): IdPath<rollcall_domain::id::Invitation>,
    if_match: IfMatch,
    NoFields: NoFields,
) -> Result<axum::Json<InvitationObject>> {
    let invitation = invitations::resend(&api.app, &actor, id, &if_match.precondition(id)).await?;
    Ok(axum::Json(InvitationObject::at(api.app.now(), invitation)))
}
