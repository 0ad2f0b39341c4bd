use axum::extract::State;
use http::StatusCode;
use rollcall_application::accounts;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::Api,
    body::{Fields, Json},
    client::Client,
    problem::Result,
};

/// The address of the account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordResetRequest {
    #[schema(example = "grace@navy.example")]
    email: String,
}

/// A mail is on its way, if the address has an account.
#[derive(Serialize, ToSchema)]
pub(super) struct PasswordResetAnswer {
    #[schema(example = "reset_sent")]
    status: &'static str,
}

/// Requests a mail with a link to choose a new password.
///
/// The answer is the same whether or not the address has an account.
#[utoipa::path(post, path = "/v1/password-resets", tag = "Sign-up and sessions", security(()),
    request_body = PasswordResetRequest,
    responses((status = 202, description = "A mail is on its way, if the address has an account", body = PasswordResetAnswer)))]
pub(super) async fn request_password_reset(
    State(api): State<Api>,
    client: Client,
    Json(request): Json<PasswordResetRequest>,
) -> Result<(StatusCode, axum::Json<PasswordResetAnswer>)> {
    let mut fields = Fields::default();
    let Some(email) = fields.parse("email", &request.email) else { return Err(fields.into_error().into()) };
    accounts::request_password_reset(&api.app, &client.origin(), email).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(PasswordResetAnswer { status: "reset_sent" })))
}
