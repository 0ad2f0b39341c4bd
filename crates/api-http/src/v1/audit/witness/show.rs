use axum::{extract::State, response::Response};
use rollcall_application::audit::witness;
use rollcall_domain::Permission;

use super::object::{WitnessObject, tag_name};
use crate::{
    api::Api,
    credential::AnyCaller,
    etag::{IfNoneMatch, versioned},
    problem::Result,
};

/// Shows the witness of the audit log, and the state of the last checkpoints sent to it.
#[utoipa::path(get, path = "/v1/audit/witness", tag = "Audit log",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])),
    responses((status = 200, description = "The witness", body = WitnessObject, headers(("ETag" = String)))))]
pub(super) async fn show_audit_witness(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller<{ Permission::AuditLogRead as u8 }>,
    known: IfNoneMatch,
) -> Result<Response> {
    let shown = witness::show(&api.app, &principal).await?;
    let version = shown.kept.version();
    Ok(versioned(tag_name(&principal), version, &known, &WitnessObject::from(shown)))
}
