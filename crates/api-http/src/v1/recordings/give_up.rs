use axum::extract::State;
use http::StatusCode;
use rollcall_application::recordings;
use rollcall_domain::{Permission, id::Call};

use crate::{
    api::Api, body::NoFields, credential::AnyCaller, etag::Untagged, id_path::IdPath, problem::Result,
};

/// Discards an unfinished upload of a call's recording.
///
/// Nothing of it is kept, and whoever is sending it is answered `upload_superseded`. A finished recording is not affected.
#[utoipa::path(delete, path = "/v1/calls/{call_id}/recording/upload", tag = "Recordings",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])),
    params(("call_id" = String, Path, example = "call_01h455vb4pex5vsknk084sn02q")),
    responses((status = 204, description = "It is gone")))]
pub(super) async fn give_up_upload(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller<{ Permission::CallsWrite as u8 }>,
    _: Untagged,
    IdPath(call): IdPath<Call>,
    _: NoFields,
) -> Result<StatusCode> {
    recordings::give_up(&api.app, &principal, call).await?;
    Ok(StatusCode::NO_CONTENT)
}
