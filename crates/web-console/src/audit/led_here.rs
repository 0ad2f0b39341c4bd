//! What whoever is led to the audit log by a link of another site sees first. Looking into the log is in it, in their name, so they ask for it
//! on a page of ours.

use askama::Template;
use axum::response::Response;

use super::search::PATH;
use crate::{
    callers::Caller,
    mistakes::Mistakes,
    page::{Layout, Page},
    texts::Texts,
};

#[derive(Template)]
#[template(path = "audit/led_here.html")]
struct LedHerePage {
    t: Texts,
    /// Where they were led.
    path: String,
}

impl Page for LedHerePage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.audit_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

/// The page that leads on to where a link of another site has led; none where none has.
pub(super) fn page_before(caller: &Caller) -> Option<Response> {
    if !caller.is_led_here() {
        return None;
    }
    let path = caller.here().map_or_else(|| PATH.to_owned(), |here| here.to_string());
    Some(caller.page(&LedHerePage { t: caller.t, path }))
}
