//! Signing up: who, and what their organization is called. The address is confirmed by mail.

use askama::Template;
use axum::response::Response;
use rollcall_application::accounts::{self, SignUp};
use serde::Deserialize;

use crate::{
    callers::Visitor,
    form_token::FormStart,
    mistakes::Mistakes,
    page::{Layout, Page},
    parts::Field,
    posted::Posted,
    refused::Answer,
    texts::Texts,
};

#[derive(Template)]
#[template(path = "accounts/sign_up.html")]
struct SignUpPage {
    t: Texts,
    start: FormStart,
    fields: Fields,
    mistakes: Mistakes,
}

impl Page for SignUpPage {
    const LAYOUT: Layout = Layout::Sheet;

    fn title(&self) -> String {
        self.t.sign_up_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

/// Says that a mail is on its way.
#[derive(Template)]
#[template(path = "accounts/check_mail.html")]
pub(super) struct CheckMailPage {
    pub(super) t: Texts,
    pub(super) text: &'static str,
    pub(super) again: &'static str,
}

impl Page for CheckMailPage {
    const LAYOUT: Layout = Layout::Sheet;

    fn title(&self) -> String {
        self.t.check_mail_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    email: String,
    name: String,
    organization_name: String,
}

pub(super) async fn show(visitor: Visitor) -> Response {
    visitor.page(&page(&visitor, Fields::default(), Mistakes::none()))
}

pub(super) async fn submit(Posted { who: visitor, fields }: Posted<Visitor, Fields>) -> Answer {
    let (t, mut mistakes) = (visitor.t, Mistakes::none());
    let name = mistakes.check(t, "name", fields.name.parse());
    let email = mistakes.check(t, "email", fields.email.parse());
    let organization_name = mistakes.check(t, "organization_name", fields.organization_name.parse());
    let (Some(email), Some(name), Some(organization_name)) = (email, name, organization_name) else {
        return Ok(visitor.mend(&page(&visitor, fields, mistakes)));
    };
    // As the page is spoken.
    let locale = t.language().tag().parse().unwrap_or_default();
    let command = SignUp { email, name, organization_name, locale };
    accounts::sign_up(&visitor.console.app, &visitor.origin, command).await?;
    Ok(visitor.go_to("/sign-up/sent"))
}

pub(super) async fn sent(visitor: Visitor) -> Response {
    let t = visitor.t;
    visitor.page(&CheckMailPage { t, text: t.check_mail_sign_up(), again: "/sign-up" })
}

fn page(visitor: &Visitor, fields: Fields, mistakes: Mistakes) -> SignUpPage {
    SignUpPage { t: visitor.t, start: visitor.forms.begin("/sign-up"), fields, mistakes }
}
