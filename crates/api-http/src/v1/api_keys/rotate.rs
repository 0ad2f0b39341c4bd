use axum::extract::State;
use rollcall_application::{
    Error,
    api_keys::{self, Rotate},
};
use rollcall_domain::{Permission, api_keys::LONGEST_OVERLAP};
use serde::Deserialize;
use time::Duration;
use utoipa::ToSchema;

use super::object::ApiKeyWithSecret;
use crate::{
    api::Api,
    body::Json,
    credential::{Caller, Proven},
    etag::IfMatch,
    id_path::IdPath,
    problem::Result,
};

/// How long the current secret keeps working.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RotateApiKeyRequest {
    /// How many seconds it goes on working: 0 to 604,800, which is seven days. Left out or null, it ends at once.
    #[serde(default)]
    #[schema(example = 86_400)]
    overlap_seconds: Option<u32>,
}

/// Gives an API key a new secret.
///
/// The new secret is in the answer, and is never shown again. The current one works until the overlap ends; an older one ends at
/// once, so never more than two work. Requires a fresh proof of identity (`POST /v1/session/elevate`).
#[utoipa::path(post, path = "/v1/api-keys/{api_key_id}/rotate", tag = "API keys",
    security(("session" = []), ("cookie" = [])), request_body = RotateApiKeyRequest,
    params(("api_key_id" = String, Path, example = "key_01h455vb4pex5vsknk084sn02q"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for.")),
    responses((status = 200, description = "The key with its new secret", body = ApiKeyWithSecret)))]
pub(super) async fn rotate_api_key(
    State(api): State<Api>,
    Proven(Caller(actor)): Proven<Caller<{ Permission::ApiKeysManage as u8 }>>,
    IdPath(id): IdPath<rollcall_domain::id::ApiKey>,
    if_match: IfMatch,
    Json(request): Json<RotateApiKeyRequest>,
) -> Result<axum::Json<ApiKeyWithSecret>> {
    let overlap = Duration::seconds(request.overlap_seconds.unwrap_or_default().into());
    if overlap > LONGEST_OVERLAP {
        let most = LONGEST_OVERLAP.whole_seconds();
        return Err(Error::invalid("overlap_seconds", format!("must be between 0 and {most}")).into());
    }
    let made =
        api_keys::rotate(&api.app, &actor, Rotate { id, overlap, precondition: if_match.precondition(id) })
            .await?;
    Ok(axum::Json(made.into()))
}
