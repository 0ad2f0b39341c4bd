use axum::extract::State;
use http::StatusCode;
use rollcall_application::sessions::{self, SignInWithPasskey};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    super::passkeys::credential,
    sign_in::{SignInAnswer, wanted},
};
use crate::{api::Api, body::Json, client::Client, problem::Result};

/// What somebody signs in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasskeySignInRequest {
    /// What `navigator.credentials.get` gives, as JSON.
    #[schema(value_type = Object)]
    credential: Map<String, Value>,
    /// The organization to work in; the one used last if left out.
    #[schema(example = "org_01h455vb4pex5vsknk084sn02q")]
    organization_id: Option<String>,
}

/// Signs in with a passkey, without a password.
///
/// An unknown or removed passkey, a wrong answer, and one that comes too late or twice are all answered alike.
#[utoipa::path(post, path = "/v1/sessions/passkey", tag = "Sign-up and sessions", security(()),
    request_body = PasskeySignInRequest,
    responses((status = 201, description = "Signed in", body = SignInAnswer)))]
pub(super) async fn sign_in_with_passkey(
    State(api): State<Api>,
    client: Client,
    Json(request): Json<PasskeySignInRequest>,
) -> Result<(StatusCode, axum::Json<SignInAnswer>)> {
    let command = SignInWithPasskey {
        credential: credential(request.credential),
        organization: wanted(request.organization_id),
    };
    let signed_in = sessions::sign_in_with_passkey(&api.app, &client.origin(), command).await?;
    Ok((StatusCode::CREATED, axum::Json(signed_in.into())))
}
