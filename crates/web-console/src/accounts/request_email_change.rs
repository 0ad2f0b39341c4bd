//! Asking for another address (†). Nothing changes until somebody who reads its mail follows the link that is sent there.

use askama::Template;
use axum::response::Response;
use rollcall_application::accounts;
use serde::Deserialize;

use crate::{
    callers::Holder,
    form_token::FormStart,
    mistakes::Mistakes,
    page::{Layout, Page},
    parts::Field,
    posted::Posted,
    refused::Answer,
    texts::Texts,
};

#[derive(Template)]
#[template(path = "accounts/request_email_change.html")]
struct RequestEmailChangePage<'a> {
    t: Texts,
    start: FormStart,
    email: &'a str,
    new_email: String,
    mistakes: Mistakes,
}

impl Page for RequestEmailChangePage<'_> {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.email_change_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    new_email: String,
}

pub(super) async fn show(caller: Holder) -> Response {
    caller.page(&page(&caller, String::new(), Mistakes::none()))
}

pub(super) async fn submit(Posted { who: caller, fields }: Posted<Holder, Fields>) -> Answer {
    let (t, mut mistakes) = (caller.t, Mistakes::none());
    let new_email = mistakes.check(t, "new_email", fields.new_email.parse());
    let Some(new_email) = new_email else {
        return Ok(caller.mend(&page(&caller, fields.new_email, mistakes)));
    };
    match accounts::request_email_change(&caller.console.app, &caller.actor, new_email).await {
        // The same whether or not the address has an account (attack 12).
        Ok(()) => Ok(caller.go_to_and_say("/account", t.email_change_asked(&fields.new_email))),
        Err(error) => Ok(caller.mend(&page(&caller, fields.new_email, Mistakes::of(t, error)?))),
    }
}

fn page(caller: &Holder, new_email: String, mistakes: Mistakes) -> RequestEmailChangePage<'_> {
    RequestEmailChangePage {
        t: caller.t,
        start: caller.forms.begin("/account/email"),
        email: caller.actor.user.email.as_str(),
        new_email,
        mistakes,
    }
}
