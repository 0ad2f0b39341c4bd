use axum::extract::State;
use http::StatusCode;
use rollcall_application::invitations;
use rollcall_domain::Permission;

use crate::{api::Api, credential::Caller, id_path::IdPath, problem::Result};

/// Takes an invitation back: its link dies at once.
#[utoipa::path(delete, path = "/v1/invitations/{invitation_id}", tag = "Invitations",
    params(("invitation_id" = String, Path, example = "inv_01h455vb4pex5vsknk084sn02q")),
    responses((status = 204, description = "Taken back")))]
pub(super) async fn revoke_invitation(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::TeamInvite as u8 }>,
    IdPath(id): IdPath<rollcall_domain::id::Invitation>,
) -> Result<StatusCode> {
    invitations::revoke(&api.app, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
