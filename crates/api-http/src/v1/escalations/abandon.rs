use axum::extract::State;
use rollcall_application::escalations;
use rollcall_domain::Permission;

use super::object::EscalationObject;
use crate::{
    api::Api, body::NoFields, credential::AnyCaller, etag::IfMatch, id_path::IdPath, problem::Result,
};

/// Reports that the caller hung up before an agent took the call.
///
/// Ending the call (`PATCH /v1/calls/{call_id}`) has the same effect.
#[utoipa::path(post, path = "/v1/escalations/{escalation_id}/abandon", tag = "Escalations",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])),
    params(("escalation_id" = String, Path, example = "esc_01h455vb4pex5vsknk084sn02q"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for.")),
    responses((status = 200, description = "The escalation as it is now", body = EscalationObject)))]
pub(super) async fn abandon_escalation(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller<{ Permission::EscalationsCreate as u8 }>,
    IdPath(id): IdPath<rollcall_domain::id::Escalation>,
    if_match: IfMatch,
    NoFields: NoFields,
) -> Result<axum::Json<EscalationObject>> {
    let shown = escalations::abandon(&api.app, &principal, id, &if_match.precondition(id)).await?;
    Ok(axum::Json(EscalationObject::new(shown)))
}
