//! The page behind the link that confirms another address. Looking at it uses nothing up, and says at once if the link does not
//! work.

use askama::Template;
use axum::response::Response;
use rollcall_application::accounts::{self, LinkFor, preview_link};
use rollcall_domain::secret::Secret;
use serde::Deserialize;

use crate::{
    callers::Visitor,
    link::{Asked, Link, PostedByLink},
    mistakes::Mistakes,
    page::{Layout, Page},
    refused::Answer,
    texts::Texts,
};

#[derive(Template)]
#[template(path = "accounts/confirm_email_change.html")]
struct ConfirmEmailChangePage<'a> {
    t: Texts,
    token: &'a str,
}

impl Page for ConfirmEmailChangePage<'_> {
    const LAYOUT: Layout = Layout::Sheet;

    fn title(&self) -> String {
        self.t.confirm_email_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

#[derive(Template)]
#[template(path = "accounts/email_changed.html")]
struct DonePage {
    t: Texts,
}

impl Page for DonePage {
    const LAYOUT: Layout = Layout::Sheet;

    fn title(&self) -> String {
        self.t.email_changed_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    token: String,
}

pub(super) async fn show(visitor: Visitor, Asked(link): Asked<Link>) -> Answer {
    let token = link.token()?;
    preview_link(&visitor.console.app, LinkFor::EmailChange, &Secret::new(token)).await?;
    Ok(visitor.page(&ConfirmEmailChangePage { t: visitor.t, token }))
}

pub(super) async fn submit(PostedByLink { who: visitor, fields }: PostedByLink<Fields>) -> Answer {
    let token = Secret::new(fields.token);
    accounts::confirm_email_change(&visitor.console.app, &visitor.origin, &token).await?;
    Ok(visitor.go_to_what_was_done("/me/email/confirm/done"))
}

/// What was done, at an address of its own: to reload it does nothing again, and leads on.
pub(super) async fn done(visitor: Visitor) -> Response {
    visitor.page_of_what_was_done(&DonePage { t: visitor.t })
}
