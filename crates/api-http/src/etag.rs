//! Entity tags: which version of a thing a client has (RFC 9110 sections 8.8.3 and 13.1).
//!
//! A tag names the thing as well as its version, so that the tag of one thing never passes for another's: not in
//! another organization, and not of another kind (attack 34). It ends with a digest of what is shown: much of a thing follows from the
//! time, and changes without anybody's changing the thing. Whoever looks again is told of that, and whoever changes the thing is
//! asked for its version alone.

use std::{convert::Infallible, fmt::Display};

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
use rollcall_application::{Error, Precondition};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::problem::Problem;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The tags of an `If-Match` header.
#[derive(Debug, Clone)]
pub(crate) struct IfMatch(Tags);

#[derive(Debug, Clone)]
enum Tags {
    /// There is no such header, or it says that any version will do.
    Any,
    /// These, without their quotes. Weak ones are left out: they never match strongly.
    These(Vec<String>),
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        if !parts.headers.contains_key(header::IF_MATCH) {
            return Ok(Self(Tags::Any));
        }
        let tags: Vec<&str> = list(&parts.headers, header::IF_MATCH).collect();
        Ok(Self(if tags == ["*"] {
            Tags::Any
        } else {
            let strong = tags.into_iter().filter_map(|tag| tag.strip_prefix('"')?.strip_suffix('"'));
            Tags::These(strong.map(str::to_owned).collect())
        }))
    }
}

impl IfMatch {
    /// What it asks of the thing called `name`. A tag of another thing is no version of this one; whether that
    /// matters is only asked once it is certain that the caller may know.
    pub(crate) fn precondition(&self, name: impl Display) -> Precondition {
        match &self.0 {
            Tags::Any => Precondition::None,
            Tags::These(tags) => {
                let name = format!("{name}.v");
                let version = |tag: &String| tag.strip_prefix(&name)?.split('.').next()?.parse().ok();
                let versions = tags.iter().filter_map(version);
                Precondition::Versions(versions.collect())
            }
        }
    }
}

/// A thing with the tag of its version and of what is shown of it; or just 304, if the client has that.
pub(crate) fn versioned(
    name: impl Display,
    version: i32,
    request: &HeaderMap,
    thing: &impl Serialize,
) -> Response {
    of_kind(JSON, &format!("{name}.v{version}."), request, thing)
}

/// A thing that has no version, with a tag of what is shown of it; or just 304, if the client has that.
pub(crate) fn by_content(request: &HeaderMap, thing: &impl Serialize) -> Response {
    by_content_of_kind(JSON, request, thing)
}

/// The same for JSON of another kind.
pub(crate) fn by_content_of_kind(kind: HeaderValue, request: &HeaderMap, thing: &impl Serialize) -> Response {
    of_kind(kind, "", request, thing)
}

fn of_kind(kind: HeaderValue, version: &str, request: &HeaderMap, thing: &impl Serialize) -> Response {
    match serde_json::to_vec(thing) {
        Ok(content) => text(kind, version, request, content),
        Err(error) => Problem::from(Error::Internal(Box::new(error))).into_response(),
    }
}

/// What is no JSON, with a tag of what it says; or just 304, if the client has that.
pub(crate) fn text_by_content(kind: HeaderValue, request: &HeaderMap, content: String) -> Response {
    text(kind, "", request, content.into_bytes())
}

fn text(kind: HeaderValue, version: &str, request: &HeaderMap, content: Vec<u8>) -> Response {
    let digest = URL_SAFE_NO_PAD.encode(&Sha256::digest(&content)[..16]);
    tagged(&format!("\"{version}{digest}\""), request, ([(header::CONTENT_TYPE, kind)], content))
}

fn tagged(tag: &str, request: &HeaderMap, answer: impl IntoResponse) -> Response {
    let weakly = |known: &str| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag;
    let unchanged = list(request, header::IF_NONE_MATCH).any(weakly);
    let mut response =
        if unchanged { StatusCode::NOT_MODIFIED.into_response() } else { answer.into_response() };
    if let Ok(tag) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// The entries of a header that is a list. Our tags hold no commas.
pub(crate) fn list(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn precondition(header: &'static str) -> Precondition {
        let (mut parts, ()) =
            http::Request::builder().header("if-match", header).body(()).expect("a request").into_parts();
        let Ok(asked) = IfMatch::from_request_parts(&mut parts, &()).await;
        asked.precondition("org_1")
    }

    #[tokio::test]
    async fn attack_34_only_a_strong_tag_of_the_same_thing_matches() {
        assert_eq!(precondition("*").await, Precondition::None);
        // Whatever was shown of it.
        for tag in [r#""org_1.v3""#, r#""org_1.v3.47DEQpj8HBSa-_TImW-5JA""#, r#""org_1.v3.""#] {
            assert_eq!(precondition(tag).await, Precondition::Versions(vec![3]), "{tag}");
        }
        assert_eq!(precondition(r#""x", "org_1.v3","org_1.v4""#).await, Precondition::Versions(vec![3, 4]));
        for other in [
            r#""org_2.v3""#,
            r#""org_1.transcript.v3.x""#,
            r#""org_1.v3x.x""#,
            r#"W/"org_1.v3""#,
            "org_1.v3",
            r#""org_1.v""#,
            r#""v3""#,
            "",
        ] {
            assert_eq!(precondition(other).await, Precondition::Versions(vec![]), "{other}");
        }
    }
}
