use axum::extract::State;
use rollcall_application::audit::witness;

use super::object::WitnessObject;
use crate::{api::Api, credential::AnyCaller, problem::Result};

/// Shows who is sent the checkpoints of the organization's audit log, and what has become of the last ones.
#[utoipa::path(get, path = "/v1/audit/witness", tag = "Audit log",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])),
    responses((status = 200, description = "The witness", body = WitnessObject)))]
pub(super) async fn show_audit_witness(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller,
) -> Result<axum::Json<WitnessObject>> {
    Ok(axum::Json(witness::show(&api.app, &principal).await?.into()))
}
