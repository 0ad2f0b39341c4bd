//! A page of our own to go on to: what `?then=` may say, so that no link of ours leads to another site (ASVS 3.7.2, attack 19), or to what
//! only our own pages may ask for (attack 20).

use std::fmt;

use form_urlencoded::byte_serialize;

/// The longest that one can be.
const MOST_BYTES: usize = 512;

/// The first segments of the paths of pages.
const PAGES: [&str; 17] = [
    "",
    "account",
    "calls",
    "dev",
    "docs",
    "invitations",
    "live",
    "me",
    "organizations",
    "password",
    "problems",
    "settings",
    "sign-in",
    "sign-out",
    "sign-up",
    "signup",
    "welcome",
];
/// Below pages, but no page: it leads to a file from the API.
const NO_PAGE: &str = "/settings/audit/export/file";

/// The path of a page, perhaps with a query, on this service and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnPath(String);

impl OwnPath {
    /// The path in a text, if it leads a browser to a page of this service. Browsers take a backslash for a slash, leave out tabs and line
    /// ends, read two slashes as the beginning of a host, and resolve dot segments, so nothing of the kind is a path of ours.
    ///
    /// The API's paths are no pages. Whoever signs in after following a link on another site goes on from a page of ours, so a read that
    /// leaves an event in their name would pass for something that they had asked for. Pages that leave one as well (`/calls/{id}`,
    /// `/settings/audit…`) are gone on to all the same, and that is accepted: whoever signs in on the way to a page does so to get there.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('/')?;
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        (plain && !rest.starts_with('/') && text.len() <= MOST_BYTES && is_page(text))
            .then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// A page of ours that goes on to this path once it is done.
    pub(crate) fn after(&self, page: &str) -> String {
        let then: String = byte_serialize(self.0.as_bytes()).collect();
        format!("{page}?then={then}")
    }
}

fn is_page(text: &str) -> bool {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    let goes_up = |part: &str| matches!(part.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    let first = path.split('/').nth(1);
    first.is_some_and(|first| PAGES.contains(&first)) && path != NO_PAGE && !path.split('/').any(goes_up)
}

impl fmt::Display for OwnPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_19_nothing_but_a_path_of_our_own_is_gone_on_to() {
        for own in [
            "/",
            "/settings/team",
            "/settings/audit?from=2026-01-01&q=a%20b../v1",
            "/settings//b",
            "/?a=/../v1#b",
        ] {
            assert_eq!(OwnPath::read(own).map(|path| path.to_string()).as_deref(), Some(own));
        }
        let long = format!("/account/{}", "x".repeat(MOST_BYTES));
        for other in [
            "",
            "settings",
            "//evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/account\r\nSet-Cookie: b",
            "/account/ä",
            "/account b",
            " /account",
            "/./account",
            "/settings/..//evil.example",
            &long,
        ] {
            assert_eq!(OwnPath::read(other), None, "{other:?}");
        }
    }

    #[test]
    fn attack_20_every_page_is_gone_on_to_and_nothing_that_the_api_answers() {
        let pages = crate::paths();
        for page in pages.iter().filter(|page| **page != NO_PAGE) {
            let path = page.replace(['{', '}', '*'], "");
            assert!(OwnPath::read(&path).is_some(), "{path}");
        }
        for first in PAGES {
            assert!(pages.iter().any(|page| page.split('/').nth(1) == Some(first)), "{first}");
        }
        for other in [
            "/v1/audit/export",
            "/v1/me/export?a=b",
            "/v1",
            "/operator/v1/organizations",
            "/openapi.json",
            "/metrics",
            "/assets/console.css",
            "/settings/audit/export/file?format=csv",
            "/settings/../v1/audit/export",
            "/settings/%2E%2e/v1/audit/export",
            "/settings/.%2e/v1/audit/export#a",
            "/settings/../v1/audit/export?a=b",
            "/account/./../v1/me/export",
            "/%761/audit/export",
        ] {
            assert_eq!(OwnPath::read(other), None, "{other}");
        }
    }

    #[test]
    fn a_path_to_go_on_to_is_one_parameter_whatever_it_holds() {
        let path = OwnPath::read("/account?a=b&c=%2F#d").expect("a path");
        assert_eq!(path.after("/sign-in"), "/sign-in?then=%2Faccount%3Fa%3Db%26c%3D%252F%23d");
    }
}
