//! Entity tags: which version of a thing a client has (RFC 9110 sections 8.8.3 and 13.1).
//!
//! A tag names the thing as well as its version, so that the tag of one thing never passes for another's: not in
//! another organization, and not of another kind (attack 34). It ends with a digest of what is shown: much of a thing follows from the
//! time, and changes without anybody's changing the thing. Whoever looks again is told of that, and whoever changes the thing is
//! asked for its version alone.
//!
//! Whatever changes something takes an `If-Match`, and does nothing if it does not hold: [`IfMatch`] where there is a thing with a tag,
//! [`Untagged`] where there is none. What is done to a member, an invitation, an API key, a webhook, an escalation or an organization
//! under a path of its own (`…/rotate`) takes the tag of that.

use std::{convert::Infallible, fmt::Display, str::FromStr};

use axum::{
    body::Body,
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
use rollcall_application::{Error, Precondition};
use rollcall_domain::Version;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::problem::{Code, Problem};

/// The kind of what is JSON and nothing more.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Room for what most things are as JSON, in bytes.
const MOST_THINGS: usize = 1024;
/// Room for the headers of an answer, those among them that every answer has.
const HEADERS: usize = 16;

/// The tags of an `If-Match` header.
#[derive(Debug, Clone)]
pub(crate) struct IfMatch(Tags);

#[derive(Debug, Clone)]
enum Tags {
    /// There is no such header.
    None,
    /// Any version will do, if there is one.
    Any,
    /// These, without their quotes. Weak ones are left out: they never match strongly.
    These(Vec<String>),
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        if !parts.headers.contains_key(header::IF_MATCH) {
            return Ok(Self(Tags::None));
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
        let name = format!("{name}.v");
        self.read(|tag| tag.strip_prefix(&name)?.split('.').next()?.parse().ok())
    }

    /// What it asks of a thing whose tag is its name, as it never changes.
    pub(crate) fn named<V: FromStr>(&self) -> Precondition<V> {
        self.read(|tag| tag.parse().ok())
    }

    /// Makes sure that it holds for a thing that has no version, and is as it is shown.
    ///
    /// # Errors
    /// [`Error::PreconditionFailed`].
    pub(crate) fn holds_for(&self, thing: &impl Serialize) -> Result<(), Error> {
        let content = serde_json::to_vec(thing).map_err(|error| Error::Internal(Box::new(error)))?;
        self.read(|tag| Some(tag.to_owned())).check(digest(&content))
    }

    fn read<V>(&self, version: impl Fn(&String) -> Option<V>) -> Precondition<V> {
        match &self.0 {
            Tags::None => Precondition::None,
            Tags::Any => Precondition::Exists,
            Tags::These(tags) => Precondition::Versions(tags.iter().filter_map(version).collect()),
        }
    }
}

/// An `If-Match`, if there is one, that holds for what has no tag: it asks for nothing but that there is something. To be asked for after
/// who calls, so that nobody else is told.
pub(crate) struct Untagged;

impl<S: Sync> FromRequestParts<S> for Untagged {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Ok(IfMatch(tags)) = IfMatch::from_request_parts(parts, state).await;
        match tags {
            Tags::None | Tags::Any => Ok(Self),
            Tags::These(_) => Err(Problem::plain(Code::PreconditionFailed)),
        }
    }
}

/// The lines of an `If-None-Match` header: what the client has already.
#[derive(Debug, Clone, Default)]
pub(crate) struct IfNoneMatch(Vec<HeaderValue>);

impl IfNoneMatch {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self(headers.get_all(header::IF_NONE_MATCH).into_iter().cloned().collect())
    }

    /// Whether the client has what this tag is of. It may have been made weak on its way.
    fn names(&self, tag: &str) -> bool {
        entries(&self.0).any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
    }
}

impl<S: Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

/// A thing with the tag of its version and of what is shown of it; or just 304, if the client has that.
pub(crate) fn versioned(
    name: impl Display,
    version: impl Into<Version>,
    known: &IfNoneMatch,
    thing: &impl Serialize,
) -> Response {
    of_kind(JSON, format_args!("{name}.v{}.", version.into()), known, thing)
}

/// A thing that has no version, with a tag of what is shown of it; or just 304, if the client has that.
pub(crate) fn by_content(known: &IfNoneMatch, thing: &impl Serialize) -> Response {
    by_content_of_kind(JSON, known, thing)
}

/// The same for JSON of another kind.
pub(crate) fn by_content_of_kind(kind: HeaderValue, known: &IfNoneMatch, thing: &impl Serialize) -> Response {
    of_kind(kind, "", known, thing)
}

/// The same with another status, if it could be written.
pub(crate) fn with_status(status: StatusCode, mut response: Response) -> Response {
    if response.status().is_success() {
        *response.status_mut() = status;
    }
    response
}

