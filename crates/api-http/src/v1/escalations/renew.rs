use axum::extract::State;
use rollcall_application::escalations;
use rollcall_domain::Permission;

use super::object::{ClaimedObject, LeaseRequest};
use crate::{api::Api, body::Json, credential::Caller, etag::Untagged, id_path::IdPath, problem::Result};

/// Renews the lease on a claimed call.
///
/// Heartbeats do so too.
#[utoipa::path(post, path = "/v1/escalations/{escalation_id}/renew", tag = "Escalations",
    security(("session" = []), ("access_token" = []), ("cookie" = [])), request_body = LeaseRequest,
    params(("escalation_id" = String, Path, example = "esc_01h455vb4pex5vsknk084sn02q")),
    responses((status = 200, description = "It is still yours", body = ClaimedObject)))]
pub(super) async fn renew_lease(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::EscalationsClaim as u8 }>,
    _: Untagged,
    IdPath(id): IdPath<rollcall_domain::id::Escalation>,
    Json(request): Json<LeaseRequest>,
) -> Result<axum::Json<ClaimedObject>> {
    let token = request.token();
    let renewed = escalations::renew(&api.app, &actor, id, &token).await?;
    Ok(axum::Json(ClaimedObject::renewed(renewed, &token)))
}
