//! The page behind the link that confirms another address. Looking at it uses nothing up.

use askama::Template;
use axum::response::Response;
use rollcall_application::accounts;
use rollcall_domain::secret::Secret;
use serde::Deserialize;

use crate::{
    callers::Visitor,
    link::{Asked, Link, PostedByLink},
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
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    token: String,
}

pub(super) async fn show(visitor: Visitor, Asked(link): Asked<Link>) -> Response {
    visitor.page(&ConfirmEmailChangePage { t: visitor.t, token: &link.token })
}

pub(super) async fn submit(PostedByLink { who: visitor, fields }: PostedByLink<Fields>) -> Answer {
    let token = Secret::new(fields.token);
    accounts::confirm_email_change(&visitor.console.app, &visitor.origin, &token).await?;
    Ok(visitor.page(&DonePage { t: visitor.t }))
}
