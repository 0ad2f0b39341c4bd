use axum::extract::State;
use http::StatusCode;
use rollcall_application::api_keys;
use rollcall_domain::secret::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{api::Api, body::Json, client::Client, problem::Result};

/// The API key that was found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReportApiKeyRequest {
    /// The whole key.
    #[schema(example = "rck_0Gk3wQ9xLm2T_4jY8nB1vC7zR5tF0hK6pD3sW9xQ2mLgE8uA1oN7iV53Xq0000")]
    key: String,
}

/// The report was received, whether or not it was a key.
#[derive(Serialize, ToSchema)]
pub(super) struct ReportApiKeyAnswer {
    #[schema(example = "received")]
    status: &'static str,
}

/// Reports an API key that was found where it should not be.
///
/// If it is a key of this service, it is revoked at once, and the Owners of its organization are notified by mail. The answer is
/// the same for any text.
#[utoipa::path(post, path = "/v1/api-keys/report", tag = "API keys", security(()), request_body = ReportApiKeyRequest,
    responses((status = 202, description = "Received", body = ReportApiKeyAnswer)))]
pub(super) async fn report_api_key(
    State(api): State<Api>,
    client: Client,
    Json(request): Json<ReportApiKeyRequest>,
) -> Result<(StatusCode, axum::Json<ReportApiKeyAnswer>)> {
    api_keys::report(&api.app, &client.origin(), &Secret::new(request.key)).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(ReportApiKeyAnswer { status: "received" })))
}
