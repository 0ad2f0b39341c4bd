use axum::extract::State;
use http::StatusCode;
use rollcall_application::accounts::{self, SignUp};
use rollcall_domain::accounts::Locale;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::Api,
    body::{Fields, Json},
    client::Client,
    problem::Result,
};

/// Who signs up, and what the organization is to be called.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignUpRequest {
    #[schema(example = "grace@navy.example")]
    email: String,
    /// 1 to 100 characters.
    #[schema(example = "Grace Hopper")]
    name: String,
    /// 1 to 100 characters.
    #[schema(example = "Acme Voice")]
    organization_name: String,
}

/// A mail is on its way.
#[derive(Serialize, ToSchema)]
pub(super) struct SignUpAnswer {
    #[schema(example = "verification_sent")]
    status: &'static str,
}

/// Requests an account and an organization; a mail with a link completes it.
///
/// The answer is the same whether or not the address already has an account.
#[utoipa::path(post, path = "/v1/signup", tag = "Sign-up and sessions", security(()), request_body = SignUpRequest,
    responses((status = 202, description = "A mail is on its way", body = SignUpAnswer)))]
pub(super) async fn sign_up(
    State(api): State<Api>,
    client: Client,
    Json(request): Json<SignUpRequest>,
) -> Result<(StatusCode, axum::Json<SignUpAnswer>)> {
    let mut fields = Fields::default();
    let email = fields.parse("email", &request.email);
    let name = fields.parse("name", &request.name);
    let organization_name = fields.parse("organization_name", &request.organization_name);
    let (Some(email), Some(name), Some(organization_name)) = (email, name, organization_name) else {
        return Err(fields.into_error().into());
    };
    accounts::sign_up(
        &api.app,
        &client.origin(),
        SignUp { email, name, organization_name, locale: Locale::default() },
    )
    .await?;
    Ok((StatusCode::ACCEPTED, axum::Json(SignUpAnswer { status: "verification_sent" })))
}
