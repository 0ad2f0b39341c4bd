//! The page that greets somebody who has just come in by a link.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use rollcall_application::sessions::SignedIn;

use crate::{
    page::{Layout, Page},
    texts::Texts,
    visit::Visit,
};

#[derive(Template)]
#[template(path = "accounts/welcome.html")]
struct WelcomePage<'a> {
    t: Texts,
    name: &'a str,
    organization: Option<&'a str>,
}

impl Page for WelcomePage<'_> {
    const LAYOUT: Layout = Layout::Sheet;

    fn title(&self) -> String {
        self.t.welcome(self.name)
    }
}

/// Greets somebody who has just come in, and gives their browser the session.
pub(crate) fn welcome(visit: &Visit, signed_in: &SignedIn) -> Response {
    let organization = signed_in.place.as_ref().map(|(organization, _)| organization.name.as_str());
    let page = WelcomePage { t: visit.t, name: signed_in.user.name.as_str(), organization };
    visit.let_in(visit.page_with(StatusCode::CREATED, &page), signed_in)
}
