use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};
use rollcall_application::sessions::{self, SignIn};
use rollcall_domain::{OrganizationId, secret::Password};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::objects::SignedInObject;
use crate::{
    api::Api,
    body::{Fields, Json},
    client::Client,
    device_cookie::DeviceTokens,
    problem::Result,
};

/// What somebody signs in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignInRequest {
    #[schema(example = "grace@navy.example")]
    email: String,
    #[schema(example = "correct horse battery staple")]
    password: String,
    /// The organization to work in; the one used last if left out.
    #[schema(example = "org_01h455vb4pex5vsknk084sn02q")]
    organization_id: Option<String>,
}

/// Somebody is signed in.
#[derive(Serialize, ToSchema)]
pub(super) struct SignInAnswer {
    #[schema(example = "authenticated")]
    status: &'static str,
    #[serde(flatten)]
    signed_in: SignedInObject,
}

/// Signs in. An unknown address and a wrong password are answered alike, and after too many of them 429.
///
/// The answer sets a cookie by which the device is known again: whoever guesses the password elsewhere then does not use up
/// what this device may try.
#[utoipa::path(post, path = "/v1/sessions", tag = "Sign-up and sessions", security(()), request_body = SignInRequest,
    responses((status = 201, description = "Signed in", body = SignInAnswer)))]
pub(super) async fn sign_in(
    State(api): State<Api>,
    client: Client,
    headers: HeaderMap,
    Json(request): Json<SignInRequest>,
) -> Result<Response> {
    let mut fields = Fields::default();
    let email = fields.parse("email", &request.email);
    let password = fields.check("password", Password::checked(&request.password));
    let (Some(email), Some(password)) = (email, password) else { return Err(fields.into_error().into()) };
    // An id of another kind names nothing that exists, just as this one does; whether that is told comes later.
    let nothing = || OrganizationId::from_parts(0, &[0; 10]);
    let organization = request.organization_id.map(|id| id.parse().unwrap_or_else(|_| nothing()));
    let cookie = api.settings.cookie;
    let known = DeviceTokens::of(&headers, cookie);
    let command = SignIn { email, password, organization, devices: known.0.clone() };
    let signed_in = sessions::sign_in(&api.app, &client.origin(), command).await?;
    let device = known.given(&signed_in, cookie);
    let answer = axum::Json(SignInAnswer { status: "authenticated", signed_in: signed_in.into() });
    Ok((StatusCode::CREATED, device, answer).into_response())
}
