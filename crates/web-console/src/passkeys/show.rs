//! One passkey: its name, and the way to be rid of it.

use askama::Template;
use axum::{extract::Path, response::Response};
use rollcall_application::{Error, second_factors};
use rollcall_domain::{id::PasskeyId, passkeys::Passkey};

use crate::{
    callers::Enrollee,
    form_token::FormStart,
    mistakes::Mistakes,
    moment::Moment,
    page::{Layout, Page},
    parts::Field,
    refused::{Answer, ENROL},
    texts::Texts,
};

#[derive(Template)]
#[template(path = "passkeys/show.html")]
pub(super) struct PasskeyPage {
    t: Texts,
    called: String,
    added: Moment,
    used: Option<Moment>,
    rename: FormStart,
    remove: FormStart,
    name: String,
    mistakes: Mistakes,
}

impl Page for PasskeyPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.called.clone()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

impl PasskeyPage {
    /// The page of a passkey, with a name that was typed.
    pub(super) fn of(caller: &Enrollee, passkey: &Passkey, name: String, mistakes: Mistakes) -> Self {
        let form = |what| caller.forms.begin(format!("/account/passkeys/{}/{what}", passkey.id));
        Self {
            t: caller.t,
            called: passkey.name.to_string(),
            added: caller.times.show(passkey.created_at),
            used: passkey.last_used_at.map(|at| caller.times.show(at)),
            rename: form("rename"),
            remove: form("remove"),
            name,
            mistakes,
        }
    }
}

/// A passkey of whoever asks.
///
/// # Errors
/// [`Error::NotFound`] for one that is not theirs.
pub(super) async fn own(caller: &Enrollee, id: PasskeyId) -> Result<Passkey, Error> {
    let overview = second_factors::show(&caller.console.app, &caller.actor).await?;
    overview.passkeys.into_iter().find(|passkey| passkey.id == id).ok_or(Error::NotFound)
}

/// They are all on the page of second factors.
pub(super) async fn all(caller: Enrollee) -> Response {
    caller.go_to(ENROL)
}

pub(super) async fn show(caller: Enrollee, Path(id): Path<String>) -> Answer {
    let passkey = own(&caller, id.parse().map_err(|_| Error::NotFound)?).await?;
    let name = passkey.name.to_string();
    Ok(caller.page(&PasskeyPage::of(&caller, &passkey, name, Mistakes::none())))
}
