//! Recovery codes as they are shown, once.

use askama::Template;
use rollcall_domain::second_factors::RecoveryCode;

use crate::{
    mistakes::Mistakes,
    page::{Layout, Page},
    texts::Texts,
};

/// Shows recovery codes, which nobody can show again.
#[derive(Template)]
#[template(path = "second_factors/recovery_codes.html")]
pub(crate) struct RecoveryCodesPage {
    t: Texts,
    heading: &'static str,
    codes: Vec<String>,
}

impl Page for RecoveryCodesPage {
    const LAYOUT: Layout = Layout::Console;
    const SCRIPTS: &'static [&'static str] = &["codes.js"];

    fn title(&self) -> String {
        self.t.codes_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

impl RecoveryCodesPage {
    /// The page that shows them, under a heading that says what was done.
    pub(crate) fn of(t: Texts, heading: &'static str, codes: &[RecoveryCode]) -> Self {
        let codes = codes.iter().map(|code| code.grouped().expose().to_owned()).collect();
        Self { t, heading, codes }
    }

    /// The codes as a file that is in the page itself: letters, digits and hyphens, so nothing in it needs to be written otherwise.
    fn file(&self) -> String {
        format!("data:text/plain,{}", self.codes.join("%0A"))
    }
}
