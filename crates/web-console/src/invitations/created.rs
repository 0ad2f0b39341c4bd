//! Somebody was invited: the one page that shows the link which may be passed on.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use rollcall_application::invitations::{ListedInvitation, reference};

use super::passed_on;
use crate::{
    callers::Caller,
    mistakes::Mistakes,
    page::{Layout, Page},
    texts::Texts,
};

#[derive(Template)]
#[template(path = "invitations/created.html")]
struct InvitedPage<'a> {
    t: Texts,
    email: &'a str,
    link: String,
}

impl Page for InvitedPage<'_> {
    const LAYOUT: Layout = Layout::Console;
    const SCRIPTS: &'static [&'static str] = &["shown_once.js"];

    fn title(&self) -> String {
        self.t.invited_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

pub(super) fn page(caller: &Caller, made: &ListedInvitation) -> Response {
    let reference = reference(&caller.console.app, caller.organization.id, made.invitation.id);
    let page = InvitedPage {
        t: caller.t,
        email: made.invitation.email.as_str(),
        link: format!("{}{}?of={reference}", caller.console.public_url, passed_on::PATH),
    };
    caller.page_with(StatusCode::CREATED, &page)
}
