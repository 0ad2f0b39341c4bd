use axum::extract::State;
use rollcall_application::sessions;
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::passkeys::AskedObject;
use crate::{api::Api, body::Json, problem::Result};

/// What is known of whoever is about to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BeginPasskeySignInRequest {}

/// Asks for a proof by a passkey. Whoever has one signs in with it alone: what the browser makes of the answer goes to
/// `POST /v1/sessions/passkey`, within five minutes.
#[utoipa::path(post, path = "/v1/sessions/passkey/options", tag = "Sign-up and sessions", security(()),
    request_body = BeginPasskeySignInRequest,
    responses((status = 200, description = "What the browser is to ask its device for", body = AskedObject)))]
pub(super) async fn begin_passkey_sign_in(
    State(api): State<Api>,
    Json(BeginPasskeySignInRequest {}): Json<BeginPasskeySignInRequest>,
) -> Result<axum::Json<AskedObject>> {
    let options = sessions::begin_sign_in_with_passkey(&api.app).await?;
    Ok(axum::Json(AskedObject::of(&options)?))
}
