use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderValue, header};
use rollcall_application::tokens;
use rollcall_domain::tokens::{CACHED, SigningKey};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::Api,
    etag::{self, IfNoneMatch},
    problem::Result,
};

/// The media type of a set of keys (RFC 7517 section 8.5.2).
const KIND: HeaderValue = HeaderValue::from_static("application/jwk-set+json");

/// The keys that check signatures (RFC 7517 section 5).
#[derive(Serialize, ToSchema)]
pub(super) struct KeySet {
    /// Each key: those that sign, those that are about to, and those whose signatures may still be good.
    keys: Vec<PublicKey>,
}

/// The public part of a key (RFC 8037 section 2).
#[derive(Serialize, ToSchema)]
pub(super) struct PublicKey {
    #[schema(example = "OKP")]
    kty: &'static str,
    #[schema(example = "Ed25519")]
    crv: &'static str,
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    x: String,
    /// Names the key: its thumbprint (RFC 7638).
    #[schema(example = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")]
    kid: String,
    #[serde(rename = "use")]
    #[schema(example = "sig")]
    usage: &'static str,
    #[schema(example = "EdDSA")]
    alg: &'static str,
    /// What it signs, and nothing else: `access_token`, `audit_checkpoint` for the checkpoints of audit logs, `live_grant`.
    #[schema(example = "access_token")]
    purpose: &'static str,
}

impl From<SigningKey> for PublicKey {
    fn from(key: SigningKey) -> Self {
        Self {
            kty: "OKP",
            crv: "Ed25519",
            x: URL_SAFE_NO_PAD.encode(key.public_key),
            kid: key.kid,
            usage: "sig",
            alg: "EdDSA",
            purpose: key.purpose.as_str(),
        }
    }
}

/// Shows the public keys for access tokens, checkpoints of audit logs and live grants (JWKS).
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "Access tokens", security(()),
    responses((status = 200, description = "The keys", content_type = "application/jwk-set+json", body = KeySet,
        headers(("ETag" = String), ("Cache-Control" = String)))))]
pub(super) async fn show_signing_keys(State(api): State<Api>, known: IfNoneMatch) -> Result<Response> {
    let keys = tokens::publish(&api.app).await?;
    let set = KeySet { keys: keys.into_iter().map(PublicKey::from).collect() };
    let cached = format!("public, max-age={}", CACHED.whole_seconds());
    Ok(([(header::CACHE_CONTROL, cached)], etag::by_content_of_kind(KIND, &known, &set)).into_response())
}
