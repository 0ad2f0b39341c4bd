use axum::{extract::State, response::Response};
use rollcall_application::calls;

use super::transcript::TranscriptObject;
use crate::{
    api::Api,
    credential::AnyCaller,
    etag::{IfNoneMatch, versioned},
    id_path::IdPath,
    problem::Result,
};

/// Shows the transcript of a call, as it was stored.
///
/// What was masked then cannot be restored.
#[utoipa::path(get, path = "/v1/calls/{call_id}/transcript", tag = "Calls",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])),
    params(("call_id" = String, Path, example = "call_01h455vb4pex5vsknk084sn02q")),
    responses((status = 200, description = "The transcript", body = TranscriptObject, headers(("ETag" = String)))))]
pub(super) async fn show_transcript(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller,
    IdPath(id): IdPath<rollcall_domain::id::Call>,
    known: IfNoneMatch,
) -> Result<Response> {
    let transcript = calls::show_transcript(&api.app, &principal, id).await?;
    let version = transcript.version;
    Ok(versioned(format!("{id}.transcript"), version, &known, &TranscriptObject::of(id, transcript)))
}
