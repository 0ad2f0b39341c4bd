use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};
use rollcall_application::accounts::{self, CompleteSignUp};
use rollcall_domain::secret::{Password, Secret};
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::objects::SignedInObject;
use crate::{
    api::Api,
    body::{Fields, Json},
    client::Client,
    device_cookie::DeviceTokens,
    problem::Result,
};

/// The token from the mail, and the password that is chosen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CompleteSignUpRequest {
    /// From the link in the mail.
    #[schema(example = "3x8h5c1vw0k9m2n7p4q6r8t1y3z5a7b9c2d4e6f8g0h2j4k6m8n1")]
    token: String,
    /// 15 to 1,000 characters of any kind.
    #[schema(example = "correct horse battery staple")]
    password: String,
}

/// Completes a sign-up: creates the account and its organization, and signs in as its Owner.
#[utoipa::path(post, path = "/v1/signup/complete", tag = "Sign-up and sessions", security(()),
    request_body = CompleteSignUpRequest,
    responses((status = 201, description = "Signed up and signed in", body = SignedInObject)))]
pub(super) async fn complete_sign_up(
    State(api): State<Api>,
    client: Client,
    headers: HeaderMap,
    Json(request): Json<CompleteSignUpRequest>,
) -> Result<Response> {
    let mut fields = Fields::default();
    let Some(password) = fields.check("password", Password::chosen(&request.password)) else {
        return Err(fields.into_error().into());
    };
    let command = CompleteSignUp { token: Secret::new(request.token), password };
    let signed_in = accounts::complete_sign_up(&api.app, &client.origin(), command).await?;
    let cookie = api.settings.cookie;
    let device = DeviceTokens::of(&headers, cookie).given(&signed_in, cookie);
    Ok((StatusCode::CREATED, device, axum::Json(SignedInObject::from(signed_in))).into_response())
}
