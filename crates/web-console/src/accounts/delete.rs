//! Deleting one's own account (†), after what goes with it was shown.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use rollcall_application::{Error, PageRequest, Precondition, accounts};
use rollcall_domain::EmailAddress;
use serde::Deserialize;

use crate::{
    callers::{Holder, Visitor},
    form_token::FormStart,
    mistakes::Mistakes,
    page::{Layout, Page},
    parts::Field,
    posted::Posted,
    refused::{Answer, Refused},
    texts::Texts,
    visit::add_cookie,
};

/// As many as one page of the list takes.
const MOST: u16 = 200;

#[derive(Template)]
#[template(path = "accounts/delete.html")]
struct DeletePage {
    t: Texts,
    start: FormStart,
    /// What is left: names and roles.
    seats: Vec<(String, &'static str)>,
    address: String,
    email: String,
    mistakes: Mistakes,
}

impl Page for DeletePage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.delete_account_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

#[derive(Template)]
#[template(path = "accounts/deleted.html")]
struct DeletedPage {
    t: Texts,
}

impl Page for DeletedPage {
    const LAYOUT: Layout = Layout::Sheet;

    fn title(&self) -> String {
        self.t.account_deleted_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    email: String,
}

pub(super) async fn show(caller: Holder) -> Answer {
    Ok(caller.page(&page(&caller, String::new(), Mistakes::none()).await?))
}

pub(super) async fn submit(Posted { who: caller, fields }: Posted<Holder, Fields>) -> Answer {
    let (t, mut mistakes) = (caller.t, Mistakes::none());
    // So that nobody does it by a wrong click.
    if fields.email.parse::<EmailAddress>().ok().as_ref() != Some(&caller.actor.user.email) {
        mistakes.add("email", t.delete_account_other_address());
        return Ok(caller.mend(&page(&caller, fields.email, mistakes).await?));
    }
    match accounts::delete(&caller.console.app, &caller.actor, &Precondition::None).await {
        Ok(()) => {
            let mut response = caller.go_to_what_was_done("/account/deleted");
            add_cookie(&mut response, &caller.console.cookies.take_session());
            Ok(response)
        }
        Err(error @ Error::LastOwnerOf { .. }) => {
            let mistakes = Mistakes::whole_of(t.explain(&error).text);
            let page = page(&caller, fields.email, mistakes).await?;
            Ok(caller.page_with(StatusCode::CONFLICT, &page))
        }
        Err(error) => Err(error.into()),
    }
}

/// What was done, at an address of its own, where nobody is signed in any more.
pub(super) async fn done(visitor: Visitor) -> Response {
    visitor.page_of_what_was_done(&DeletedPage { t: visitor.t })
}

async fn page(caller: &Holder, email: String, mistakes: Mistakes) -> Result<DeletePage, Refused> {
    let everywhere = PageRequest { limit: MOST, after: None };
    let seats = accounts::list_organizations(&caller.console.app, &caller.actor, &everywhere).await?;
    let seats = seats.entries.into_iter();
    Ok(DeletePage {
        t: caller.t,
        start: caller.forms.begin("/account/delete"),
        seats: seats
            .map(|(organization, role)| (organization.name.to_string(), caller.t.role(role)))
            .collect(),
        address: caller.actor.user.email.to_string(),
        email,
        mistakes,
    })
}
