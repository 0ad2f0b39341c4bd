use axum::extract::State;
use http::StatusCode;
use rollcall_application::api_keys;
use rollcall_domain::Permission;

use crate::{api::Api, credential::Caller, etag::IfMatch, id_path::IdPath, problem::Result};

/// Revokes an API key, with all of its secrets and access tokens.
///
/// The node that answers refuses it from then on, every other node within a second. It stays in the list.
#[utoipa::path(delete, path = "/v1/api-keys/{api_key_id}", tag = "API keys",
    params(("api_key_id" = String, Path, example = "key_01h455vb4pex5vsknk084sn02q"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for.")),
    responses((status = 204, description = "Revoked")))]
pub(super) async fn revoke_api_key(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::ApiKeysManage as u8 }>,
    IdPath(id): IdPath<rollcall_domain::id::ApiKey>,
    if_match: IfMatch,
) -> Result<StatusCode> {
    api_keys::revoke(&api.app, &actor, id, &if_match.precondition(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
