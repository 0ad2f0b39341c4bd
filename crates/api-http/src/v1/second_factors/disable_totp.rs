use axum::extract::State;
use http::StatusCode;
use rollcall_application::second_factors;

use crate::{
    api::Api,
    body::NoFields,
    credential::{Enrollee, Proven},
    etag::Untagged,
    problem::Result,
};

/// Turns the authenticator app off.
///
/// If it is the account's last second factor, the recovery codes are removed too. Requires a fresh proof of identity (`POST
/// /v1/session/elevate`).
#[utoipa::path(delete, path = "/v1/me/mfa/totp", tag = "Own account", security(("session" = []), ("cookie" = [])),
    responses((status = 204, description = "Off")))]
pub(super) async fn disable_totp(
    State(api): State<Api>,
    Proven(Enrollee(actor)): Proven<Enrollee>,
    _: Untagged,
    _: NoFields,
) -> Result<StatusCode> {
    second_factors::disable_totp(&api.app, &actor).await?;
    Ok(StatusCode::NO_CONTENT)
}
