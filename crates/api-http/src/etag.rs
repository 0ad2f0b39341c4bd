//! Entity tags: which version of a thing a client has (RFC 9110 sections 8.8.3 and 13.1).

use std::fmt::Display;

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};

use crate::problem::{Code, Problem};

/// The version that an `If-Match` header asks for; none if the client does not care.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IfMatch(pub(crate) Option<i32>);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else { return Ok(Self(None)) };
        match value.to_str().map(str::trim) {
            Ok("*") => Ok(Self(None)),
            // A tag that is not one of ours, a weak one or a list is another version than ours for certain.
            Ok(tag) => {
                let version = tag.strip_prefix("\"v").and_then(|tag| tag.strip_suffix('"'));
                let version = version.and_then(|version| version.parse().ok());
                version
                    .map(|version| Self(Some(version)))
                    .ok_or_else(|| Problem::plain(Code::PreconditionFailed))
            }
            Err(_) => Err(Problem::plain(Code::PreconditionFailed)),
        }
    }
}

/// An answer with the tag of the thing it shows; or just 304, if the client has that version.
pub(crate) fn tagged(version: impl Display, request: &HeaderMap, body: impl IntoResponse) -> Response {
    let tag = format!("\"v{version}\"");
    let known = request.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let unchanged = known.is_some_and(|known| known.split(',').any(|known| known.trim() == tag));
    let mut response =
        if unchanged { StatusCode::NOT_MODIFIED.into_response() } else { body.into_response() };
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}
