//! The pages of one's own account, beside each other.

use askama::{Template, filters::HtmlSafe};

use crate::texts::Texts;

/// The pages of one's own account, with the one that is shown marked.
#[derive(Debug, Template)]
#[template(path = "accounts/tabs.html")]
pub(crate) struct Tabs {
    t: Texts,
    here: &'static str,
}

impl Tabs {
    /// As they stand on a page.
    pub(crate) fn on(here: &'static str, t: &Texts) -> Self {
        Self { t: *t, here }
    }

    fn all(&self) -> [(&'static str, &'static str); 4] {
        [
            ("/account", self.t.account_profile()),
            ("/account/second-factor", self.t.second_factor()),
            ("/account/sessions", self.t.sessions_title()),
            ("/account/data", self.t.data_title()),
        ]
    }
}

// A template of its own, which escapes.
impl HtmlSafe for Tabs {}
