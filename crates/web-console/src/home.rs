//! The front door.

use askama::Template;
use axum::response::Response;

use crate::{
    callers::Visitor,
    mistakes::Mistakes,
    page::{Layout, Page},
    refused::Refused,
    sections::first_for,
    texts::Texts,
};

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    t: Texts,
    mailbox: bool,
}

impl Page for HomePage {
    const LAYOUT: Layout = Layout::Sheet;

    fn title(&self) -> String {
        self.t.home_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

/// A page of the console that there is not.
pub(crate) async fn nothing_there() -> Refused {
    Refused::NoSuchPage
}

/// Whoever is signed in is sent to where they begin.
pub(crate) async fn show(visitor: Visitor) -> Response {
    match visitor.actor() {
        Some(actor) => visitor.go_to(first_for(&actor.grant())),
        None => visitor.page(&HomePage { t: visitor.t, mailbox: visitor.console.mailbox.is_some() }),
    }
}
