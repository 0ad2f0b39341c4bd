//! The interstitial page before the audit log, for whoever comes by a link on another site. Looking into the log leaves an event in their
//! name, so they are asked to go on from a page of ours.

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
#[template(path = "audit/interstitial.html")]
struct InterstitialPage {
    t: Texts,
    /// Where the link leads.
    path: String,
}

impl Page for InterstitialPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.audit_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

/// The interstitial page, if the request is a navigation from another origin.
pub(super) fn interstitial(caller: &Caller) -> Option<Response> {
    if !caller.is_cross_origin() {
        return None;
    }
    let path = caller.here().map_or_else(|| PATH.to_owned(), |here| here.to_string());
    Some(caller.page(&InterstitialPage { t: caller.t, path }))
}
