//! A browser sends its cookie along with whatever another site makes it ask, and posts whatever forms another site
//! shows, of whatever type: such a form has no cookie that is `SameSite=Lax`, and can still sign somebody in as somebody else. So a
//! request that changes something must come from our own pages if it has a cookie, is a form, or says that it comes from a page at
//! all, as browsers say of every such request (ASVS 3.5.1, attack 20). Programs say nothing of the kind.
//!
//! A link on another site is followed with the cookie. So reads that leave an event in somebody's name (recordings, transcripts, exports
//! and the audit log) are refused when a page of another origin navigates to them (Fetch Metadata). Pages that show such things see to it
//! themselves.

use axum::extract::Request;
use http::{HeaderMap, HeaderName, Method, header};

use crate::{
    api::Api,
    credential::Credential,
    middleware::ONLY_ASK,
    problem::{Code, Problem},
};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses what may come from another site.
pub(super) fn check(api: &Api, request: &Request) -> Result<(), Problem> {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE);
    // What only asks takes a Bearer token alone, which no site can make a browser send along.
    if safe && leaves_a_trace(request.uri().path()) {
        let headers = request.headers();
        let by_cookie = matches!(Credential::of(headers, api.settings.cookie), Credential::Cookie(_));
        let cross_origin = |site: &[u8]| !matches!(site, b"same-origin" | b"none");
        if by_cookie && headers.get_all(SEC_FETCH_SITE).iter().any(|site| cross_origin(site.as_bytes())) {
            return Err(Problem::plain(Code::OriginMismatch));
        }
    }
    if !safe && !ONLY_ASK.contains(&request.uri().path()) {
        let headers = request.headers();
        let moved_by_a_browser = match Credential::of(headers, api.settings.cookie) {
            Credential::Cookie(_) => true,
            // No site can make a browser send a Bearer token along.
            Credential::Bearer(_) | Credential::Unreadable => false,
            Credential::None => is_form(headers) || is_from_a_page(headers),
        };
        if moved_by_a_browser && !origin_is_ours(headers, &api.settings.public_origin) {
            return Err(Problem::plain(Code::OriginMismatch));
        }
    }
    Ok(())
}

/// Whether reading under a path is an event in the audit log.
fn leaves_a_trace(path: &str) -> bool {
    const ALONE: [&str; 5] = [
        "/v1/organization/export",
        "/v1/audit/export",
        "/v1/audit/events",
        "/v1/me/export",
        "/settings/audit/export/file",
    ];
    let of_a_call = path.starts_with("/v1/calls/");
    ALONE.contains(&path)
        || path.starts_with("/v1/audit/events/")
        || of_a_call && (path.ends_with("/recording") || path.ends_with("/transcript"))
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.trim_start().to_ascii_lowercase().starts_with("application/x-www-form-urlencoded")
}

/// Whether a request says where it comes from (Fetch, section "append a request Origin header"; Fetch Metadata).
fn is_from_a_page(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN) || headers.contains_key(SEC_FETCH_SITE)
}

/// Whether a request's `Origin` header names the service itself. Without the header nothing is certain.
///
/// A page that sends no referrer, as those behind the links in mails do, has its forms sent with `Origin: null` (Fetch, section
/// "append a request Origin header"). Then `Sec-Fetch-Site`, which only the browser itself can set, says where they come from.
fn origin_is_ours(headers: &HeaderMap, public_origin: &str) -> bool {
    match only(headers, header::ORIGIN) {
        Some(b"null") => only(headers, SEC_FETCH_SITE) == Some(b"same-origin"),
        Some(origin) => is_named_by(public_origin.as_bytes(), origin),
        None => false,
    }
}

/// Whether an origin is that of the public URL. A service that is reached on this machine alone is known to browsers by the machine's
/// address and as `localhost`, the only name by which it has passkeys.
fn is_named_by(ours: &[u8], origin: &[u8]) -> bool {
    origin == ours || on_this_machine(ours).is_some_and(|port| on_this_machine(origin) == Some(port))
}

/// What follows the host in an origin on this machine: a colon and a port, or nothing.
fn on_this_machine(origin: &[u8]) -> Option<&[u8]> {
    let hosts: [&[u8]; 3] = [b"http://localhost", b"http://127.0.0.1", b"http://[::1]"];
    let rest = hosts.into_iter().find_map(|host| origin.strip_prefix(host))?;
    // Another name can begin like one of these.
    (rest.is_empty() || rest.starts_with(b":")).then_some(rest)
}

/// The value of a header that is there once.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&[u8]> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then(|| value.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_20_a_service_on_this_machine_is_its_own_by_either_name_and_no_other_is() {
        let here = b"http://127.0.0.1:8080";
        for ours in ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"] {
            assert!(is_named_by(here, ours.as_bytes()), "{ours}");
        }
        for other in [
            "http://localhost",
            "http://localhost:8081",
            "https://localhost:8080",
            "http://localhost.evil.example:8080",
            "http://127.0.0.1:80801",
            "http://evil.example",
            "null",
        ] {
            assert!(!is_named_by(here, other.as_bytes()), "{other}");
        }
        // Neither is a service that only has a name like that.
        let elsewhere = b"http://localhost.corp.example:8080";
        assert!(is_named_by(elsewhere, elsewhere));
        for other in [
            "http://127.0.0.1.corp.example:8080",
            "http://[::1].corp.example:8080",
            "http://localhost:8080",
            "http://127.0.0.1:8080",
        ] {
            assert!(!is_named_by(elsewhere, other.as_bytes()), "{other}");
        }
        assert!(is_named_by(b"http://localhost", b"http://127.0.0.1"));
        assert!(!is_named_by(b"http://localhost", b"http://localhost1"));
        let public = b"https://rollcall.example";
        assert!(is_named_by(public, public) && !is_named_by(public, b"http://localhost"));
    }
}
