use std::time::{Duration, Instant};

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rollcall_application::{
    Error, FieldError,
    recordings::{self, Take, UploadExtent, UploadOutcome, UploadState},
};
use rollcall_domain::{Permission, id::Call, recordings::Recording};
use tokio::time::timeout;

use super::{
    digest::{self, REPR_DIGEST},
    object::{RecordingObject, UploadProgress},
    pace::Pace,
};
use crate::{
    api::Api,
    credential::AnyCaller,
    etag::IfMatch,
    id_path::IdPath,
    problem::{Code, Problem, Result, UPLOAD_OFFSET},
    ranges::{self, Sent},
};

/// The longest that bytes are waited for before it is looked again whether they may still come.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How much of a body that is not wanted is read, so that its sender gets to read the answer; and for how long.
const READ_IN_VAIN: (usize, Duration) = (8 << 20, Duration::from_secs(2));

/// Uploads the recording of a call: wav, ogg with Opus, mp3 or webm, recognised by its content.
///
/// It is encrypted as it arrives, and only kept once it is complete: an upload that breaks off leaves nothing. `Repr-Digest`
/// (`sha-256`, RFC 9530) is verified if it is given, and returned. Uploading the same recording again is answered 200; another
/// one is refused, as a recording is never replaced.
///
/// To resume an upload that breaks off, send it with `Content-Range: bytes <first>-<last>/<total>` (or `/*` while the total
/// length is not known), whole or in parts: all but the last of at least 1048576 bytes, or 1048577 while the total is not known.
/// What has arrived is then kept for a day, and answered 202 with `Upload-Offset`, where the next part begins. `Content-Range:
/// bytes */*` without a body asks for that offset. A part from byte 0 begins anew.
///
/// The right to upload is checked again every few seconds; if it is lost, nothing is kept. A client that sends nothing for long,
/// or next to nothing, is answered 408. Beyond the number of simultaneous uploads that a node allows an organization the answer
/// is 429 `rate_limited`, and 503 when the node itself has no room; both with `Retry-After`.
#[utoipa::path(put, path = "/v1/calls/{call_id}/recording", tag = "Recordings",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])),
    params(("call_id" = String, Path, example = "call_01h455vb4pex5vsknk084sn02q"),
        ("Content-Range" = Option<String>, Header, example = "bytes 0-1048575/9600044"),
        ("Repr-Digest" = Option<String>, Header, example = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for.")),
    request_body(description = "The audio", content((Vec<u8> = "audio/wav"), (Vec<u8> = "audio/ogg"), (Vec<u8> = "audio/mpeg"), (Vec<u8> = "audio/webm"))),
    responses(
        (status = 201, description = "It is kept", body = RecordingObject, headers(("Repr-Digest" = String), ("ETag" = String))),
        (status = 200, description = "It was kept already", body = RecordingObject, headers(("Repr-Digest" = String), ("ETag" = String))),
        (status = 202, description = "There is more to come", body = UploadProgress, headers(("Upload-Offset" = u64)))))]
pub(super) async fn upload_recording(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller<{ Permission::CallsWrite as u8 }>,
    IdPath(call): IdPath<Call>,
    if_match: IfMatch,
    request: Request,
) -> Result<Response> {
    let (parts, body) = request.into_parts();
    let mut body = body.into_data_stream();
    let announced = match announced(&parts.headers) {
        Ok(announced) => announced,
        Err(problem) => return refuse(body, problem).await,
    };
    let Announced { extent: Some(extent), named, sha256 } = announced else {
        let progress = recordings::progress(&api.app, &principal, call).await?;
        return Ok(answer(progress));
    };
    let command = Take { call, named, sha256, extent, precondition: if_match.named() };
    let mut upload = match recordings::begin(&api.app, &principal, command).await {
        Ok(upload) => upload,
        Err(error) => return refuse(body, error.into()).await,
    };
    let mut pace = Pace::begin(api.settings.upload_pace);
    loop {
        let asked_at = Instant::now();
        let came = match timeout(LOOK_EVERY, body.next()).await {
            Ok(Some(Ok(bytes))) => Some(bytes),
            Ok(None) => return Ok(answer(upload.end().await?)),
            Ok(Some(Err(_))) => {
                upload.break_off().await;
                return Err(Error::UploadBrokenOff.into());
            }
            Err(_) => None,
        };
        if !pace.keeps_up(asked_at.elapsed(), came.as_ref().map_or(0, Bytes::len)) {
            upload.break_off().await;
            return Err(Problem::plain(Code::RequestTimeout));
        }
        let went_on = match came {
            Some(bytes) => upload.write(bytes).await,
            None => upload.look_again().await,
        };
        if let Err(error) = went_on {
            // Its place is another's from now on, however long its sender takes to read why.
            drop(upload);
            return refuse(body, error.into()).await;
        }
    }
}

