//! A place of our own to go on to: what `?then=` may say, so that no link of ours leads elsewhere (ASVS 3.7.2, attack 19).

use std::fmt;

use form_urlencoded::byte_serialize;

/// The longest that one can be.
const MOST_BYTES: usize = 512;

/// A path, perhaps with a query, on this service and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnPath(String);

impl OwnPath {
    /// The path that a text is, if a browser would stay on this service for it. Browsers take a backslash for a slash, leave out tabs
    /// and line ends, and read two slashes as the beginning of a host, so nothing of the kind is a path of ours.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('/')?;
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        (plain && !rest.starts_with('/') && text.len() <= MOST_BYTES).then(|| Self(text.to_owned()))
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
        for own in ["/", "/settings/team", "/audit?from=2026-01-01&q=a%20b", "/a//b"] {
            assert_eq!(OwnPath::read(own).map(|path| path.to_string()).as_deref(), Some(own));
        }
        let long = format!("/{}", "x".repeat(MOST_BYTES));
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
            "/a\r\nSet-Cookie: b",
            "/ä",
            "/a b",
            " /a",
            &long,
        ] {
            assert_eq!(OwnPath::read(other), None, "{other:?}");
        }
    }

    #[test]
    fn it_is_one_parameter_whatever_it_holds() {
        let path = OwnPath::read("/audit?a=b&c=%2F#d").expect("a path");
        assert_eq!(path.after("/sign-in"), "/sign-in?then=%2Faudit%3Fa%3Db%26c%3D%252F%23d");
    }
}
