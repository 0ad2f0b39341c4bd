//! The page behind the link that lets another password be chosen. Looking at it uses nothing up.

use askama::Template;
use axum::response::Response;
use rollcall_application::accounts::{self, ResetPassword};
use rollcall_domain::secret::{Password, Secret};
use serde::Deserialize;

use crate::{
    callers::Visitor,
    link::{Asked, Link, PostedByLink},
    mistakes::Mistakes,
    page::{Layout, Page},
    parts::Field,
    refused::Answer,
    texts::Texts,
};

#[derive(Template)]
#[template(path = "accounts/reset_password.html")]
struct ResetPasswordPage<'a> {
    t: Texts,
    token: &'a str,
    mistakes: Mistakes,
}

impl Page for ResetPasswordPage<'_> {
    const LAYOUT: Layout = Layout::Sheet;

    fn title(&self) -> String {
        self.t.reset_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

#[derive(Template)]
#[template(path = "accounts/password_reset_done.html")]
struct DonePage {
    t: Texts,
}

impl Page for DonePage {
    const LAYOUT: Layout = Layout::Sheet;

    fn title(&self) -> String {
        self.t.reset_done_title().to_owned()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    token: String,
    password: String,
}

pub(super) async fn show(visitor: Visitor, Asked(link): Asked<Link>) -> Response {
    visitor.page(&ResetPasswordPage { t: visitor.t, token: &link.token, mistakes: Mistakes::none() })
}

pub(super) async fn submit(PostedByLink { who: visitor, fields }: PostedByLink<Fields>) -> Answer {
    let (t, mut mistakes) = (visitor.t, Mistakes::none());
    let token = &fields.token;
    let Some(password) = mistakes.check(t, "password", Password::checked(&fields.password)) else {
        return Ok(visitor.mend(&ResetPasswordPage { t, token, mistakes }));
    };
    let command = ResetPassword { token: Secret::new(token), password };
    match accounts::reset_password(&visitor.console.app, &visitor.origin, command).await {
        Ok(()) => Ok(visitor.page(&DonePage { t })),
        Err(error) => {
            let mistakes = Mistakes::of(t, error)?;
            Ok(visitor.mend(&ResetPasswordPage { t, token, mistakes }))
        }
    }
}
