//! Who is sent the checkpoints of the audit log.

use axum::response::Response;
use rollcall_application::{
    Error, Precondition,
    audit::witness::{self, ShownWitness},
};
use rollcall_domain::{Permission, audit::witness::Witness, webhooks::WebhookUrl};
use serde::Deserialize;

use crate::{
    callers::Caller,
    mistakes::Mistakes,
    parts::Field,
    posted::{Nothing, Posted},
    refused::{Answer, Refused},
    security::PATH as SECURITY,
    texts::Texts,
    webhooks::{Current, ReceiverPage, Words},
};

pub(super) const PATH: &str = "/settings/security/witness";

fn words(t: Texts) -> Words {
    Words {
        title: t.witness_title(),
        what: t.witness_what(),
        to: t.witness_to(),
        none: t.witness_none(),
        about: t.witness_size(),
        choose: t.witness_choose(),
        other: t.witness_other(),
        save: t.witness_send(),
        remove: t.witness_remove(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    to: String,
}

pub(super) async fn show(caller: Caller) -> Answer {
    Ok(caller.page(&page(&caller, "", &Mistakes::none()).await?))
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
        caller.permit_first(Permission::SecurityManage).await?;
        return Ok(caller.mend(&page(&caller, &fields.to, &mistakes).await?));
    };
    match witness::set(&caller.console.app, &caller.actor, witness, &Precondition::None).await {
        Ok(chosen) => chosen_page(&caller, chosen).await,
        Err(error) => {
            let mistakes = Mistakes::of(t, error)?;
            Ok(caller.mend(&page(&caller, &fields.to, &mistakes).await?))
        }
    }
}

/// With a secret to keep, its page is the answer itself.
async fn chosen_page(caller: &Caller, chosen: witness::WitnessChoice) -> Result<Response, Refused> {
    let Some(secret) = chosen.secret else {
        let said = caller.t.witness_chosen(chosen.shown.kept.witness.address());
        return Ok(caller.go_to_and_say(PATH, said));
    };
    let page = page(caller, "", &Mistakes::none()).await?;
    Ok(caller.page(&ReceiverPage { secret: Some(secret.expose().to_owned()), ..page }))
}

pub(super) async fn remove(Posted { who: caller, .. }: Posted<Caller, Nothing>) -> Answer {
    witness::remove(&caller.console.app, &caller.actor, &Precondition::None).await?;
    Ok(caller.go_to_and_say(SECURITY, caller.t.witness_removed()))
}

async fn page(caller: &Caller, typed: &str, mistakes: &Mistakes) -> Result<ReceiverPage, Refused> {
    let (t, may) = (caller.t, caller.may(Permission::SecurityManage));
    let current = match witness::show(&caller.console.app, &caller.principal()).await {
        Ok(ShownWitness { kept, health, deliveries }) => {
            let address = kept.witness.address().to_owned();
            Some(Current::of(caller, (address, kept.set_at), health, deliveries))
        }
        Err(Error::NotFound) => None,
        Err(error) => return Err(error.into()),
    };
    let field = Field::new("to", t.witness_field()).value(typed).hint(t.witness_hint());
    Ok(ReceiverPage {
        t,
        words: words(t),
        form: may.then(|| (caller.forms.begin(PATH), field.most(2000).mistakes(mistakes))),
        remove: (may && current.is_some()).then(|| caller.forms.begin_as("row", format!("{PATH}/remove"))),
        resend: None,
        current,
        secret: None,
        mistakes: mistakes.clone(),
    })
}
