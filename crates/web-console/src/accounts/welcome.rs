//! The page that greets somebody who has just come in by a link.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use rollcall_application::{
    accounts::{self, Update},
    sessions::{self, SignedIn},
};

use crate::{
    language::Language,
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

/// An account that has just been made is spoken to in the language of the browser that it was made in. It is no reason to fail.
pub(crate) async fn speak_as_here(visit: &Visit, signed_in: &SignedIn) {
    let here = visit.t.language();
    if Language::of(&signed_in.user.locale) == Some(here) {
        return;
    }
    let app = &visit.console.app;
    let spoken = async {
        let actor = sessions::authenticate(app, &signed_in.token, visit.origin.clone()).await?;
        accounts::update(app, &actor, Update { locale: here.tag().parse().ok(), ..Update::default() }).await
    };
    if let Err(error) = spoken.await {
        tracing::warn!(%error, "the language of a new account was not noted");
    }
}

/// Greets somebody who has just come in, and gives their browser the session. The one that the browser had ends: nobody has its token
/// any more who could end it, be it that of somebody else.
pub(crate) async fn welcome(visit: &Visit, signed_in: &SignedIn) -> Response {
    if let Some(before) = visit.actor()
        && let Err(error) = sessions::sign_out(&visit.console.app, before).await
    {
        // Who has come in has come in.
        tracing::warn!(%error, "the session that a browser had before is still open");
    }
    let organization = signed_in.place.as_ref().map(|(organization, _)| organization.name.as_str());
    let page = WelcomePage { t: visit.t, name: signed_in.user.name.as_str(), organization };
    visit.let_in(visit.page_with(StatusCode::CREATED, &page), signed_in)
}
