//! Who is sent the checkpoints of the audit log.

use askama::Template;
use axum::response::Response;
use rollcall_application::{
    Error,
    audit::witness::{self, Shown, ShownDelivery},
};
use rollcall_domain::{Permission, audit::witnesses::Witness, webhooks::WebhookUrl};
use serde::Deserialize;

use super::show::PATH as SECURITY;
use crate::{
    callers::Caller,
    form_token::FormStart,
    mistakes::Mistakes,
    moment::Moment,
    page::{Layout, Page},
    parts::Field,
    posted::{Nothing, Posted},
    refused::{Answer, Refused},
    texts::Texts,
};

pub(super) const PATH: &str = "/settings/security/witness";

#[derive(Template)]
#[template(path = "security/witness.html")]
struct WitnessPage {
    t: Texts,
    current: Option<Current>,
    form: Option<(FormStart, String)>,
    remove: Option<FormStart>,
    /// The secret of a webhook that was just chosen.
    secret: Option<String>,
    mistakes: Mistakes,
}

impl Page for WitnessPage {
    const LAYOUT: Layout = Layout::Console;
    const SCRIPTS: &'static [&'static str] = &["shown_once.js"];

    fn title(&self) -> String {
        self.t.witness_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

struct Current {
    address: String,
    since: Moment,
    deliveries: Vec<Sent>,
}

/// A checkpoint that was to be sent.
struct Sent {
    at: Moment,
    size: u64,
    state: &'static str,
    attempts: u16,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    to: String,
}

pub(super) async fn show(caller: Caller) -> Answer {
    Ok(caller.page(&page(&caller, String::new(), Mistakes::none()).await?))
}

pub(super) async fn submit(Posted { who: caller, fields }: Posted<Caller, Fields>) -> Answer {
    let (t, mut mistakes) = (caller.t, Mistakes::none());
    let to = fields.to.trim();
    let witness = if to.contains("://") {
        let reach = caller.console.app.settings.webhooks;
        mistakes.check(t, "to", WebhookUrl::parse(to, reach)).map(Witness::Webhook)
    } else {
        mistakes.check(t, "to", to.parse()).map(Witness::Mail)
    };
    let Some(witness) = witness else {
        return Ok(caller.mend(&page(&caller, fields.to, mistakes).await?));
    };
    match witness::set(&caller.console.app, &caller.actor, witness).await {
        Ok(chosen) => chosen_page(&caller, chosen).await,
        Err(error) => {
            let mistakes = Mistakes::of(t, error)?;
            Ok(caller.mend(&page(&caller, fields.to, mistakes).await?))
        }
    }
}

/// With a secret to keep, its page is the answer itself.
async fn chosen_page(caller: &Caller, chosen: witness::Chosen) -> Result<Response, Refused> {
    let Some(secret) = chosen.secret else {
        let said = caller.t.witness_chosen(chosen.shown.kept.witness.address());
        return Ok(caller.go_to_and_say(PATH, said));
    };
    let page = page(caller, String::new(), Mistakes::none()).await?;
    Ok(caller.page(&WitnessPage { secret: Some(secret.expose().to_owned()), ..page }))
}

pub(super) async fn remove(Posted { who: caller, .. }: Posted<Caller, Nothing>) -> Answer {
    witness::remove(&caller.console.app, &caller.actor).await?;
    Ok(caller.go_to_and_say(SECURITY, caller.t.witness_removed()))
}

async fn page(caller: &Caller, typed: String, mistakes: Mistakes) -> Result<WitnessPage, Refused> {
    let current = match witness::show(&caller.console.app, &caller.principal()).await {
        Ok(shown) => Some(current(caller, shown)),
        Err(Error::NotFound) => None,
        Err(error) => return Err(error.into()),
    };
    let may = caller.may(Permission::SecurityManage);
    Ok(WitnessPage {
        t: caller.t,
        form: may.then(|| (caller.forms.begin(PATH), typed)),
        remove: (may && current.is_some()).then(|| caller.forms.begin_as("row", format!("{PATH}/remove"))),
        current,
        secret: None,
        mistakes,
    })
}

fn current(caller: &Caller, Shown { kept, deliveries }: Shown) -> Current {
    let sent = |delivery: ShownDelivery| Sent {
        at: caller.times.show(delivery.at),
        size: delivery.size,
        state: caller.t.delivery(delivery.state),
        attempts: delivery.attempts,
        error: delivery.error,
    };
    Current {
        address: kept.witness.address().to_owned(),
        since: caller.times.show(kept.set_at),
        deliveries: deliveries.into_iter().map(sent).collect(),
    }
}
