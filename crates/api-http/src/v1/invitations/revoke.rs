use axum::extract::State;
use http::StatusCode;
use rollcall_application::invitations;
use rollcall_domain::Permission;

use crate::{api::Api, credential::Caller, etag::IfMatch, id_path::IdPath, problem::Result};

/// Revokes an invitation; its link stops working at once.
#[utoipa::path(delete, path = "/v1/invitations/{invitation_id}", tag = "Invitations",
    params(("invitation_id" = String, Path, example = "inv_01h455vb4pex5vsknk084sn02q"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for.")),
    responses((status = 204, description = "Taken back")))]
pub(super) async fn revoke_invitation(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::TeamInvite as u8 }>,
    IdPath(id): IdPath<rollcall_domain::id::Invitation>,
    if_match: IfMatch,
) -> Result<StatusCode> {
    invitations::revoke(&api.app, &actor, id, &if_match.precondition(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
