use axum::extract::State;
use http::StatusCode;
use rollcall_application::audit::witness;
use rollcall_domain::Permission;

use super::object::tag_name;
use crate::{
    api::Api,
    credential::{Caller, Proven},
    etag::IfMatch,
    problem::Result,
};

/// Stops sending checkpoints of the audit log to the witness.
///
/// Requires a fresh proof of identity (`POST /v1/session/elevate`).
#[utoipa::path(delete, path = "/v1/audit/witness", tag = "Audit log",
    params(("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for.")),
    responses((status = 204, description = "There is no witness any more")))]
pub(super) async fn remove_audit_witness(
    State(api): State<Api>,
    Proven(Caller(actor)): Proven<Caller<{ Permission::SecurityManage as u8 }>>,
    if_match: IfMatch,
) -> Result<StatusCode> {
    witness::remove(&api.app, &actor, &if_match.precondition(tag_name(&actor))).await?;
    Ok(StatusCode::NO_CONTENT)
}
