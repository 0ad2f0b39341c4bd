use axum::{extract::State, response::IntoResponse};
use http::{StatusCode, header};
use rollcall_application::{
    Error,
    api_keys::{self, Create},
};
use rollcall_domain::Permission;
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::{ApiKeyWithSecret, RateLimitObject, end, networks, scopes};
use crate::{
    api::Api,
    body::{Fields, Json, Object},
    credential::{Caller, Proven},
    etag::Untagged,
    problem::Result,
};

/// What the key is called and may do.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateApiKeyRequest {
    /// 1 to 100 characters.
    #[schema(example = "Call importer")]
    name: String,
    /// At least one permission, of those that are not for people only.
    #[schema(value_type = Vec<String>, example = json!(["calls:read", "calls:write"]))]
    scopes: Vec<Permission>,
    /// When it expires; null or left out, it does not.
    #[schema(format = DateTime, example = "2027-01-02T03:04:05Z")]
    expires_at: Option<String>,
    /// 1 to 50 networks, or single addresses, that it may be used from; null or left out, from anywhere.
    #[schema(example = json!(["192.0.2.0/24"]))]
    allowed_cidrs: Option<Vec<String>>,
    /// How much it may be used; null or left out, as much as the service allows anybody.
    #[schema(value_type = Option<RateLimitObject>)]
    rate_limit: Option<Object<RateLimitObject>>,
}

impl CreateApiKeyRequest {
    fn command(self) -> std::result::Result<Create, Error> {
        let mut fields = Fields::default();
        let name = fields.parse("name", &self.name);
        let scopes = scopes(&mut fields, self.scopes);
        let expires_at = self.expires_at.as_deref().and_then(|text| end(&mut fields, text));
        let networks = fields.take(networks(self.allowed_cidrs.as_deref()));
        let rate_limit = self.rate_limit.and_then(|Object(limit)| fields.take(limit.limit()));
        match (name, scopes, networks) {
            (Some(name), Some(scopes), Some(networks)) => {
                fields.result()?;
                Ok(Create { name, scopes, expires_at, networks, rate_limit })
            }
            _ => Err(fields.into_error()),
        }
    }
}

/// Creates an API key.
///
/// Its secret is in the answer, and is never shown again. Requires a fresh proof of identity (`POST /v1/session/elevate`).
#[utoipa::path(post, path = "/v1/api-keys", tag = "API keys", security(("session" = []), ("cookie" = [])),
    request_body = CreateApiKeyRequest,
    responses((status = 201, description = "Made", body = ApiKeyWithSecret, headers(("Location" = String)))))]
pub(super) async fn create_api_key(
    State(api): State<Api>,
    Proven(Caller(actor)): Proven<Caller<{ Permission::ApiKeysManage as u8 }>>,
    _: Untagged,
    Json(request): Json<CreateApiKeyRequest>,
) -> Result<impl IntoResponse> {
    let made = api_keys::create(&api.app, &actor, request.command()?).await?;
    let location = format!("/v1/api-keys/{}", made.key.key.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], axum::Json(ApiKeyWithSecret::from(made))))
}
