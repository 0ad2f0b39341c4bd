use axum::extract::State;
use http::StatusCode;
use rollcall_application::accounts;
use rollcall_domain::secret::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{api::Api, body::Json, client::Client, problem::Result};

/// The token from the mail.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfirmEmailChangeRequest {
    /// From the link in the mail.
    #[schema(example = "3x8h5c1vw0k9m2n7p4q6r8t1y3z5a7b9c2d4e6f8g0h2j4k6m8n1")]
    token: String,
}

/// Confirms a new email address with the token from the mail.
///
/// The token is all that is needed. Every session of the account ends except the one in which the change was requested, and both
/// addresses are notified by mail.
#[utoipa::path(post, path = "/v1/me/email/confirm", tag = "Own account", security(()),
    request_body = ConfirmEmailChangeRequest, responses((status = 204, description = "Changed")))]
pub(super) async fn confirm_email_change(
    State(api): State<Api>,
    client: Client,
    Json(request): Json<ConfirmEmailChangeRequest>,
) -> Result<StatusCode> {
    accounts::confirm_email_change(&api.app, &client.origin(), &Secret::new(request.token)).await?;
    Ok(StatusCode::NO_CONTENT)
}