fn of_kind(
    kind: HeaderValue,
    version: impl Display,
    known: &IfNoneMatch,
    thing: &impl Serialize,
) -> Response {
    let mut content = Vec::with_capacity(MOST_THINGS);
    match serde_json::to_writer(&mut content, thing) {
        Ok(()) => text(kind, version, known, content),
        Err(error) => Problem::from(Error::Internal(Box::new(error))).into_response(),
    }
}

/// What is no JSON, with a tag of what it says; or just 304, if the client has that.
pub(crate) fn text_by_content(kind: HeaderValue, known: &IfNoneMatch, content: String) -> Response {
    text(kind, "", known, content.into_bytes())
}

fn text(kind: HeaderValue, version: impl Display, known: &IfNoneMatch, content: Vec<u8>) -> Response {
    let tag = format!("\"{version}{}\"", digest(&content));
    let mut response = Response::default();
    let headers = response.headers_mut();
    headers.reserve(HEADERS);
    if known.names(&tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        headers.insert(header::CONTENT_TYPE, kind);
        *response.body_mut() = Body::from(content);
    }
    if let Ok(tag) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

fn digest(content: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(content)[..16])
}

/// The entries of a header that is a list. Our tags hold no commas.
pub(crate) fn list(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    entries(headers.get_all(name))
}

fn entries<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> impl Iterator<Item = &'a str> {
    let lines = lines.into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use time::{Duration, OffsetDateTime};

    use super::*;

    fn parts(header: &'static str) -> Parts {
        http::Request::builder().header("if-match", header).body(()).expect("a request").into_parts().0
    }

    async fn asked(header: &'static str) -> IfMatch {
        let Ok(asked) = IfMatch::from_request_parts(&mut parts(header), &()).await;
        asked
    }

    async fn precondition(header: &'static str) -> Precondition {
        asked(header).await.precondition("org_1")
    }

    #[tokio::test]
    async fn attack_34_only_a_strong_tag_of_the_same_thing_matches() {
        assert_eq!(precondition("*").await, Precondition::Exists);
        // Whatever was shown of it.
        for tag in [r#""org_1.v3""#, r#""org_1.v3.47DEQpj8HBSa-_TImW-5JA""#, r#""org_1.v3.""#] {
            assert_eq!(precondition(tag).await, Precondition::only(3), "{tag}");
        }
        let either = Precondition::Versions(vec![3.into(), 4.into()]);
        assert_eq!(precondition(r#""x", "org_1.v3","org_1.v4""#).await, either);
        let since = OffsetDateTime::UNIX_EPOCH + Duration::MICROSECOND;
        assert_eq!(precondition(r#""org_1.v1-3.x""#).await, Precondition::only(Version::since(since, 3)));
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

    #[tokio::test]
    async fn what_has_no_version_is_asked_for_by_what_is_shown_of_it() {
        let tag = format!("\"{}\"", digest(b"\"as it is\""));
        let asked_for = asked(Box::leak(tag.into_boxed_str())).await;
        assert!(asked_for.holds_for(&"as it is").is_ok());
        assert!(matches!(asked_for.holds_for(&"as it was"), Err(Error::PreconditionFailed)));
        assert!(asked("*").await.holds_for(&"as it is").is_ok());
    }

    #[test]
    fn whoever_has_what_is_shown_is_told_so_and_nothing_else() {
        let tag = format!("\"org_1.v3.{}\"", digest(b"\"as it is\""));
        for (known, has_it) in [
            (tag.as_str(), true),
            (&format!("\"x\", W/{tag}"), true),
            ("*", true),
            ("", false),
            (r#""org_1.v3""#, false),
            (&tag.replace("v3", "v2"), false),
        ] {
            let line = HeaderValue::from_str(known).expect("a header");
            let known = IfNoneMatch(vec![HeaderValue::from_static("\"y\""), line]);
            let response = versioned("org_1", 3, &known, &"as it is");
            assert_eq!(response.headers()[header::ETAG], tag, "{known:?}");
            let told = (response.status(), response.headers().contains_key(header::CONTENT_TYPE));
            let expected = if has_it { (StatusCode::NOT_MODIFIED, false) } else { (StatusCode::OK, true) };
            assert_eq!(told, expected, "{known:?}");
        }
    }

    #[tokio::test]
    async fn what_has_no_tag_matches_none() {
        for (header, holds) in [("*", true), (r#""org_1.v3""#, false), (r#"W/"x""#, false), ("", false)] {
            let found = Untagged::from_request_parts(&mut parts(header), &()).await;
            assert_eq!(found.is_ok(), holds, "{header}");
        }
    }
}
