//! Changing one's own name, language or time zone.

use rollcall_application::{
    Error, Precondition,
    accounts::{self, Update},
};
use rollcall_domain::accounts::User;
use rollcall_texts::Language;
use serde::Deserialize;

use super::show::AccountPage;
use crate::{
    callers::Holder, mistakes::Mistakes, notice::Notice, posted::Posted, refused::Answer, texts::Texts,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    pub(super) name: String,
    pub(super) locale: String,
    pub(super) time_zone: String,
    /// The version that was shown.
    pub(super) version: i32,
}

impl Fields {
    /// What there is.
    pub(super) fn of(user: &User) -> Self {
        Self {
            name: user.name.to_string(),
            locale: user.locale.as_str().to_owned(),
            time_zone: user.time_zone.as_str().to_owned(),
            version: user.version,
        }
    }
}

pub(super) async fn submit(Posted { who: caller, fields }: Posted<Holder, Fields>) -> Answer {
    let (t, mut mistakes) = (caller.t, Mistakes::none());
    let name = mistakes.check(t, "name", fields.name.parse());
    let locale = mistakes.check(t, "locale", fields.locale.parse());
    let time_zone = mistakes.check(t, "time_zone", fields.time_zone.parse());
    if mistakes.any() {
        return Ok(caller.mend(&AccountPage::of(&caller, fields, mistakes)));
    }
    let precondition = Precondition::only(fields.version);
    let command = Update { name, locale, time_zone, precondition };
    match accounts::update(&caller.console.app, &caller.actor, command).await {
        Ok(user) => {
            // In the language that was chosen.
            let t = Language::tagged(user.locale.as_str()).map_or(t, Texts::of);
            Ok(caller.go_to_and_say("/account", t.account_saved()))
        }
        Err(Error::PreconditionFailed) => {
            Ok(caller.with_notice(caller.go_to("/account"), Notice::mind(t.changed_meanwhile())))
        }
        Err(error) => Err(error.into()),
    }
}
