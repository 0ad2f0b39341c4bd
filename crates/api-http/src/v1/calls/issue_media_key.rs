use axum::extract::State;
use http::StatusCode;
use rollcall_application::calls;
use rollcall_domain::Permission;

use super::media_key::MediaKeyObject;
use crate::{
    api::Api, body::NoFields, credential::AnyCaller, etag::Untagged, id_path::IdPath, problem::Result,
};

/// Gives whoever asks a key to take part in a call that goes on. Each that is given is another participant: the base key is
/// ratcheted (RFC 9605 section 5.1), so that nothing can be read that was sent before. Who is here already ratchets theirs when they meet
/// a `key_id` of a later step. When somebody who holds the present key may not take part any more, there is a new one.
#[utoipa::path(post, path = "/v1/calls/{call_id}/media-keys", tag = "Calls",
    security(("session" = []), ("cookie" = []), ("api_key" = [])),
    params(("call_id" = String, Path, example = "call_01h455vb4pex5vsknk084sn02q")),
    responses((status = 201, description = "The key", body = MediaKeyObject)))]
pub(super) async fn issue_media_key(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller<{ Permission::MediaKeysIssue as u8 }>,
    _: Untagged,
    IdPath(id): IdPath<rollcall_domain::id::Call>,
    _: NoFields,
) -> Result<(StatusCode, axum::Json<MediaKeyObject>)> {
    let issued = calls::issue_media_key(&api.app, &principal, id).await?;
    Ok((StatusCode::CREATED, axum::Json(issued.into())))
}
