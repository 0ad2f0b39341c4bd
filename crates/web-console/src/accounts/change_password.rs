//! Choosing another password, with the one there is (†). That one is the proof as well, so nobody is asked for it twice.

use askama::Template;
use axum::response::Response;
use rollcall_application::{
    Error,
    accounts::{self, ChangePassword},
    sessions::{self, Elevate},
};
use rollcall_domain::secret::Password;
use serde::Deserialize;

use crate::{
    callers::Holder,
    form_token::FormStart,
    mistakes::Mistakes,
    page::{Layout, Page},
    parts::{Field, Username},
    posted::Posted,
    refused::Answer,
    texts::Texts,
};

#[derive(Template)]
#[template(path = "accounts/change_password.html")]
struct ChangePasswordPage<'a> {
    t: Texts,
    start: FormStart,
    /// For programs that keep passwords: whose it is.
    email: &'a str,
    mistakes: Mistakes,
}

impl Page for ChangePasswordPage<'_> {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.password_change_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    current_password: String,
    new_password: String,
}

pub(super) async fn show(caller: Holder) -> Response {
    caller.page(&page(&caller, Mistakes::none()))
}

pub(super) async fn submit(Posted { who: caller, fields }: Posted<Holder, Fields>) -> Answer {
    let (t, mut mistakes) = (caller.t, Mistakes::none());
    let Some(new) = mistakes.check(t, "new_password", Password::checked(&fields.new_password)) else {
        return Ok(caller.mend(&page(&caller, mistakes)));
    };
    let current = Password::given(&fields.current_password);
    match change(&caller, ChangePassword { current, new }).await {
        Ok(()) => Ok(caller.go_to_and_say("/account", t.password_changed())),
        Err(Error::WrongPassword) => {
            mistakes.add("current_password", t.password_wrong());
            Ok(caller.mend(&page(&caller, mistakes)))
        }
        Err(error) => Ok(caller.mend(&page(&caller, Mistakes::of(t, error)?))),
    }
}

async fn change(caller: &Holder, command: ChangePassword) -> Result<(), Error> {
    let app = &caller.console.app;
    if caller.actor.require_elevation(app.now()).is_ok() {
        return accounts::change_password(app, &caller.actor, command).await;
    }
    sessions::elevate(app, &caller.actor, Elevate::Password(command.current.clone())).await?;
    let visit = caller.afresh().await?;
    accounts::change_password(app, visit.actor().ok_or(Error::Unauthenticated)?, command).await
}

fn page(caller: &Holder, mistakes: Mistakes) -> ChangePasswordPage<'_> {
    ChangePasswordPage {
        t: caller.t,
        start: caller.forms.begin("/account/password"),
        email: caller.actor.user.email.as_str(),
        mistakes,
    }
}
