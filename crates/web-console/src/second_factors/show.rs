//! What second factors one has, and what can be done about them.

use askama::Template;
use axum::response::Response;
use rollcall_application::second_factors::{self, Overview};

use crate::{
    accounts::Tabs,
    callers::Enrollee,
    form_token::FormStart,
    mistakes::Mistakes,
    moment::Moment,
    page::{Layout, Page},
    refused::{Answer, ENROL},
    texts::Texts,
};

#[derive(Template)]
#[template(path = "second_factors/show.html")]
struct SecondFactorsPage {
    t: Texts,
    /// Which organization keeps everything else closed until there is one.
    held_by: Option<String>,
    /// By when one must be there.
    due: Option<Moment>,
    app: Option<Moment>,
    app_form: FormStart,
    /// Whether the app is all that there is.
    last: bool,
    enabled: bool,
    codes_left: u32,
    renew: FormStart,
    passkeys: Vec<Listed>,
    /// None where passkeys do not work.
    add: Option<FormStart>,
}

impl Page for SecondFactorsPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.second_factor().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

struct Listed {
    name: String,
    path: String,
    added: Moment,
    used: Option<Moment>,
    backed_up: bool,
}

pub(super) async fn show(caller: Enrollee) -> Answer {
    let overview = second_factors::show(&caller.console.app, &caller.actor).await?;
    Ok(caller.page(&page(&caller, overview)))
}

/// What answers a form is not there for whoever comes back to its address.
pub(super) async fn again(caller: Enrollee) -> Response {
    caller.go_to(ENROL)
}

fn page(caller: &Enrollee, overview: Overview) -> SecondFactorsPage {
    let Overview { totp_confirmed_at, recovery_codes_left, passkeys } = overview;
    let held = caller.actor.must_enrol();
    let place = caller.actor.place.as_ref().filter(|_| held);
    let enabled = totp_confirmed_at.is_some() || !passkeys.is_empty();
    let deadline = caller.actor.mfa_deadline.filter(|_| !held && !enabled);
    let app_form = match totp_confirmed_at {
        Some(_) => "/account/second-factor/app/off",
        None => "/account/second-factor/app",
    };
    SecondFactorsPage {
        t: caller.t,
        held_by: place.map(|(organization, _)| organization.name.to_string()),
        due: deadline.map(|deadline| caller.times.show(deadline.at)),
        app: totp_confirmed_at.map(|at| caller.times.day(at)),
        app_form: caller.forms.begin(app_form),
        last: passkeys.is_empty(),
        enabled,
        codes_left: recovery_codes_left,
        renew: caller.forms.begin("/account/second-factor/recovery-codes"),
        add: caller.console.app.webauthn.is_some().then(|| caller.forms.begin("/account/passkeys/new")),
        passkeys: passkeys
            .into_iter()
            .map(|passkey| Listed {
                path: format!("/account/passkeys/{}", passkey.id),
                name: passkey.name.to_string(),
                added: caller.times.day(passkey.created_at),
                used: passkey.last_used_at.map(|at| caller.times.show(at)),
                backed_up: passkey.backed_up,
            })
            .collect(),
    }
}
