use axum::extract::State;
use http::StatusCode;
use rollcall_application::accounts::{self, ResetPassword};
use rollcall_domain::secret::{Password, Secret};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    api::Api,
    body::{Fields, Json},
    client::Client,
    problem::Result,
};

/// The token from the mail, and the password that is chosen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResetPasswordRequest {
    /// From the link in the mail.
    #[schema(example = "3x8h5c1vw0k9m2n7p4q6r8t1y3z5a7b9c2d4e6f8g0h2j4k6m8n1")]
    token: String,
    /// 15 to 1,000 characters of any kind; 8 are enough where a second factor is on.
    #[schema(example = "another horse, another battery")]
    password: String,
}

/// Sets a new password with the token from the mail.
///
/// Every session of the account ends; a second factor stays on.
#[utoipa::path(post, path = "/v1/password-resets/complete", tag = "Sign-up and sessions", security(()),
    request_body = ResetPasswordRequest, responses((status = 204, description = "Changed")))]
pub(super) async fn reset_password(
    State(api): State<Api>,
    client: Client,
    Json(request): Json<ResetPasswordRequest>,
) -> Result<StatusCode> {
    let mut fields = Fields::default();
    let Some(password) = fields.check("password", Password::checked(&request.password)) else {
        return Err(fields.into_error().into());
    };
    let command = ResetPassword { token: Secret::new(request.token), password };
    accounts::reset_password(&api.app, &client.origin(), command).await?;
    Ok(StatusCode::NO_CONTENT)
}
