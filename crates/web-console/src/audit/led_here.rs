//! What somebody sees first who comes to the audit log by a link on another site. Looking into the log leaves an event in their name, so
//! they are asked to go on from a page of ours.

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
    /// Where the link led.
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

/// The page to show first, if a link on another site has led here.
pub(super) fn page_before(caller: &Caller) -> Option<Response> {
    if !caller.is_led_here() {
        return None;
    }
    let path = caller.here().map_or_else(|| PATH.to_owned(), |here| here.to_string());
    Some(caller.page(&LedHerePage { t: caller.t, path }))
}
