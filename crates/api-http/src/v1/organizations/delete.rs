use axum::extract::State;
use http::StatusCode;
use rollcall_application::organizations::{self, Delete};
use rollcall_domain::Permission;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    api::Api,
    body::Json,
    credential::{Caller, Proven},
    etag::IfMatch,
    problem::Result,
};

/// A confirmation, so that no organization is deleted by mistake.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteOrganizationRequest {
    /// The organization's current name.
    #[schema(example = "Acme Voice")]
    confirm_name: String,
}

/// Deletes the organization.
///
/// All of its sessions end at once, its invitations can no longer be accepted, and its Owners are notified by mail. The
/// platform's operator can undo it for 30 days; then all of its data is removed. Requires a fresh proof of identity (`POST
/// /v1/session/elevate`).
#[utoipa::path(delete, path = "/v1/organization", tag = "Organization", request_body = DeleteOrganizationRequest,
    params(("If-Match" = Option<String>, Header, description = "The ETag of the version that the deletion is meant for.")),
    responses((status = 204, description = "Deleted")))]
pub(super) async fn delete_organization(
    State(api): State<Api>,
    Proven(Caller(actor)): Proven<Caller<{ Permission::OrganizationDelete as u8 }>>,
    if_match: IfMatch,
    Json(request): Json<DeleteOrganizationRequest>,
) -> Result<StatusCode> {
    let precondition =
        if_match.precondition(actor.organization().map(|id| id.to_string()).unwrap_or_default());
    let command = Delete { confirm_name: request.confirm_name, precondition };
    organizations::delete(&api.app, &actor, command).await?;
    Ok(StatusCode::NO_CONTENT)
}
