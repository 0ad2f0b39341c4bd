use axum::extract::State;
use rollcall_application::passkeys;

use super::AskedObject;
use crate::{
    api::Api,
    body::NoFields,
    credential::{Enrollee, Proven},
    etag::Untagged,
    problem::Result,
};

/// Creates the WebAuthn options for a new passkey.
///
/// The browser's credential for them goes to `POST /v1/me/mfa/passkeys`, within five minutes and in the same session. Requires a
/// fresh proof of identity (`POST /v1/session/elevate`).
#[utoipa::path(post, path = "/v1/me/mfa/passkeys/options", tag = "Own account",
    security(("session" = []), ("cookie" = [])),
    responses((status = 200, description = "What the browser is to ask its device for", body = AskedObject)))]
pub(super) async fn begin_passkey_registration(
    State(api): State<Api>,
    Proven(Enrollee(actor)): Proven<Enrollee>,
    _: Untagged,
    _: NoFields,
) -> Result<axum::Json<AskedObject>> {
    let options = passkeys::begin_registration(&api.app, &actor).await?;
    Ok(axum::Json(AskedObject::of(&options)?))
}
