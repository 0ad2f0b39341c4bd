//! The cookies of a request.

use std::str::from_utf8;

use http::{HeaderMap, header};

/// The names and values of a request's cookies, in their order (RFC 6265 section 4.2). Each is read by itself: any host of the domain may have set
/// others, and what is no text in one of them says nothing of the next. A value that is none is empty, so that it counts where there may be
/// one of a name.
pub(crate) fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(header::COOKIE).iter();
    lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';')).filter_map(|cookie| {
        let at = cookie.iter().position(|byte| *byte == b'=')?;
        let name = from_utf8(&cookie[..at]).ok()?.trim_start();
        Some((name, from_utf8(&cookie[at + 1..]).unwrap_or_default().trim_end()))
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn attack_24_a_cookie_that_is_no_text_says_nothing_of_others() {
        for (lines, expected) in [
            (&[&b"a=1; b=2"[..]][..], &[("a", "1"), ("b", "2")][..]),
            (&[b"pref=\xc3\xa9; a=1", b" a=2 ;c"], &[("pref", "\u{e9}"), ("a", "1"), ("a", "2")]),
            (&[b"pref=\xff; a=1;\xff=3"], &[("pref", ""), ("a", "1")]),
            (&[b"a=1", b"x=\xff; a=\xfe"], &[("a", "1"), ("x", ""), ("a", "")]),
            (&[b"a =1; a=b=c; =d"], &[("a ", "1"), ("a", "b=c"), ("", "d")]),
        ] {
            let value = |line: &&[u8]| (header::COOKIE, HeaderValue::from_bytes(line).expect("a value"));
            let headers: HeaderMap = lines.iter().map(value).collect();
            assert_eq!(pairs(&headers).collect::<Vec<_>>(), expected, "{lines:?}");
        }
    }
}
