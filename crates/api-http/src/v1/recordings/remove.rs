use axum::extract::State;
use http::StatusCode;
use rollcall_application::recordings;
use rollcall_domain::{Permission, id::Call};

use crate::{api::Api, body::NoFields, credential::Caller, etag::IfMatch, id_path::IdPath, problem::Result};

/// Deletes the recording of a call.
///
/// Its key is destroyed at once, and its sound is removed; nobody can restore it.
#[utoipa::path(delete, path = "/v1/calls/{call_id}/recording", tag = "Recordings",
    params(("call_id" = String, Path, example = "call_01h455vb4pex5vsknk084sn02q"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for.")),
    responses((status = 204, description = "It is gone")))]
pub(super) async fn delete_recording(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::RecordingsDelete as u8 }>,
    IdPath(call): IdPath<Call>,
    if_match: IfMatch,
    _: NoFields,
) -> Result<StatusCode> {
    recordings::remove(&api.app, &actor, call, &if_match.named()).await?;
    Ok(StatusCode::NO_CONTENT)
}
