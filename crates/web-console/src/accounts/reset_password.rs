//! The page behind the link that lets another password be chosen. Looking at it uses nothing up, and says at once if the
//! link does not work.

use askama::Template;
use axum::response::Response;
use rollcall_application::accounts::{self, LinkFor, ResetPassword, preview_link};
use rollcall_domain::secret::{Password, Secret};
use serde::Deserialize;

use crate::{
    callers::Visitor,
    link::{Asked, Link, PostedByLink},
    mistakes::Mistakes,
    page::{Layout, Page},
    parts::{Field, Username},
    refused::Answer,
    texts::Texts,
};

#[derive(Template)]
#[template(path = "accounts/reset_password.html")]
struct ResetPasswordPage<'a> {
    t: Texts,
    token: &'a str,
    email: &'a str,
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

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    token: String,
    password: String,
}

pub(super) async fn show(visitor: Visitor, Asked(link): Asked<Link>) -> Answer {
    let token = link.token()?;
    let email = preview_link(&visitor.console.app, LinkFor::PasswordReset, &Secret::new(token)).await?;
    let (t, email, mistakes) = (visitor.t, email.as_str(), Mistakes::none());
    Ok(visitor.page(&ResetPasswordPage { t, token, email, mistakes }))
}

pub(super) async fn submit(PostedByLink { who: visitor, fields }: PostedByLink<Fields>) -> Answer {
    let (app, t, token) = (&visitor.console.app, visitor.t, &fields.token);
    let email = preview_link(app, LinkFor::PasswordReset, &Secret::new(token)).await?;
    let (email, mut mistakes) = (email.as_str(), Mistakes::none());
    let Some(password) = mistakes.check(t, "password", Password::checked(&fields.password)) else {
        return Ok(visitor.mend(&ResetPasswordPage { t, token, email, mistakes }));
    };
    let command = ResetPassword { token: Secret::new(token), password };
    match accounts::reset_password(app, &visitor.origin, command).await {
        Ok(()) => Ok(visitor.go_to_what_was_done("/password/reset/done")),
        Err(error) => {
            let mistakes = Mistakes::of(t, error)?;
            Ok(visitor.mend(&ResetPasswordPage { t, token, email, mistakes }))
        }
    }
}

/// What was done, at an address of its own: to reload it does nothing again, and leads on.
pub(super) async fn done(visitor: Visitor) -> Response {
    visitor.page_of_what_was_done(&DonePage { t: visitor.t })
}
