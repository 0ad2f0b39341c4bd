use axum::{extract::State, response::Response};
use http::StatusCode;
use rollcall_application::{
    Error,
    calls::{self, Stored},
};
use rollcall_domain::{
    Permission,
    calls::{InvalidSegment, TranscriptSegment},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::transcript::{SegmentObject, TranscriptObject};
use crate::{
    api::Api,
    body::{Fields, Json, Object},
    credential::AnyCaller,
    etag::{IfMatch, IfNoneMatch, versioned, with_status},
    id_path::IdPath,
    problem::Result,
};

/// What was said.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StoreTranscriptRequest {
    /// All of it.
    #[schema(value_type = Vec<SegmentObject>)]
    segments: Vec<Object<SegmentObject>>,
}

impl StoreTranscriptRequest {
    fn segments(self) -> std::result::Result<Vec<TranscriptSegment>, Error> {
        let mut fields = Fields::default();
        let mut segments = Vec::with_capacity(self.segments.len());
        for (at, Object(segment)) in self.segments.into_iter().enumerate() {
            let SegmentObject { speaker, start_ms, end_ms, text } = segment;
            let Some(speaker) = fields.parse(&format!("segments[{at}].speaker"), &speaker) else { break };
            let segment = TranscriptSegment::new(speaker, start_ms, end_ms, text);
            let field = segment.as_ref().err().copied().map(InvalidSegment::field).unwrap_or_default();
            // What is wrong with one is wrong with all, as a rule: the first is told.
            let Some(segment) = fields.check(&format!("segments[{at}].{field}"), segment) else { break };
            segments.push(segment);
        }
        fields.result()?;
        Ok(segments)
    }
}

/// Stores the whole transcript of a call, in place of any stored before.
///
/// While PHI protection is on, telephone numbers, email addresses and payment card numbers are masked before anything is stored,
/// also where they continue from one segment to the next; `redactions` counts them.
#[utoipa::path(post, path = "/v1/calls/{call_id}/transcript", tag = "Calls",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])),
    request_body = StoreTranscriptRequest,
    params(("call_id" = String, Path, example = "call_01h455vb4pex5vsknk084sn02q"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for.")),
    responses(
        (status = 201, description = "Stored", body = TranscriptObject, headers(("ETag" = String))),
        (status = 200, description = "Stored in place of the one before", body = TranscriptObject, headers(("ETag" = String)))))]
pub(super) async fn store_transcript(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller<{ Permission::CallsWrite as u8 }>,
    IdPath(id): IdPath<rollcall_domain::id::Call>,
    if_match: IfMatch,
    Json(request): Json<StoreTranscriptRequest>,
) -> Result<Response> {
    let precondition = if_match.precondition(format!("{id}.transcript"));
    let stored =
        calls::store_transcript(&api.app, &principal, id, request.segments()?, &precondition).await?;
    let (status, transcript) = match stored {
        Stored::First(transcript) => (StatusCode::CREATED, transcript),
        Stored::Instead(transcript) => (StatusCode::OK, transcript),
    };
    let (name, version) = (format!("{id}.transcript"), transcript.version);
    let response = with_status(
        status,
        versioned(name, version, &IfNoneMatch::default(), &TranscriptObject::of(id, transcript)),
    );
    Ok(response)
}
