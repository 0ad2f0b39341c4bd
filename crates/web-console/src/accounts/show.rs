//! One's own account.

use askama::Template;
use axum::response::Response;

use crate::{
    callers::Enrollee,
    page::{Layout, Page},
    texts::Texts,
};

#[derive(Template)]
#[template(path = "accounts/show.html")]
struct AccountPage<'a> {
    t: Texts,
    name: &'a str,
    email: &'a str,
    place: Option<(&'static str, &'a str)>,
}

impl Page for AccountPage<'_> {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.account_title().to_owned()
    }
}

pub(super) async fn show(caller: Enrollee) -> Response {
    let user = &caller.actor.user;
    let place = caller.actor.place.as_ref();
    caller.page(&AccountPage {
        t: caller.t,
        name: user.name.as_str(),
        email: user.email.as_str(),
        place: place.map(|(organization, role)| (caller.t.role(*role), organization.name.as_str())),
    })
}
