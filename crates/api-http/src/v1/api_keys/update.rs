use axum::{extract::State, response::Response};
use rollcall_application::{
    Error, Precondition,
    api_keys::{self, Update},
};
use rollcall_domain::{ApiKeyId, Permission};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::{ApiKeyObject, RateLimitObject, end, networks, scopes};
use crate::{
    api::Api,
    body::{Fields, Json, Object, given},
    credential::Caller,
    etag::{IfMatch, IfNoneMatch, versioned},
    id_path::IdPath,
    problem::Result,
};

/// What is to be changed; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateApiKeyRequest {
    /// 1 to 100 characters.
    #[schema(example = "Call importer")]
    #[serde(default, deserialize_with = "given")]
    name: Option<String>,
    /// At least one permission, of those that are not for people only.
    #[schema(value_type = Option<Vec<String>>, example = json!(["calls:read"]))]
    #[serde(default, deserialize_with = "given")]
    scopes: Option<Vec<Permission>>,
    /// When it expires; null when it is not to.
    #[schema(value_type = Option<String>, format = DateTime, example = "2027-01-02T03:04:05Z")]
    #[serde(default, deserialize_with = "given")]
    expires_at: Option<Option<String>>,
    /// 1 to 50 networks, or single addresses, that it may be used from; null for anywhere.
    #[schema(value_type = Option<Vec<String>>, example = json!(["192.0.2.0/24"]))]
    #[serde(default, deserialize_with = "given")]
    allowed_cidrs: Option<Option<Vec<String>>>,
    /// How much it may be used; null for as much as the service allows anybody.
    #[schema(value_type = Option<RateLimitObject>)]
    #[serde(default, deserialize_with = "given")]
    rate_limit: Option<Option<Object<RateLimitObject>>>,
}

impl UpdateApiKeyRequest {
    fn command(self, id: ApiKeyId, precondition: Precondition) -> std::result::Result<Update, Error> {
        let mut fields = Fields::default();
        let name = fields.parse_if_given("name", self.name.as_deref());
        let scopes = self.scopes.and_then(|names| scopes(&mut fields, names));
        let expires_at = self.expires_at.map(|text| text.and_then(|text| end(&mut fields, &text)));
        let networks = self.allowed_cidrs.and_then(|texts| fields.take(networks(texts.as_deref())));
        let rate_limit =
            self.rate_limit.map(|limit| limit.and_then(|Object(limit)| fields.take(limit.limit())));
        fields.result()?;
        Ok(Update { id, name, scopes, expires_at, networks, rate_limit, precondition })
    }
}

/// Changes an API key.
///
/// The node that answers applies the change from the key's next use on, every other node within a second.
#[utoipa::path(patch, path = "/v1/api-keys/{api_key_id}", tag = "API keys", request_body = UpdateApiKeyRequest,
    params(("api_key_id" = String, Path, example = "key_01h455vb4pex5vsknk084sn02q")),
    responses((status = 200, description = "The key as it is now", body = ApiKeyObject, headers(("ETag" = String)))))]
pub(super) async fn update_api_key(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::ApiKeysManage as u8 }>,
    IdPath(id): IdPath<rollcall_domain::id::ApiKey>,
    if_match: IfMatch,
    Json(request): Json<UpdateApiKeyRequest>,
) -> Result<Response> {
    let command = request.command(id, if_match.precondition(id))?;
    let listed = api_keys::update(&api.app, &actor, command).await?;
    let version = listed.key.version;
    Ok(versioned(id, version, &IfNoneMatch::default(), &ApiKeyObject::from(listed)))
}
