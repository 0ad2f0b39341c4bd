use axum::extract::State;
use rollcall_application::escalations;
use rollcall_domain::Permission;

use super::object::{EscalationObject, LeaseRequest};
use crate::{api::Api, body::Json, credential::Caller, etag::IfMatch, id_path::IdPath, problem::Result};

/// Reports that the calling agent is done with a call.
#[utoipa::path(post, path = "/v1/escalations/{escalation_id}/resolve", tag = "Escalations",
    security(("session" = []), ("access_token" = []), ("cookie" = [])), request_body = LeaseRequest,
    params(("escalation_id" = String, Path, example = "esc_01h455vb4pex5vsknk084sn02q"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for.")),
    responses((status = 200, description = "The escalation as it is now", body = EscalationObject)))]
pub(super) async fn resolve_escalation(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::EscalationsClaim as u8 }>,
    IdPath(id): IdPath<rollcall_domain::id::Escalation>,
    if_match: IfMatch,
    Json(request): Json<LeaseRequest>,
) -> Result<axum::Json<EscalationObject>> {
    let precondition = if_match.precondition(id);
    let shown = escalations::resolve(&api.app, &actor, id, &request.token(), &precondition).await?;
    Ok(axum::Json(EscalationObject::new(shown)))
}
