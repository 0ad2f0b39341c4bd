//! What takes bytes from outside: functions of bytes that say what must be so of any. cargo-fuzz looks for some of which it is not, and
//! the tests try a few hundred each.

use std::{collections::BTreeMap, str::from_utf8};

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{ACCEPT_LANGUAGE, COOKIE},
};
use rollcall_texts::Language;

use crate::{
    cookies::Own, invitations::create_bulk::apart, language, own_path::OwnPath, posted::fields_of,
    sessions::device,
};

/// A header with this value, a line each time that it comes; none when no header can have it.
fn headers(name: &HeaderName, bytes: &[u8]) -> Option<HeaderMap> {
    let values = bytes.split(|byte| *byte == b'\n').map(HeaderValue::from_bytes);
    values.map(|value| Some((name.clone(), value.ok()?))).collect()
}

/// `Accept-Language`: German is spoken to whoever asks for it, and to nobody else.
pub fn accept_language(bytes: &[u8]) {
    let Some(headers) = headers(&ACCEPT_LANGUAGE, bytes) else { return };
    if language::liked(&headers) == Language::German {
        assert!(bytes.windows(2).any(|two| two.eq_ignore_ascii_case(b"de")));
    }
}

/// Where a page goes on to (attack 19): whatever a browser makes of it, it stays on this service, and on its pages.
pub fn own_path(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    let Some(path) = OwnPath::read(text) else { return };
    let path = path.as_str();
    assert!(path.starts_with('/') && !path.starts_with("//") && path.len() <= 512);
    let mut parts = path.split(['?', '#']).next().unwrap_or_default().split('/');
    assert!(!path.starts_with("/v1") && parts.all(|part| part != ".."));
    assert!(!path.contains(|c: char| c == '\\' || c.is_whitespace() || c.is_control() || !c.is_ascii()));
}

/// Cookies of the console (attack 24): one that is there twice is none.
pub fn cookie(bytes: &[u8]) {
    let Some(headers) = headers(&COOKIE, bytes) else { return };
    for own in [Own::Form, Own::Notice, Own::Challenge] {
        if let Some(value) = own.read(&headers, false) {
            assert!(
                !value.contains(';') && bytes.windows(value.len() + 1).any(|w| w[1..] == *value.as_bytes())
            );
        }
    }
}

/// Forms: what is typed comes out as it was typed, but for the ends of lines, however it was written for its way.
pub fn form(bytes: &[u8]) {
    let Ok(typed) = fields_of::<BTreeMap<String, String>>(bytes) else { return };
    let written = form_urlencoded::Serializer::new(String::new()).extend_pairs(&typed).finish();
    let again = fields_of::<BTreeMap<String, String>>(written.as_bytes()).ok();
    let ended = typed.into_iter().map(|(name, value)| (name, value.replace("\r\n", "\n")));
    assert_eq!(again, Some(ended.collect()));
}

/// Addresses that are pasted from somewhere: each once, and none with white space in it.
pub fn pasted_addresses(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    let addresses = apart(text);
    for (at, address) in addresses.iter().enumerate() {
        assert!(
            !address.is_empty() && !address.contains(char::is_whitespace) && text.contains(address.as_str())
        );
        assert!(!addresses[..at].iter().any(|before| before.eq_ignore_ascii_case(address)));
    }
}

/// What a browser calls itself: a few words, whatever it is.
pub fn user_agent(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    assert!(device::named(text).chars().count() <= 80);
}

#[cfg(test)]
mod tests {
    use rollcall_inputs::tried;

    use super::*;

    #[test]
    fn german_is_spoken_to_whoever_asks_for_it() {
        tried(&["de-AT;q=0.8, en;q=0.7, *", "en, de ; q=1.000", "fr;q=nan, de;q=-0"], accept_language);
    }

    #[test]
    fn attack_19_a_path_stays_here() {
        tried(
            &[
                "/settings/team?q=a%20b#c",
                "//evil.example",
                "/\\evil.example",
                "/x/../..//y",
                "/live/%2e%2E/v1/me/export",
            ],
            own_path,
        );
    }

    #[test]
    fn attack_24_a_cookie_that_is_there_twice_is_none() {
        tried(&["a=b; rollcall_form=x; rollcall_notice=y=z", "rollcall_form=x; rollcall_form=y"], cookie);
    }

    #[test]
    fn attack_17_forms_come_as_they_were_typed() {
        let good = ["name=%C3%A4+b&scopes%5B%5D=1&form_token=x", "lines=a%0D%0Ab&x=", "a=1&b=%EF%BF%BD"];
        tried(&good, form);
    }

    #[test]
    fn addresses_are_taken_apart() {
        tried(
            &["Ada <ada@example.com>, eve@example.com;\nADA@example.com", "\"a, b\" <c@d.example>"],
            pasted_addresses,
        );
    }

    #[test]
    fn browsers_have_short_names() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        tried(&[firefox, &"ä".repeat(200)], user_agent);
    }
}
