//! Server-Sent Events (HTML Living Standard, section 9.2) as they are written.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, header};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Proxies that would rather send much at once are asked not to wait.
const NO_BUFFERING: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));

/// The last event that a client has heard, if it says so; a text that is none when it cannot be read.
pub(crate) fn last_event_id(headers: &HeaderMap) -> Option<&str> {
    headers.get(LAST_EVENT_ID).map(|id| id.to_str().unwrap_or_default())
}

/// The answer that a stream of events is.
pub(crate) fn answer(body: Body) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")), NO_BUFFERING], body)
        .into_response()
}

/// An event. Its data is in one line, as JSON is.
pub(crate) fn event(id: &str, kind: &str, data: &str) -> String {
    format!("id: {id}\nevent: {kind}\ndata: {data}\n\n")
}
