//! A problem as an answer.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use rollcall_application::Limit;
use serde::Serialize;

use super::{Problem, Shown};
use crate::middleware::tell_limit;

/// How far an upload has come (draft-ietf-httpbis-resumable-upload).
pub(crate) const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");

/// What the outermost middleware needs to finish a problem's answer.
#[derive(Clone)]
pub(crate) struct Unfinished(Arc<Shown>);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer realm="rollcall""#));
        }
        if let Some(seconds) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(received) = self.0.upload_offset {
            headers.insert(UPLOAD_OFFSET, HeaderValue::from(received));
        }
        if let Some(Limit { name, quota, window, .. }) = self.0.limit {
            let (per_seconds, reset) =
                (window.whole_seconds().unsigned_abs(), self.0.retry_after.unwrap_or(1));
            tell_limit(headers, name, (quota, per_seconds), (0, reset));
        }
        response.extensions_mut().insert(Unfinished(Arc::from(self.0)));
        response
    }
}

impl Unfinished {
    /// Writes the body, now that the request's id is known.
    pub(crate) fn finish(&self, response: &mut Response, request_id: &str) {
        #[derive(Serialize)]
        struct Finished<'a> {
            #[serde(flatten)]
            problem: &'a Shown,
            request_id: &'a str,
        }
        // A map keeps the one `request_id`, the later.
        let body = serde_json::to_value(Finished { problem: &self.0, request_id }).unwrap_or_default();
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        *response.body_mut() = axum::body::Body::from(body.to_string());
    }
}
