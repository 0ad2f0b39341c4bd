//! Beginning to use an authenticator app (†): its seed is shown, once, as the answer to the form.

use askama::Template;
use rollcall_application::second_factors::{self, Enrolment};

use super::qr::Qr;
use crate::{
    callers::Enrollee,
    form_token::FormStart,
    mistakes::Mistakes,
    page::{Layout, Page},
    parts::Field,
    posted::{Nothing, Posted},
    refused::Answer,
    texts::Texts,
};

#[derive(Template)]
#[template(path = "second_factors/begin_totp.html")]
pub(super) struct BegunPage {
    t: Texts,
    start: FormStart,
    begin_anew: FormStart,
    /// The seed, drawn and in letters, as long as it is known.
    seed: Option<(Qr, String)>,
    mistakes: Mistakes,
}

impl Page for BegunPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.totp_new_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

impl BegunPage {
    /// The page that asks for the app's first code.
    pub(super) fn of(caller: &Enrollee, seed: Option<(Qr, String)>, mistakes: Mistakes) -> Self {
        Self {
            t: caller.t,
            start: caller.forms.begin("/account/second-factor/app/confirm"),
            begin_anew: caller.forms.begin_as("row", "/account/second-factor/app"),
            seed,
            mistakes,
        }
    }
}

pub(super) async fn submit(Posted { who: caller, .. }: Posted<Enrollee, Nothing>) -> Answer {
    let Enrolment { secret, otpauth_uri } =
        second_factors::begin_totp(&caller.console.app, &caller.actor).await?;
    let picture = Qr::of(otpauth_uri.expose(), caller.t.totp_picture())?;
    let letters: Vec<&str> =
        secret.expose().as_bytes().chunks(4).filter_map(|four| str::from_utf8(four).ok()).collect();
    Ok(caller.page(&BegunPage::of(&caller, Some((picture, letters.join(" "))), Mistakes::none())))
}
