use axum::extract::State;
use rollcall_application::sessions;

use super::super::passkeys::AskedObject;
use crate::{api::Api, body::NoFields, credential::Caller, etag::Untagged, problem::Result};

/// Creates the WebAuthn options for a proof of identity by one of the caller's passkeys.
///
/// The browser's credential for them goes to `POST /v1/session/elevate` as `credential`, within five minutes and in the same
/// session.
#[utoipa::path(post, path = "/v1/session/elevate/options", tag = "Sign-up and sessions",
    security(("session" = []), ("cookie" = [])),
    responses((status = 200, description = "What the browser is to ask its device for", body = AskedObject)))]
pub(super) async fn begin_passkey_elevation(
    State(api): State<Api>,
    Caller(actor): Caller,
    _: Untagged,
    _: NoFields,
) -> Result<axum::Json<AskedObject>> {
    let options = sessions::begin_elevation_with_passkey(&api.app, &actor).await?;
    Ok(axum::Json(AskedObject::of(&options)?))
}
