//! Tokens that forms bring back: a form is only taken from a page that was shown to the same session, and for the same thing
//! (NIST SP 800-63B-4 section 5.1, attack 20). Nothing is kept: the token is a tag over what it is for.

use std::fmt;

use askama::{Template, filters::HtmlSafe};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rollcall_application::keyring::Keyring;
use rollcall_domain::SessionId;

const PURPOSE: &str = "console/form/v1";

/// The field that a form brings its token back in.
pub(crate) const FIELD: &str = "form_token";

/// Whose forms they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FormsOf {
    /// Somebody who is signed in.
    Session(SessionId),
    /// A browser in which nobody is: what its cookie holds.
    Browser(String),
}

/// Makes the tokens of forms, and checks them.
#[derive(Debug, Clone)]
pub(crate) struct FormTokens {
    keyring: Keyring,
    of: FormsOf,
}

impl FormTokens {
    pub(crate) fn new(keyring: Keyring, of: FormsOf) -> Self {
        Self { keyring, of }
    }

    fn context(&self, action: &str) -> Vec<u8> {
        // Ids have one length, and no cookie of a browser looks like one's own with more behind it: a line end is in none of them.
        match &self.of {
            FormsOf::Session(id) => format!("session\n{id}\n{action}"),
            FormsOf::Browser(key) => format!("browser\n{key}\n{action}"),
        }
        .into_bytes()
    }

    /// The token of the form that is sent to a path.
    fn token(&self, action: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.keyring.sign(PURPOSE, &self.context(action), b""))
    }

    /// Whether a token is that of the form that is sent to a path.
    pub(crate) fn is_good(&self, action: &str, token: &str) -> bool {
        let signed = URL_SAFE_NO_PAD.decode(token).ok();
        signed.is_some_and(|signed| self.keyring.verify(PURPOSE, &self.context(action), &signed).is_some())
    }

    /// How the form begins that is sent to a path, in HTML.
    pub(crate) fn begin(&self, action: impl fmt::Display) -> FormStart {
        let action = action.to_string();
        FormStart { token: self.token(&action), action, class: None }
    }

    /// The same with a class of the style sheet: `row` for a form that is one button, or a line.
    pub(crate) fn begin_as(&self, class: &'static str, action: impl fmt::Display) -> FormStart {
        FormStart { class: Some(class), ..self.begin(action) }
    }
}

/// How a form begins.
#[derive(Debug, Template)]
#[template(
    source = r#"<form method="post" action="{{ action }}"{% if let Some(class) = class %} class="{{ class }}"{% endif %}><input type="hidden" name="form_token" value="{{ token }}">"#,
    ext = "html"
)]
pub(crate) struct FormStart {
    action: String,
    token: String,
    class: Option<&'static str>,
}

// A template of its own, which escapes.
impl HtmlSafe for FormStart {}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn tokens(of: FormsOf) -> FormTokens {
        let keyring = format!("1:{}", STANDARD.encode([1; 32])).parse().expect("a keyring");
        FormTokens::new(keyring, of)
    }

    fn session(n: u8) -> FormsOf {
        FormsOf::Session(SessionId::from_parts(0, &[n; 10]))
    }

    #[test]
    fn attack_20_a_token_is_good_for_one_form_of_one_session() {
        let mine = tokens(session(1));
        let token = mine.token("/settings/team/invite");
        assert!(mine.is_good("/settings/team/invite", &token));
        for (of, action) in [
            (session(1), "/settings/team/remove"),
            (session(2), "/settings/team/invite"),
            (FormsOf::Browser("key".to_owned()), "/settings/team/invite"),
        ] {
            assert!(!tokens(of).is_good(action, &token));
        }
        for broken in ["", "AAAA", &token[1..], &format!("{token}AA")] {
            assert!(!mine.is_good("/settings/team/invite", broken), "{broken}");
        }
        let browser = tokens(FormsOf::Browser("key".to_owned()));
        let token = browser.token("/sign-in");
        assert!(browser.is_good("/sign-in", &token));
        assert!(!tokens(FormsOf::Browser("other".to_owned())).is_good("/sign-in", &token));
    }

    #[test]
    fn the_path_in_a_form_is_escaped() {
        let start = tokens(session(1)).begin(r#"/x"><script>"#).to_string();
        assert!(!start.contains("<script") && start.contains("name=\"form_token\""), "{start}");
    }
}
