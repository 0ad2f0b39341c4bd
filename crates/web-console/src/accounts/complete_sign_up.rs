//! The page behind the link that confirms an address. Looking at it uses nothing up.

use askama::Template;
use axum::response::Response;
use rollcall_application::accounts::{self, CompleteSignUp};
use rollcall_domain::secret::{Password, Secret};
use serde::Deserialize;

use super::{speak_as_here, welcome};
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
#[template(path = "accounts/complete_sign_up.html")]
struct CompleteSignUpPage<'a> {
    t: Texts,
    token: &'a str,
    mistakes: Mistakes,
}

impl Page for CompleteSignUpPage<'_> {
    const LAYOUT: Layout = Layout::Sheet;

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
}

pub(super) async fn show(visitor: Visitor, Asked(link): Asked<Link>) -> Response {
    visitor.page(&CompleteSignUpPage { t: visitor.t, token: &link.token, mistakes: Mistakes::none() })
}

pub(super) async fn submit(PostedByLink { who: visitor, fields }: PostedByLink<Fields>) -> Answer {
    let (t, mut mistakes) = (visitor.t, Mistakes::none());
    let token = &fields.token;
    let Some(password) = mistakes.check(t, "password", Password::chosen(&fields.password)) else {
        return Ok(visitor.mend(&CompleteSignUpPage { t, token, mistakes }));
    };
    let command = CompleteSignUp { token: Secret::new(token), password };
    match accounts::complete_sign_up(&visitor.console.app, &visitor.origin, command).await {
        Ok(signed_in) => {
            speak_as_here(&visitor, &signed_in).await;
            Ok(welcome(&visitor, &signed_in).await)
        }
        Err(error) => {
            let mistakes = Mistakes::of(t, error)?;
            Ok(visitor.mend(&CompleteSignUpPage { t, token, mistakes }))
        }
    }
}
