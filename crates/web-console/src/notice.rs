//! What a page says first: what came of the form that led to it. It waits in a cookie that nobody but us can make or read, for the one
//! page, and for a minute: a browser that keeps it longer has kept nothing.

use http::HeaderMap;
use rollcall_application::Application;
use serde::{Deserialize, Serialize};

use crate::cookies::Own;

/// How long it waits for its page, in seconds.
pub(crate) const SECONDS: u32 = 60;
/// The most characters of it, so that its cookie is one that browsers keep (RFC 6265 section 6.1: 4096 bytes). Our texts are shorter, also
/// with the longest names in them.
const MOST_CHARACTERS: usize = 500;

/// What a page says first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Notice {
    /// In the language of whoever reads it: one of our [texts](crate::texts), with names in it at most.
    pub(crate) text: String,
    /// Whether something was done, or is to be minded.
    pub(crate) done: bool,
    /// The path of the page that says it itself, which nobody is shown without having been sent there.
    pub(crate) page: Option<String>,
}

/// What is in the cookie.
#[derive(Serialize, Deserialize)]
struct Left {
    notice: Notice,
    /// Until when it is said, in seconds since 1970.
    until: i64,
}

impl Notice {
    /// Something was done.
    pub(crate) fn done(text: impl Into<String>) -> Self {
        Self { text: cut(text.into()), done: true, page: None }
    }

    /// Something is to be minded.
    pub(crate) fn mind(text: impl Into<String>) -> Self {
        Self { text: cut(text.into()), done: false, page: None }
    }

    /// Something was done, and the page at this path says so.
    pub(crate) fn said_at(path: &str) -> Self {
        Self { text: String::new(), done: true, page: Some(path.to_owned()) }
    }

    /// The `Set-Cookie` value that leaves it for the next page.
    pub(crate) fn leave(&self, app: &Application, secure: bool) -> Option<String> {
        let until = app.now().unix_timestamp() + i64::from(SECONDS);
        let sealed = Own::Notice.seal(app, &Left { notice: self.clone(), until })?;
        Some(Own::Notice.give(&sealed, secure))
    }

    /// What the last page has left.
    pub(crate) fn left(app: &Application, headers: &HeaderMap, secure: bool) -> Option<Self> {
        let Left { notice, until } = Own::Notice.open(app, headers, secure)?;
        (app.now().unix_timestamp() < until).then_some(notice)
    }
}

fn cut(text: String) -> String {
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_never_longer_than_a_browser_keeps() {
        let longest = Notice::done("😀".repeat(MOST_CHARACTERS + 1)).text;
        assert_eq!(longest.chars().count(), MOST_CHARACTERS + 1);
        assert!(longest.ends_with('…'));
        // As it is kept: sealed, and in letters for six bits each.
        assert!((longest.len() + 100) * 4 / 3 < 3_500, "{}", longest.len());
        let whole = "x".repeat(MOST_CHARACTERS);
        assert_eq!(Notice::mind(whole.clone()).text, whole);
    }
}
