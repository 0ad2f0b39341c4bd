use axum::extract::State;
use rollcall_application::second_factors;

use super::object::RecoveryCodesAnswer;
use crate::{
    api::Api,
    body::NoFields,
    credential::{Enrollee, Proven},
    etag::Untagged,
    problem::Result,
};

/// Creates ten new recovery codes; the old ones stop working.
///
/// Requires a fresh proof of identity (`POST /v1/session/elevate`).
#[utoipa::path(post, path = "/v1/me/mfa/recovery-codes", tag = "Own account", security(("session" = []), ("cookie" = [])),
    responses((status = 200, description = "The new codes", body = RecoveryCodesAnswer)))]
pub(super) async fn renew_recovery_codes(
    State(api): State<Api>,
    Proven(Enrollee(actor)): Proven<Enrollee>,
    _: Untagged,
    _: NoFields,
) -> Result<axum::Json<RecoveryCodesAnswer>> {
    let codes = second_factors::renew_recovery_codes(&api.app, &actor).await?;
    Ok(axum::Json(codes.into()))
}
