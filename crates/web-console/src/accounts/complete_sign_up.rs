//! The page behind the link that confirms an address. Looking at it uses nothing up, and says at once if the link does not work.

use askama::Template;
use rollcall_application::accounts::{self, CompleteSignUp, LinkFor, preview_link};
use rollcall_domain::secret::{Password, Secret};
use serde::Deserialize;

use super::{settle_in, welcome};
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
#[template(path = "accounts/complete_sign_up.html")]
struct CompleteSignUpPage<'a> {
    t: Texts,
    token: &'a str,
    email: &'a str,
    mistakes: Mistakes,
}

impl Page for CompleteSignUpPage<'_> {
    const LAYOUT: Layout = Layout::Sheet;
    const SCRIPTS: &'static [&'static str] = &["time_zone.js"];

    fn title(&self) -> String {
        self.t.finish_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    token: String,
    password: String,
    /// That of the device, if a script could look.
    #[serde(default)]
    time_zone: String,
}

pub(super) async fn show(visitor: Visitor, Asked(link): Asked<Link>) -> Answer {
    let token = link.token()?;
    let email = preview_link(&visitor.console.app, LinkFor::SignUp, &Secret::new(token)).await?;
    let (t, email, mistakes) = (visitor.t, email.as_str(), Mistakes::none());
    Ok(visitor.page(&CompleteSignUpPage { t, token, email, mistakes }))
}

pub(super) async fn submit(PostedByLink { who: visitor, fields }: PostedByLink<Fields>) -> Answer {
    let (app, t, token) = (&visitor.console.app, visitor.t, &fields.token);
    let email = preview_link(app, LinkFor::SignUp, &Secret::new(token)).await?;
    let (email, mut mistakes) = (email.as_str(), Mistakes::none());
    let Some(password) = mistakes.check(t, "password", Password::chosen(&fields.password)) else {
        return Ok(visitor.mend(&CompleteSignUpPage { t, token, email, mistakes }));
    };
    let command = CompleteSignUp { token: Secret::new(token), password };
    match accounts::complete_sign_up(app, &visitor.origin, command).await {
        Ok(signed_in) => {
            settle_in(&visitor, &signed_in, &fields.time_zone).await;
            Ok(welcome(&visitor, &signed_in).await)
        }
        Err(error) => {
            let mistakes = Mistakes::of(t, error)?;
            Ok(visitor.mend(&CompleteSignUpPage { t, token, email, mistakes }))
        }
    }
}
