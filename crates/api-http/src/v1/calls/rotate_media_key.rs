use axum::extract::State;
use rollcall_application::calls;
use rollcall_domain::Permission;

use super::media_key::MediaKeyObject;
use crate::{
    api::Api, body::NoFields, credential::AnyCaller, etag::Untagged, id_path::IdPath, problem::Result,
};

/// Replaces the key of a call in progress because somebody has left it, and issues the caller one.
///
/// It cannot be derived from the one before. The other participants request theirs.
#[utoipa::path(post, path = "/v1/calls/{call_id}/media-keys/rotate", tag = "Calls",
    security(("session" = []), ("cookie" = []), ("api_key" = [])),
    params(("call_id" = String, Path, example = "call_01h455vb4pex5vsknk084sn02q")),
    responses((status = 200, description = "The new key", body = MediaKeyObject)))]
pub(super) async fn rotate_media_key(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller<{ Permission::MediaKeysIssue as u8 }>,
    _: Untagged,
    IdPath(id): IdPath<rollcall_domain::id::Call>,
    _: NoFields,
) -> Result<axum::Json<MediaKeyObject>> {
    let issued = calls::rotate_media_key(&api.app, &principal, id).await?;
    Ok(axum::Json(issued.into()))
}
