//! The first half of adding a passkey (†): what the device is to be asked is in the page, and a script asks it.

use askama::Template;
use rollcall_application::passkeys;

use crate::{
    callers::Enrollee,
    form_token::FormStart,
    mistakes::Mistakes,
    page::{Layout, Page},
    parts::Field,
    posted::{Nothing, Posted},
    refused::{Answer, Refused},
    texts::Texts,
};

#[derive(Template)]
#[template(path = "passkeys/new.html")]
struct NewPasskeyPage {
    t: Texts,
    start: FormStart,
    options: String,
    name: String,
    mistakes: Mistakes,
}

impl Page for NewPasskeyPage {
    const LAYOUT: Layout = Layout::Console;
    const SCRIPTS: &'static [&'static str] = &["passkeys.js"];

    fn title(&self) -> String {
        self.t.passkey_add().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

pub(super) async fn submit(Posted { who: caller, .. }: Posted<Enrollee, Nothing>) -> Answer {
    let page = page(&caller, String::new(), Mistakes::none()).await?;
    Ok(caller.page(&page))
}

/// The page once more, with what is wrong with what was sent. A device answers a challenge once, so there is another.
pub(super) async fn once_more(caller: &Enrollee, name: String, mistakes: Mistakes) -> Answer {
    Ok(caller.mend(&page(caller, name, mistakes).await?))
}

async fn page(caller: &Enrollee, name: String, mistakes: Mistakes) -> Result<NewPasskeyPage, Refused> {
    let options = passkeys::begin_registration(&caller.console.app, &caller.actor).await?;
    Ok(NewPasskeyPage {
        t: caller.t,
        start: caller.forms.begin("/account/passkeys"),
        options: options.expose().to_owned(),
        name,
        mistakes,
    })
}
