use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};
use rollcall_application::{
    Error,
    second_factors::Presented,
    sessions::{self, SecondStep, SecondStepWithPasskey},
};
use rollcall_domain::{second_factors::Method, secret::Secret};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{super::passkeys::credential, sign_in::SignInAnswer};
use crate::{api::Api, body::Json, client::Client, device_cookie::DeviceTokens, problem::Result};

/// The challenge, and what answers it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SecondStepRequest {
    /// From the answer to the password.
    #[schema(example = "rcm_3x8h5c1vw0k9m2n7p4q6r8t1y3z5a7b9c2d4e6f8g0h2j4k6m8n1")]
    challenge: String,
    /// `totp`, `recovery_code` or `passkey`.
    #[schema(example = "totp")]
    method: String,
    /// For an authenticator app or a recovery code.
    #[schema(example = "287082")]
    code: Option<String>,
    /// For a passkey: what `navigator.credentials.get` gives, as JSON.
    #[schema(value_type = Option<Object>)]
    credential: Option<Map<String, Value>>,
}

/// What answers the challenge.
enum Shown {
    Code(Presented),
    Passkey(Secret),
}

/// Completes a sign-in with a second factor, after the password.
///
/// A challenge is valid for one session, for five minutes and for five wrong codes. Wrong codes are also counted over all
/// challenges of the account, and too many of them are answered 429.
#[utoipa::path(post, path = "/v1/sessions/mfa", tag = "Sign-up and sessions", security(()), request_body = SecondStepRequest,
    responses((status = 201, description = "Signed in", body = SignInAnswer)))]
pub(super) async fn sign_in_second_step(
    State(api): State<Api>,
    client: Client,
    headers: HeaderMap,
    Json(request): Json<SecondStepRequest>,
) -> Result<Response> {
    let cookie = api.settings.cookie;
    let known = DeviceTokens::of(&headers, cookie);
    let (challenge, devices) = (Secret::new(request.challenge.as_str()), known.0.clone());
    let (app, origin) = (&api.app, client.origin());
    let signed_in = match shown(request)? {
        Shown::Code(presented) => {
            sessions::second_step(app, &origin, SecondStep { challenge, presented, devices }).await?
        }
        Shown::Passkey(credential) => {
            let command = SecondStepWithPasskey { challenge, credential, devices };
            sessions::second_step_with_passkey(app, &origin, command).await?
        }
    };
    let device = known.given(&signed_in, cookie);
    Ok((StatusCode::CREATED, device, axum::Json(SignInAnswer::from(signed_in))).into_response())
}

fn shown(request: SecondStepRequest) -> Result<Shown> {
    let method = Method::ALL.into_iter().find(|method| method.as_str() == request.method);
    let missing = |field| Error::invalid(field, "is missing");
    // Whoever gives two proofs is told that one of them would not be looked at.
    let unasked = |field| Error::invalid(field, "must not be given with this method");
    let code = || match (&request.code, &request.credential) {
        (_, Some(_)) => Err(unasked("credential")),
        (Some(code), None) => Ok(code.as_str()),
        (None, None) => Err(missing("code")),
    };
    match method {
        Some(Method::Totp) => Ok(Shown::Code(Presented::totp(code()?))),
        Some(Method::RecoveryCode) => Ok(Shown::Code(Presented::recovery_code(code()?))),
        Some(Method::Passkey) => match (request.code, request.credential) {
            (Some(_), _) => Err(unasked("code").into()),
            (None, Some(answer)) => Ok(Shown::Passkey(credential(answer))),
            (None, None) => Err(missing("credential").into()),
        },
        None => Err(Error::invalid("method", "must be totp, recovery_code or passkey").into()),
    }
}
