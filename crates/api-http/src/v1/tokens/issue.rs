use axum::extract::State;
use http::StatusCode;
use rollcall_application::tokens::{self, Issued};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{api::Api, body::NoFields, credential::AnyCaller, etag::Untagged, problem::Result};

/// An access token.
#[derive(Serialize, ToSchema)]
pub(super) struct AccessToken {
    /// The token: a JSON Web Token of type `at+jwt`, signed with EdDSA by a key of `/.well-known/jwks.json`.
    #[schema(
        example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSIsImtpZCI6IuKApiJ9.eyJzdWIiOiLigKYifQ.c2lnbmF0dXJl"
    )]
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// How many seconds it is valid.
    #[schema(example = 300)]
    expires_in: u64,
}

/// Issues an access token for other services, valid for at most five minutes.
///
/// It states who is signed in, in which organization and role, or which API key requested it. It is issued for a session token or
/// an API key; an access token cannot renew itself.
#[utoipa::path(post, path = "/v1/tokens", tag = "Access tokens", security(("session" = []), ("cookie" = []), ("api_key" = [])),
    responses((status = 201, description = "The token", body = AccessToken)))]
pub(super) async fn issue_access_token(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller,
    _: Untagged,
    NoFields: NoFields,
) -> Result<(StatusCode, axum::Json<AccessToken>)> {
    let Issued { token, expires_in } = tokens::issue(&api.app, &principal).await?;
    let access_token = token.expose().to_owned();
    Ok((StatusCode::CREATED, axum::Json(AccessToken { access_token, token_type: "Bearer", expires_in })))
}
