use axum::extract::State;
use http::StatusCode;
use rollcall_application::audit::witness;
use rollcall_domain::Permission;

use crate::{
    api::Api,
    credential::{Caller, Proven},
    problem::Result,
};

/// Has the checkpoints sent to nobody any more. Needs a fresh proof of who one is.
#[utoipa::path(delete, path = "/v1/audit/witness", tag = "Audit log",
    responses((status = 204, description = "There is no witness any more")))]
pub(super) async fn remove_audit_witness(
    State(api): State<Api>,
    Proven(Caller(actor)): Proven<Caller<{ Permission::SecurityManage as u8 }>>,
) -> Result<StatusCode> {
    witness::remove(&api.app, &actor).await?;
    Ok(StatusCode::NO_CONTENT)
}
