use axum::extract::State;
use rollcall_application::sessions;
use rollcall_domain::secret::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::passkeys::AskedObject;
use crate::{api::Api, body::JsonOrNothing, problem::Result};

/// The challenge, for the second step.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BeginPasskeySignInRequest {
    /// From the answer to the password, for the second step. Without it, whoever has a passkey signs in with it alone.
    #[schema(example = "rcm_3x8h5c1vw0k9m2n7p4q6r8t1y3z5a7b9c2d4e6f8g0h2j4k6m8n1")]
    challenge: Option<String>,
}

/// Creates the WebAuthn options for signing in with a passkey.
///
/// The browser's credential for them goes to `POST /v1/sessions/passkey`, or with a challenge to `POST /v1/sessions/mfa`, within
/// five minutes. No body is the same as an empty object.
#[utoipa::path(post, path = "/v1/sessions/passkey/options", tag = "Sign-up and sessions", security(()),
    request_body = BeginPasskeySignInRequest,
    responses((status = 200, description = "What the browser is to ask its device for", body = AskedObject)))]
pub(super) async fn begin_passkey_sign_in(
    State(api): State<Api>,
    JsonOrNothing(request): JsonOrNothing<BeginPasskeySignInRequest>,
) -> Result<axum::Json<AskedObject>> {
    let options = match request.challenge.map(Secret::new) {
        Some(challenge) => sessions::begin_second_step_with_passkey(&api.app, &challenge).await?,
        None => sessions::begin_sign_in_with_passkey(&api.app).await?,
    };
    Ok(axum::Json(AskedObject::of(&options)?))
}
