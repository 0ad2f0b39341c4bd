use axum::{extract::State, response::Response};
use rollcall_application::api_keys;
use rollcall_domain::Permission;

use super::object::ApiKeyObject;
use crate::{
    api::Api,
    credential::Caller,
    etag::{IfNoneMatch, versioned},
    id_path::IdPath,
    problem::Result,
};

/// Shows an API key.
///
/// Using the key changes its `ETag`; an `ETag` from before a use is still accepted by `If-Match`.
#[utoipa::path(get, path = "/v1/api-keys/{api_key_id}", tag = "API keys",
    params(("api_key_id" = String, Path, example = "key_01h455vb4pex5vsknk084sn02q")),
    responses((status = 200, description = "The key", body = ApiKeyObject, headers(("ETag" = String)))))]
pub(super) async fn show_api_key(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::ApiKeysRead as u8 }>,
    IdPath(id): IdPath<rollcall_domain::id::ApiKey>,
    known: IfNoneMatch,
) -> Result<Response> {
    let listed = api_keys::show(&api.app, &actor, id).await?;
    let version = listed.key.version;
    Ok(versioned(id, version, &known, &ApiKeyObject::from(listed)))
}
