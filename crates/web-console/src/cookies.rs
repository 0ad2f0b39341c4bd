//! Cookies: the session's and the device's, which belong to the API, and two of the console's own.

use std::str::from_utf8;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, header};
use rollcall_application::{Application, sessions::SignedIn};
use rollcall_domain::secret::Secret;
use serde::{Serialize, de::DeserializeOwned};

use crate::notice;

/// The cookies by which the API knows a browser.
pub trait Cookies: Send + Sync {
    /// The session's token, if the browser has shown one.
    fn session(&self, headers: &HeaderMap) -> Option<Secret>;
    /// The `Set-Cookie` value that gives a browser a session.
    fn give_session(&self, token: &Secret) -> String;
    /// The `Set-Cookie` value that takes the session away.
    fn take_session(&self) -> String;
    /// The tokens that the device was given when somebody signed in on it before.
    fn devices(&self, headers: &HeaderMap) -> Vec<Secret>;
    /// The `Set-Cookie` value by which the device is known again, unless it is already.
    fn give_device(&self, headers: &HeaderMap, signed_in: &SignedIn) -> Option<String>;
    /// Whether browsers come by TLS, so that cookies can be kept from everything else.
    fn secure(&self) -> bool;
}

/// A cookie of the console's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Own {
    /// What forms of somebody who is not signed in are bound to.
    Form,
    /// What the next page says first.
    Notice,
    /// The sign-in that waits for its second step.
    Challenge,
}

impl Own {
    const fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Form, true) => "__Host-rollcall_form",
            (Self::Form, false) => "rollcall_form",
            (Self::Notice, true) => "__Host-rollcall_notice",
            (Self::Notice, false) => "rollcall_notice",
            (Self::Challenge, true) => "__Host-rollcall_challenge",
            (Self::Challenge, false) => "rollcall_challenge",
        }
    }

    /// How long a browser keeps it, in seconds; until it is closed when none.
    const fn seconds(self) -> Option<u32> {
        match self {
            Self::Form => None,
            Self::Notice => Some(notice::SECONDS),
            Self::Challenge => Some(300),
        }
    }

    const fn purpose(self) -> &'static str {
        match self {
            Self::Form => "console/form-key/v1",
            Self::Notice => "console/notice/v1",
            Self::Challenge => "console/challenge/v1",
        }
    }

    /// The value in a request's cookies. Two of them would mean that somebody else has set one (attack 24).
    pub(crate) fn read(self, headers: &HeaderMap, secure: bool) -> Option<String> {
        let mut values =
            pairs(headers).filter(|(name, _)| *name == self.name(secure)).map(|(_, value)| value);
        let value = values.next()?;
        values.next().is_none().then(|| value.to_owned())
    }

    /// The `Set-Cookie` value that gives it.
    pub(crate) fn give(self, value: &str, secure: bool) -> String {
        let age = self.seconds().map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
        self.line(value, &age, secure)
    }

    /// The `Set-Cookie` value that takes it away.
    pub(crate) fn take_away(self, secure: bool) -> String {
        self.line("", "; Max-Age=0", secure)
    }

    fn line(self, value: &str, age: &str, secure: bool) -> String {
        let secure_only = if secure { "; Secure" } else { "" };
        format!("{}={value}; Path=/{age}; HttpOnly; SameSite=Lax{secure_only}", self.name(secure))
    }

    /// What was [sealed](Self::seal) into it.
    pub(crate) fn open<T: DeserializeOwned>(
        self,
        app: &Application,
        headers: &HeaderMap,
        secure: bool,
    ) -> Option<T> {
        let sealed = URL_SAFE_NO_PAD.decode(self.read(headers, secure)?).ok()?;
        serde_json::from_slice(&app.keyring.open(self.purpose(), b"", &sealed)?).ok()
    }

    /// A value that nobody but us can read or make.
    pub(crate) fn seal(self, app: &Application, content: &impl Serialize) -> Option<String> {
        let content = serde_json::to_vec(content).ok()?;
        let sealed = app.keyring.seal(self.purpose(), b"", &content, app.entropy.as_ref())?;
        Some(URL_SAFE_NO_PAD.encode(sealed))
    }
}

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
pub(crate) mod tests {
    use super::*;

    /// Over TLS a cookie is for this host alone and for all of it, and no script sees it (RFC 6265bis section 4.1.3.2).
    pub(crate) fn assert_for_this_host(line: &str) {
        let mut parts = line.split("; ");
        assert!(parts.next().is_some_and(|pair| pair.starts_with("__Host-rollcall_")), "{line}");
        let attributes: Vec<&str> = parts.collect();
        for needed in ["Secure", "Path=/", "HttpOnly", "SameSite=Lax"] {
            assert!(attributes.contains(&needed), "{needed}: {line}");
        }
        assert!(!line.to_ascii_lowercase().contains("domain"), "{line}");
    }

    #[test]
    fn attack_24_a_cookie_that_is_no_text_says_nothing_of_others() {
        for (line, shown) in [
            (&b"pref=\xc3\xa9; __Host-rollcall_form=value"[..], Some("value")),
            (b"__Host-rollcall_form=value; pref=\xff", Some("value")),
            (b"__Host-rollcall_form=value; __Host-rollcall_form=\xff", None),
        ] {
            let line = http::HeaderValue::from_bytes(line).expect("a value");
            let headers = [(header::COOKIE, line.clone())].into_iter().collect();
            assert_eq!(Own::Form.read(&headers, true).as_deref(), shown, "{line:?}");
        }
    }

    #[test]
    fn asvs_3_3_1_and_3_3_3_over_tls_each_cookie_of_the_console_is_for_this_host_alone() {
        for own in [Own::Form, Own::Notice, Own::Challenge] {
            for line in [own.give("value", true), own.take_away(true)] {
                assert_for_this_host(&line);
            }
            // One that another host of the domain could have set is none.
            for (secure, shown) in [(true, Some("value".to_owned())), (false, None)] {
                let pair = format!("{}=value", own.name(secure));
                let headers = [(header::COOKIE, pair.parse().expect("a value"))].into_iter().collect();
                assert_eq!(own.read(&headers, true), shown, "{own:?}");
            }
        }
    }
}
