//! One's own account: who one is to others, in which language, and in which zone.

use std::{collections::BTreeSet, sync::LazyLock};

use askama::Template;
use axum::response::Response;
use rollcall_texts::Language;

use super::{Tabs, update::Fields};
use crate::{
    callers::Holder,
    form_token::FormStart,
    mistakes::Mistakes,
    page::{Layout, Page},
    parts::{Choice, Field},
    texts::Texts,
};

/// The zones that are offered, by their names. Those of the families that are kept for old programs are left out.
static ZONES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let names = jiff::tz::db().available().map(|name| name.as_str().to_owned());
    let places = names.filter(|name| name.contains('/') && !name.starts_with("Etc/"));
    places.chain(["UTC".to_owned()]).collect()
});

#[derive(Template)]
#[template(path = "accounts/show.html")]
pub(super) struct AccountPage {
    t: Texts,
    start: FormStart,
    email: String,
    place: Option<(&'static str, String)>,
    fields: Fields,
    mistakes: Mistakes,
}

impl Page for AccountPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.account_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

impl AccountPage {
    /// The page as it is for its owner.
    pub(super) fn of(caller: &Holder, fields: Fields, mistakes: Mistakes) -> Self {
        let place = caller.actor.place.as_ref();
        Self {
            t: caller.t,
            start: caller.forms.begin("/account"),
            email: caller.actor.user.email.to_string(),
            place: place.map(|(organization, role)| (caller.t.role(*role), organization.name.to_string())),
            fields,
            mistakes,
        }
    }

    /// The languages that pages speak; one that was chosen elsewhere stays.
    fn languages(&self) -> Vec<(&str, &str)> {
        let spoken = Language::ALL.map(|language| (language.tag(), language.own_name()));
        let other = Some((self.fields.locale.as_str(), self.fields.locale.as_str()));
        let other = other.filter(|(tag, _)| spoken.iter().all(|(known, _)| known != tag));
        spoken.into_iter().chain(other).collect()
    }

    fn zones(&self) -> Vec<(&str, &str)> {
        let chosen = self.fields.time_zone.as_str();
        let other = (!ZONES.contains(chosen)).then_some(chosen);
        other.into_iter().chain(ZONES.iter().map(String::as_str)).map(|zone| (zone, zone)).collect()
    }
}

pub(super) async fn show(caller: Holder) -> Response {
    let fields = Fields::of(&caller.actor.user);
    caller.page(&AccountPage::of(&caller, fields, Mistakes::none()))
}
