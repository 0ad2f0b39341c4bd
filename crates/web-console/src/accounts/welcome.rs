//! The page that greets somebody who has just come in by a link.

use askama::Template;
use axum::response::Response;
use rollcall_application::{
    ErrorChain,
    accounts::{self, Update},
    sessions::{self, SignedIn},
};
use rollcall_domain::accounts::{Locale, TimeZone};
use rollcall_texts::Language;

use crate::{
    callers::Enrollee,
    mistakes::Mistakes,
    moment,
    notice::Notice,
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

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

/// An account that has just been made is spoken to in the language of the browser that it was made in, and told the time in the zone of
/// its device, if that is known. Neither is a reason to fail.
pub(crate) async fn settle_in(visit: &Visit, signed_in: &SignedIn, time_zone: &str) {
    let (user, here) = (&signed_in.user, visit.t.language());
    let locale: Option<Locale> = match Language::tagged(user.locale.as_str()) == Some(here) {
        true => None,
        false => here.tag().parse().ok(),
    };
    let time_zone: Option<TimeZone> =
        Some(time_zone).filter(|zone| moment::is_zone(zone)).and_then(|zone| zone.parse().ok());
    let time_zone = time_zone.filter(|zone| *zone != user.time_zone);
    if locale.is_none() && time_zone.is_none() {
        return;
    }
    let app = &visit.console.app;
    let noted = async {
        let actor = sessions::authenticate(app, &signed_in.token, visit.origin.clone()).await?;
        accounts::update(app, &actor, Update { locale, time_zone, ..Update::default() }).await
    };
    if let Err(error) = noted.await {
        tracing::warn!(error = %ErrorChain(&error), "the language and the time zone of a new account were not noted");
    }
}

/// Gives the browser of somebody who has just come in the session, and sends it on to the page that greets them. The session that the
/// browser had before ends, even if it was somebody else's: nobody would have its token any more to end it.
pub(crate) async fn welcome(visit: &Visit, signed_in: &SignedIn) -> Response {
    if let Some(before) = visit.actor()
        && let Err(error) = sessions::sign_out(&visit.console.app, before).await
    {
        // Who has come in has come in.
        tracing::warn!(error = %ErrorChain(&error), "the session that a browser had before is still open");
    }
    visit.with_notice(visit.let_in(visit.go_to("/welcome"), signed_in), Notice::said_at("/welcome"))
}

pub(super) async fn show(caller: Enrollee) -> Response {
    let organization = caller.actor.place.as_ref().map(|(organization, _)| organization.name.as_str());
    let name = caller.actor.user.name.as_str();
    caller.page_of_what_was_done(&WelcomePage { t: caller.t, name, organization })
}
