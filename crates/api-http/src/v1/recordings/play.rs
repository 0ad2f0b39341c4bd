use std::{ops::Range, pin::pin, time::Duration};

use axum::{body::Body, extract::State, response::Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use rollcall_application::{
    ErrorChain, FieldError,
    recordings::{self, Playing},
};
use rollcall_domain::{
    Permission,
    id::Call,
    recordings::{PlaybackReason, Recording},
};
use serde::Deserialize;
use tokio::time::timeout;
use tracing::{Instrument, Span};
use utoipa::IntoParams;

use super::upload::{describe, etag};
use crate::{
    api::Api,
    credential::AnyCaller,
    etag::list,
    id_path::IdPath,
    problem::{Code, Problem, Result},
    query::Query,
    ranges::{self, Asked},
    streaming::{Chunks, CutOff, streamed},
};

/// How many bytes wait to be taken at a time.
const MOUTHFUL: usize = 64 * 1024;
/// The longest that they wait before it is looked again whether they may still be heard.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Why {
    /// Why it is listened to: needed while PHI protection is on, and kept in the audit log. A ticket or a purpose, and nothing about
    /// whoever is heard.
    #[param(example = "complaint 4711")]
    reason: Option<String>,
}

/// Sends the recording of a call, or with `Range` a part of it.
///
/// Each part is verified before it is sent: nothing of a damaged recording is played, and an answer that has begun is cut off.
/// Every playback is logged in the audit log. While PHI protection is on, only Owners and Admins can play recordings, and must
/// give a `reason`. `HEAD` answers with the length and plays nothing.
///
/// An answer is cut off within seconds after the right to it, or the recording, is gone. Beyond the number of simultaneous
/// downloads that a node allows an organization the answer is 429 `rate_limited`, and 503 when the node itself has no room; both
/// with `Retry-After`.
#[utoipa::path(get, path = "/v1/calls/{call_id}/recording", tag = "Recordings",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])),
    params(("call_id" = String, Path, example = "call_01h455vb4pex5vsknk084sn02q"), Why,
        ("Range" = Option<String>, Header, example = "bytes=0-65535"),
        ("If-Range" = Option<String>, Header, example = "\"rec_01h455vb4pex5vsknk084sn02q\"")),
    responses(
        (status = 200, description = "All of it", content((Vec<u8> = "audio/wav"), (Vec<u8> = "audio/ogg"), (Vec<u8> = "audio/mpeg"), (Vec<u8> = "audio/webm")),
            headers(("ETag" = String), ("Repr-Digest" = String), ("Accept-Ranges" = String), ("Content-Disposition" = String))),
        (status = 206, description = "The bytes that were asked for", headers(("Content-Range" = String), ("ETag" = String)))))]
pub(super) async fn play_recording(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller<{ Permission::RecordingsRead as u8 }>,
    IdPath(call): IdPath<Call>,
    Query(why): Query<Why>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response> {
    let reason = why.reason.map(|reason| reason.parse::<PlaybackReason>()).transpose();
    let reason = reason.map_err(|problem| Problem::invalid(vec![FieldError::new("reason", problem)]))?;
    let found = recordings::find(&api.app, &principal, call, reason).await?;
    let recording = found.recording().clone();
    let tag = etag(&recording);
    let known = |known: &str| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag;
    if list(&headers, header::IF_NONE_MATCH).any(known) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        describe(response.headers_mut(), &recording);
        return Ok(response);
    }
    let asked = if method == Method::GET {
        ranges::asked(&headers, &tag, recording.length)
    } else {
        // A range means nothing to any other method (RFC 9110 section 14.2).
        Asked::All
    };
    let (range, is_part) = match asked {
        Asked::All => (0..recording.length, false),
        Asked::Part(range) => (range, true),
        Asked::Beyond => return Ok(beyond(&recording)),
    };
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        let mut playing = found.play(range.clone()).await?;
        // The first piece before the answer, so that what is wrong from the start is told as usual.
        let first = playing.next().await?;
        let (chunks, body) = streamed(&api.settings);
        tokio::spawn(send(playing, first, chunks).instrument(Span::current()));
        body
    };
    let mut response = Response::new(body);
    tell(&mut response, &recording, &range, is_part);
    Ok(response)
}

fn tell(response: &mut Response, recording: &Recording, range: &Range<u64>, is_part: bool) {
    let headers = response.headers_mut();
    describe(headers, recording);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(recording.media.as_str()));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let name = format!("attachment; filename=\"{}.{}\"", recording.call, recording.media.extension());
    if let Ok(name) = HeaderValue::try_from(name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    if is_part {
        let part = format!("bytes {}-{}/{}", range.start, range.end - 1, recording.length);
        if let Ok(part) = HeaderValue::try_from(part) {
            headers.insert(header::CONTENT_RANGE, part);
        }
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
}

/// The answer to whoever asks for bytes that are not there.
fn beyond(recording: &Recording) -> Response {
    use axum::response::IntoResponse;

    let detail = format!("There are {} bytes.", recording.length);
    let mut response = Problem::new(Code::RangeNotSatisfiable, detail).into_response();
    if let Ok(all) = HeaderValue::try_from(format!("bytes */{}", recording.length)) {
        response.headers_mut().insert(header::CONTENT_RANGE, all);
    }
    response
}

/// Sends piece after piece, until the last or until something is in the way.
async fn send(playing: Playing, first: Option<Bytes>, chunks: Chunks) {
    if let Err(reason) = try_send(playing, first, chunks).await {
        tracing::warn!(reason = %ErrorChain(&reason), "a recording was cut off");
    }
}

async fn try_send(
    mut playing: Playing,
    first: Option<Bytes>,
    chunks: Chunks,
) -> std::result::Result<(), CutOff> {
    let mut piece = first;
    while let Some(mut bytes) = piece {
        while !bytes.is_empty() {
            playing.look_again().await?;
            let mut taken = pin!(chunks.send(bytes.split_to(bytes.len().min(MOUTHFUL))));
            loop {
                match timeout(LOOK_EVERY, &mut taken).await {
                    Ok(taken) => break taken?,
                    Err(_) => playing.look_again().await?,
                }
            }
        }
        piece = playing.next().await?;
    }
    Ok(chunks.end().await?)
}
