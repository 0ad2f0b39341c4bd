use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use rollcall_application::{Actor, Error, escalations};
use rollcall_domain::{Permission, escalations::EscalationRefusal};

use super::object::{ClaimedObject, ToldClaim};
use crate::{
    api::Api,
    body::NoFields,
    credential::Caller,
    etag::{IfMatch, Untagged},
    id_path::IdPath,
    middleware::ToldBefore,
    problem::Result,
};

/// Tells again of a call that was taken, as it is now: an old answer would tell of a lease that may be over.
async fn again(api: &Api, actor: &Actor, before: &ToldBefore) -> Result<axum::Json<ClaimedObject>> {
    // Nothing else is kept for these paths.
    let told: Option<ToldClaim> = serde_json::from_slice(&before.0).ok();
    let told = told.ok_or(Error::from(EscalationRefusal::LeaseLost))?;
    let (id, token) = told.lease();
    let held = escalations::held(&api.app, actor, id, &token).await?;
    Ok(axum::Json(ClaimedObject::renewed(held, &token)))
}

/// Claims a waiting call.
///
/// The agent gets a lease: it is kept by renewing it or by heartbeats, otherwise the call returns to its place in the queue. With
/// an `Idempotency-Key` a repeat, after a lost answer, returns the same lease for as long as it holds, and `lease_lost`
/// afterwards.
#[utoipa::path(post, path = "/v1/escalations/{escalation_id}/claim", tag = "Escalations",
    security(("session" = []), ("access_token" = []), ("cookie" = [])),
    params(("escalation_id" = String, Path, example = "esc_01h455vb4pex5vsknk084sn02q"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for.")),
    responses((status = 200, description = "It is yours", body = ClaimedObject)))]
pub(super) async fn claim_escalation(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::EscalationsClaim as u8 }>,
    IdPath(id): IdPath<rollcall_domain::id::Escalation>,
    if_match: IfMatch,
    before: Option<Extension<ToldBefore>>,
    NoFields: NoFields,
) -> Result<axum::Json<ClaimedObject>> {
    if let Some(Extension(before)) = before {
        return again(&api, &actor, &before).await;
    }
    let claimed = escalations::claim(&api.app, &actor, id, &if_match.precondition(id)).await?;
    Ok(axum::Json(ClaimedObject::claimed(claimed)))
}

/// Claims the next waiting call: the most urgent one, and of those the one that has waited longest.
///
/// A call that is offered to the caller comes first. An `Idempotency-Key` works as for claiming a call by its id; that no call
/// waits is not remembered for it.
#[utoipa::path(post, path = "/v1/escalations/claim-next", tag = "Escalations",
    security(("session" = []), ("access_token" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "It is yours", body = ClaimedObject),
        (status = 204, description = "None waits that you can take")))]
pub(super) async fn claim_next(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::EscalationsClaim as u8 }>,
    _: Untagged,
    before: Option<Extension<ToldBefore>>,
    NoFields: NoFields,
) -> Result<Response> {
    if let Some(Extension(before)) = before {
        return Ok(again(&api, &actor, &before).await?.into_response());
    }
    Ok(match escalations::claim_next(&api.app, &actor).await? {
        Some(claimed) => axum::Json(ClaimedObject::claimed(claimed)).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}
