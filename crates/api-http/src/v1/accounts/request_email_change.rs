use axum::extract::State;
use http::StatusCode;
use rollcall_application::accounts;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::Api,
    body::{Fields, Json},
    credential::{Caller, Proven},
    etag::Untagged,
    problem::Result,
};

/// The new email address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EmailChangeRequest {
    #[schema(example = "grace@navy.example")]
    new_email: String,
}

/// A mail is on its way to the new address.
#[derive(Serialize, ToSchema)]
pub(super) struct EmailChangeAnswer {
    #[schema(example = "verification_sent")]
    status: &'static str,
}

/// Requests a change of the caller's email address.
///
/// Nothing changes until the link in the mail to the new address is used. The answer is the same whether or not that address
/// already has an account. Requires a fresh proof of identity (`POST /v1/session/elevate`).
#[utoipa::path(post, path = "/v1/me/email", tag = "Own account", request_body = EmailChangeRequest,
    responses((status = 202, description = "A mail is on its way to the new address", body = EmailChangeAnswer)))]
pub(super) async fn request_email_change(
    State(api): State<Api>,
    Proven(Caller(actor)): Proven<Caller>,
    _: Untagged,
    Json(request): Json<EmailChangeRequest>,
) -> Result<(StatusCode, axum::Json<EmailChangeAnswer>)> {
    let mut fields = Fields::default();
    let Some(email) = fields.parse("new_email", &request.new_email) else {
        return Err(fields.into_error().into());
    };
    accounts::request_email_change(&api.app, &actor, email).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(EmailChangeAnswer { status: "verification_sent" })))
}
