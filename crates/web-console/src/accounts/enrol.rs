//! Where whoever has to set up a second factor first is sent.

use askama::Template;
use axum::response::Response;

use crate::{
    callers::Enrollee,
    page::{Layout, Page},
    texts::Texts,
};

#[derive(Template)]
#[template(path = "accounts/enrol.html")]
struct EnrolPage<'a> {
    t: Texts,
    /// Which organization asks for it, if one does.
    organization: Option<&'a str>,
}

impl Page for EnrolPage<'_> {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.second_factor().to_owned()
    }
}

pub(super) async fn show(caller: Enrollee) -> Response {
    let place = caller.actor.place.as_ref().filter(|_| caller.actor.must_enrol());
    caller.page(&EnrolPage {
        t: caller.t,
        organization: place.map(|(organization, _)| organization.name.as_str()),
    })
}