/// What the headers say about what comes.
struct Announced {
    /// How much; none when nothing does, and it is only asked how far it has come.
    extent: Option<UploadExtent>,
    named: Option<String>,
    sha256: Option<[u8; 32]>,
}

fn announced(headers: &HeaderMap) -> Result<Announced> {
    let invalid = |field: &str, problem: &str| Problem::invalid(vec![FieldError::new(field, problem)]);
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if text(header::CONTENT_ENCODING).is_some_and(|coding| !coding.trim().eq_ignore_ascii_case("identity")) {
        return Err(Problem::new(Code::UnsupportedMediaType, "Send the audio without a Content-Encoding."));
    }
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    let sent = ranges::sent(headers).map_err(|()| {
        invalid("Content-Range", "must be like bytes 0-1048575/9600044, or bytes */* to ask")
    })?;
    let extent = match sent {
        None => Some(UploadExtent::Whole(length)),
        Some(Sent::Part { from, until, total }) => {
            if length.is_some_and(|length| length != until - from) {
                return Err(invalid("Content-Range", "must name as many bytes as Content-Length"));
            }
            Some(UploadExtent::Part { from, until, total })
        }
        Some(Sent::None) if length.unwrap_or_default() == 0 => None,
        Some(Sent::None) => return Err(invalid("Content-Range", "must name the bytes that are sent")),
    };
    let sha256 =
        digest::named(headers).map_err(|()| invalid("Repr-Digest", "must be like sha-256=:<base64>:"))?;
    let named =
        text(header::CONTENT_TYPE).and_then(|kind| kind.split(';').next()).map(|kind| kind.trim().to_owned());
    Ok(Announced { extent, named, sha256 })
}

/// Answers before all of the body has come. A connection that is closed with something left to read takes the answer with it, so some
/// of it is read in vain.
async fn refuse(mut body: axum::body::BodyDataStream, problem: Problem) -> Result<Response> {
    let (most, patience) = READ_IN_VAIN;
    let read = async {
        let mut read = 0;
        while let Some(Ok(bytes)) = body.next().await {
            read += bytes.len();
            if read > most {
                break;
            }
        }
    };
    let _ = timeout(patience, read).await;
    Err(problem)
}

fn answer(taken: UploadOutcome) -> Response {
    match taken {
        UploadOutcome::New(recording) => whole(StatusCode::CREATED, &recording),
        UploadOutcome::Known(recording) => whole(StatusCode::OK, &recording),
        UploadOutcome::Partly(progress) => partly(progress),
    }
}

fn whole(status: StatusCode, recording: &Recording) -> Response {
    let mut response = (status, Json(RecordingObject::from(recording))).into_response();
    describe(response.headers_mut(), recording);
    response
}

fn partly(progress: UploadState) -> Response {
    let mut response = (StatusCode::ACCEPTED, Json(UploadProgress::from(progress))).into_response();
    response.headers_mut().insert(UPLOAD_OFFSET, HeaderValue::from(progress.received));
    response
}

/// Which bytes they are.
pub(super) fn describe(headers: &mut HeaderMap, recording: &Recording) {
    if let Ok(tag) = HeaderValue::try_from(etag(recording)) {
        headers.insert(header::ETAG, tag);
    }
    if let Some(digest) = digest::value(&recording.sha256) {
        headers.insert(REPR_DIGEST, digest);
    }
}

/// A recording never changes, so its name tells which bytes there are.
pub(super) fn etag(recording: &Recording) -> String {
    format!("\"{}\"", recording.id)
}
