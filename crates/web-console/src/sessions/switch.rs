//! The organizations that somebody is in, and going to work in another.

use askama::Template;
use axum::extract::Path;
use rollcall_application::{
    Error, PageRequest, accounts,
    sessions::{self, Switch},
};
use rollcall_domain::OrganizationId;

use crate::{
    callers::Enrollee,
    form_token::FormStart,
    mistakes::Mistakes,
    notice::Notice,
    page::{Layout, Page},
    posted::{Nothing, Posted},
    refused::Answer,
    texts::Texts,
};

/// As many as one page of the list takes.
const MOST: u16 = 200;

#[derive(Template)]
#[template(path = "sessions/switch.html")]
struct OrganizationsPage {
    t: Texts,
    seats: Vec<Listed>,
}

impl Page for OrganizationsPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.organizations_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

struct Listed {
    name: String,
    role: &'static str,
    here: bool,
    suspended: bool,
    start: FormStart,
}

pub(super) async fn show(caller: Enrollee) -> Answer {
    let page = PageRequest { limit: MOST, after: None };
    let page = accounts::list_organizations(&caller.console.app, &caller.actor, &page).await?;
    let seats = page.entries.into_iter().map(|(organization, role)| Listed {
        here: caller.actor.organization() == Some(organization.id),
        suspended: organization.suspended,
        start: caller.forms.begin_as("row", format!("/organizations/{}/go", organization.id)),
        name: organization.name.to_string(),
        role: caller.t.role(role),
    });
    Ok(caller.page(&OrganizationsPage { t: caller.t, seats: seats.collect() }))
}

pub(super) async fn submit(
    Path(id): Path<String>,
    Posted { who: caller, .. }: Posted<Enrollee, Nothing>,
) -> Answer {
    let organization: OrganizationId = id.parse().map_err(|_| Error::NotFound)?;
    let signed_in = sessions::switch(&caller.console.app, &caller.actor, Switch { organization }).await?;
    let name = signed_in.place.as_ref().map_or("", |(organization, _)| organization.name.as_str());
    let notice = Notice::done(caller.t.organizations_went(name));
    Ok(caller.with_notice(caller.enter(&signed_in, None), notice))
}
