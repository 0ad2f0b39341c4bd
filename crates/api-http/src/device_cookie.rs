//! The cookie by which a device is known again, so that whoever guesses passwords elsewhere does not lock it out.

use axum::response::AppendHeaders;
use http::{HeaderMap, HeaderName, header};
use rollcall_application::sessions::SignedIn;
use rollcall_domain::secret::Secret;

use crate::{SessionCookie, cookies::pairs};

/// How many accounts one device is known for.
const MOST: usize = 4;
/// Seconds that it is kept: as long as browsers do.
const MAX_AGE: u32 = 400 * 24 * 60 * 60;

/// The tokens that a device was given, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceTokens(pub(crate) Vec<Secret>);

impl DeviceTokens {
    /// The tokens in a request's cookies.
    pub fn of(headers: &HeaderMap, cookie: SessionCookie) -> Self {
        let value = pairs(headers).find(|(named, _)| *named == name(cookie)).map(|(_, value)| value);
        let tokens = value.unwrap_or_default().split('.').filter(|token| !token.is_empty());
        Self(tokens.take(MOST).map(Secret::new).collect())
    }

    /// The header that gives the device of somebody who has just signed in a token, unless it has shown one.
    pub(crate) fn given(
        &self,
        signed_in: &SignedIn,
        cookie: SessionCookie,
    ) -> Option<AppendHeaders<[(HeaderName, String); 1]>> {
        let token = signed_in.device.as_ref()?;
        Some(AppendHeaders([self.with(token, cookie)]))
    }

    /// The tokens.
    pub fn tokens(&self) -> &[Secret] {
        &self.0
    }

    /// The `Set-Cookie` value that gives the device of somebody who has just signed in a token, unless it has shown one.
    pub fn set(&self, signed_in: &SignedIn, cookie: SessionCookie) -> Option<String> {
        let (_, value) = self.with(signed_in.device.as_ref()?, cookie);
        Some(value)
    }

    fn with(&self, token: &Secret, cookie: SessionCookie) -> (HeaderName, String) {
        let tokens: Vec<&str> =
            std::iter::once(token).chain(&self.0).take(MOST).map(Secret::expose).collect();
        let secure = if cookie.secure { "; Secure" } else { "" };
        let value = format!(
            "{}={}; Path=/; Max-Age={MAX_AGE}; HttpOnly; SameSite=Strict{secure}",
            name(cookie),
            tokens.join(".")
        );
        (header::SET_COOKIE, value)
    }
}

const fn name(cookie: SessionCookie) -> &'static str {
    if cookie.secure { "__Host-rollcall_device" } else { "rollcall_device" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::tests::assert_for_this_host;

    #[test]
    fn asvs_3_3_1_and_3_3_3_over_tls_the_cookie_of_a_device_is_for_this_host_alone() {
        let cookie = SessionCookie { secure: true };
        let (_, line) = DeviceTokens(Vec::new()).with(&Secret::new("token"), cookie);
        assert_for_this_host(&line);
        // One that another host of the domain could have set is none.
        for (name, shown) in [("__Host-rollcall_device", 1), ("rollcall_device", 0)] {
            let pair = format!("{name}=token");
            let headers = [(header::COOKIE, pair.parse().expect("a value"))].into_iter().collect();
            assert_eq!(DeviceTokens::of(&headers, cookie).tokens().len(), shown, "{name}");
        }
    }

    #[test]
    fn a_device_is_known_for_the_accounts_used_last() {
        for cookie in [SessionCookie { secure: false }, SessionCookie { secure: true }] {
            let mut tokens = DeviceTokens(Vec::new());
            for n in 1..=5 {
                let (_, set) = tokens.with(&Secret::new(format!("token{n}")), cookie);
                assert_eq!(set.contains("; Secure"), cookie.secure);
                let pair = format!("other=1; {}", set.split(';').next().expect("a pair"));
                let headers = [(header::COOKIE, pair.parse().expect("a value"))].into_iter().collect();
                tokens = DeviceTokens::of(&headers, cookie);
            }
            let expected = ["token5", "token4", "token3", "token2"].map(Secret::new);
            assert_eq!(tokens, DeviceTokens(expected.into()));
        }
    }
}
