use rollcall_application::{
    FieldError,
    api_keys::{CreatedApiKey, ListedKey},
};
use rollcall_domain::{
    ApiKeyId, Permission, PermissionSet, UserId,
    api_keys::{InvalidNetworks, InvalidRateLimit, Networks, RateLimit, Scopes},
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::body::Fields;

/// An API key. Its secret is shown when it is created, and never again.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(in crate::v1) struct ApiKeyObject {
    #[schema(value_type = String, example = "key_01h455vb4pex5vsknk084sn02q")]
    id: ApiKeyId,
    /// The first characters of every secret of the key. They are not secret.
    #[schema(example = "rck_0Gk3wQ9xLm2T")]
    prefix: String,
    #[schema(example = "Call importer")]
    name: String,
    /// What it may do: its permissions.
    #[schema(value_type = Vec<String>, example = json!(["calls:read", "calls:write"]))]
    scopes: PermissionSet,
    /// Who created it, or took it over; null once they have left.
    #[schema(value_type = Option<String>, example = "user_01h455vb4pex5vsknk084sn02q")]
    created_by: Option<UserId>,
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = String)]
    created_at: OffsetDateTime,
    /// When it expires; null when it does not.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = "2027-01-02T03:04:05Z", value_type = Option<String>)]
    expires_at: Option<OffsetDateTime>,
    /// The networks that it may be used from; null when from anywhere.
    #[schema(example = json!(["192.0.2.0/24"]))]
    allowed_cidrs: Option<Vec<String>>,
    /// How much it may be used; null when only the limits of the service hold. Each node of the service counts for itself.
    rate_limit: Option<RateLimitObject>,
    /// When it was last used; up to some seconds are missing.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = "2026-01-05T09:30:00Z", value_type = Option<String>)]
    last_used_at: Option<OffsetDateTime>,
    /// The IP address that it was last used from.
    #[schema(example = "192.0.2.7")]
    last_used_ip: Option<String>,
    /// Until when the previous secret works; null when it does not any more, or there was none.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = "2026-01-09T03:04:05Z", value_type = Option<String>)]
    previous_secret_until: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = "2026-02-02T03:04:05Z", value_type = Option<String>)]
    revoked_at: Option<OffsetDateTime>,
}

/// So many requests in so many seconds.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RateLimit)]
pub(in crate::v1) struct RateLimitObject {
    /// 1 to 1,000,000.
    #[schema(example = 600)]
    requests: u32,
    /// 1 to 86,400.
    #[schema(example = 60)]
    per_seconds: u32,
}

impl From<ListedKey> for ApiKeyObject {
    fn from(ListedKey { key, previous_until, secrets: _, last_used_at, last_used_ip }: ListedKey) -> Self {
        Self {
            id: key.id,
            prefix: key.prefix.to_string(),
            name: key.name.to_string(),
            scopes: key.scopes.permissions(),
            created_by: key.created_by,
            created_at: key.created_at,
            expires_at: key.expires_at,
            allowed_cidrs: key.networks.texts(),
            rate_limit: key.rate_limit.map(|limit| RateLimitObject {
                requests: limit.requests(),
                per_seconds: limit.per_seconds(),
            }),
            last_used_at,
            last_used_ip,
            previous_secret_until: previous_until,
            revoked_at: key.revoked_at,
        }
    }
}

/// An API key and its secret.
#[derive(Serialize, ToSchema)]
pub(super) struct ApiKeyWithSecret {
    api_key: ApiKeyObject,
    /// The secret, shown at this moment only.
    #[schema(example = "rck_0Gk3wQ9xLm2T_4jY8nB1vC7zR5tF0hK6pD3sW9xQ2mLgE8uA1oN7iV53Xq0000")]
    secret: String,
}

impl From<CreatedApiKey> for ApiKeyWithSecret {
    fn from(CreatedApiKey { key, secret }: CreatedApiKey) -> Self {
        Self { api_key: key.into(), secret: secret.expose().to_owned() }
    }
}

/// The scopes with these names.
pub(super) fn scopes(fields: &mut Fields, names: Vec<Permission>) -> Option<Scopes> {
    fields.check("scopes", Scopes::new(names))
}

/// The moment that an end is written as.
pub(super) fn end(fields: &mut Fields, text: &str) -> Option<OffsetDateTime> {
    fields.moment("expires_at", text)
}

/// The networks that are written in a list; from anywhere when there is none.
pub(super) fn networks(texts: Option<&[String]>) -> Result<Networks, FieldError> {
    let Some(texts) = texts else { return Ok(Networks::default()) };
    Networks::parse(texts).map_err(|problem| {
        let field = match problem {
            InvalidNetworks::NoNetwork { index } | InvalidNetworks::WithinNetwork { index, .. } => {
                format!("allowed_cidrs[{index}]")
            }
            InvalidNetworks::Empty | InvalidNetworks::TooMany => "allowed_cidrs".to_owned(),
        };
        FieldError::new(field, problem)
    })
}

impl RateLimitObject {
    /// The limit with these numbers.
    pub(super) fn limit(&self) -> Result<RateLimit, FieldError> {
        RateLimit::new(self.requests, self.per_seconds).map_err(|problem| {
            let field = match problem {
                InvalidRateLimit::Requests => "rate_limit.requests",
                InvalidRateLimit::PerSeconds => "rate_limit.per_seconds",
            };
            FieldError::new(field, problem)
        })
    }
}
