//! Saying that one has forgotten one's password.

use askama::Template;
use axum::response::Response;
use rollcall_application::accounts;
use serde::Deserialize;

use super::sign_up::CheckMailPage;
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
#[template(path = "accounts/request_password_reset.html")]
struct ForgottenPage {
    t: Texts,
    start: FormStart,
    email: String,
    mistakes: Mistakes,
}

impl Page for ForgottenPage {
    const LAYOUT: Layout = Layout::Sheet;

    fn title(&self) -> String {
        self.t.forgotten_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    email: String,
}

pub(super) async fn show(visitor: Visitor) -> Response {
    visitor.page(&page(&visitor, String::new(), Mistakes::none()))
}

pub(super) async fn submit(Posted { who: visitor, fields }: Posted<Visitor, Fields>) -> Answer {
    let mut mistakes = Mistakes::none();
    let Some(email) = mistakes.check(visitor.t, "email", fields.email.parse()) else {
        return Ok(visitor.mend(&page(&visitor, fields.email, mistakes)));
    };
    accounts::request_password_reset(&visitor.console.app, &visitor.origin, email).await?;
    Ok(visitor.go_to("/password/forgotten/sent"))
}

/// The same whether or not the address has an account (attack 12).
pub(super) async fn sent(visitor: Visitor) -> Response {
    let t = visitor.t;
    visitor.page(&CheckMailPage { t, text: t.check_mail_reset(), again: "/password/forgotten" })
}

fn page(visitor: &Visitor, email: String, mistakes: Mistakes) -> ForgottenPage {
    ForgottenPage { t: visitor.t, start: visitor.forms.begin("/password/forgotten"), email, mistakes }
}
