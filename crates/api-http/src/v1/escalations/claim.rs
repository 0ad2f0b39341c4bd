use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use rollcall_application::escalations;
use rollcall_domain::Permission;

use super::object::ClaimedObject;
use crate::{api::Api, body::NoFields, credential::Caller, id_path::IdPath, problem::Result};

/// Takes a call that waits. What one gets is a lease: renew it, or send heartbeats, or the call goes back to its place in the queue. Send
/// an `Idempotency-Key` to be told the same lease again when the answer is lost.
#[utoipa::path(post, path = "/v1/escalations/{escalation_id}/claim", tag = "Escalations",
    security(("session" = []), ("access_token" = []), ("cookie" = [])),
    params(("escalation_id" = String, Path, example = "esc_01h455vb4pex5vsknk084sn02q")),
    responses((status = 200, description = "It is yours", body = ClaimedObject)))]
pub(super) async fn claim_escalation(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::EscalationsClaim as u8 }>,
    IdPath(id): IdPath<rollcall_domain::id::Escalation>,
    NoFields: NoFields,
) -> Result<axum::Json<ClaimedObject>> {
    let claimed = escalations::claim(&api.app, &actor, id).await?;
    Ok(axum::Json(ClaimedObject::claimed(claimed, api.app.now())))
}

/// Takes the call that is the most urgent, and of those the one that has waited for longest; one that is offered to whoever asks goes
/// first.
#[utoipa::path(post, path = "/v1/escalations/claim-next", tag = "Escalations",
    security(("session" = []), ("access_token" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "It is yours", body = ClaimedObject),
        (status = 204, description = "None waits that you can take")))]
pub(super) async fn claim_next(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::EscalationsClaim as u8 }>,
    NoFields: NoFields,
) -> Result<Response> {
    Ok(match escalations::claim_next(&api.app, &actor).await? {
        Some(claimed) => axum::Json(ClaimedObject::claimed(claimed, api.app.now())).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}
