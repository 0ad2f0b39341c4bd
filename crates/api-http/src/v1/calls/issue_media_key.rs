use axum::extract::State;
use http::StatusCode;
use rollcall_application::calls;
use rollcall_domain::Permission;

use super::media_key::MediaKeyObject;
use crate::{
    api::Api, body::NoFields, credential::AnyCaller, etag::Untagged, id_path::IdPath, problem::Result,
};

/// Issues a key for the caller to take part in an encrypted call in progress.
///
/// Each issued key stands for another participant: the base key is ratcheted (RFC 9605 section 5.1), so nothing that was sent
/// before can be read. Participants who are in the call ratchet theirs when they meet a `key_id` of a later step. When somebody
/// who holds the current key may no longer take part, or what they got it with has ended (their session, or a secret of their API
/// key), a new one is issued.
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
