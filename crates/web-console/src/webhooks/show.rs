//! Where the platform is told what becomes of escalated calls.

use rollcall_application::{
    Error, Precondition,
    webhooks::{self, ShownWebhook},
};
use rollcall_domain::{Permission, webhooks::WebhookUrl};
use serde::Deserialize;

use super::{Current, ReceiverPage, Words};
use crate::{
    callers::Caller,
    mistakes::Mistakes,
    parts::Field,
    posted::{Nothing, Posted},
    refused::{Answer, Refused},
    security::PATH as SECURITY,
    texts::Texts,
};

pub(super) const PATH: &str = "/settings/security/webhook";

fn words(t: Texts) -> Words {
    Words {
        title: t.webhook_title(),
        what: t.webhook_what(),
        to: t.webhook_to(),
        none: t.webhook_none(),
        about: t.webhook_event(),
        choose: t.webhook_choose(),
        other: t.webhook_other(),
        save: t.webhook_save(),
        remove: t.webhook_remove(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    url: String,
}

pub(super) async fn show(caller: Caller) -> Answer {
    Ok(caller.page(&page(&caller, "", &Mistakes::none()).await?))
}

pub(super) async fn submit(Posted { who: caller, fields }: Posted<Caller, Fields>) -> Answer {
    let (app, t, mut mistakes) = (&caller.console.app, caller.t, Mistakes::none());
    let url = WebhookUrl::parse(fields.url.trim(), app.settings.webhooks);
    let Some(url) = mistakes.check(t, "url", url) else {
        caller.permit_first(Permission::SecurityManage).await?;
        return Ok(caller.mend(&page(&caller, &fields.url, &mistakes).await?));
    };
    let chosen = webhooks::set(app, &caller.actor, url, &Precondition::None).await?;
    let page = page(&caller, "", &Mistakes::none()).await?;
    Ok(caller.page(&ReceiverPage { secret: Some(chosen.secret.expose().to_owned()), ..page }))
}

pub(super) async fn remove(Posted { who: caller, .. }: Posted<Caller, Nothing>) -> Answer {
    webhooks::remove(&caller.console.app, &caller.actor, &Precondition::None).await?;
    Ok(caller.go_to_and_say(SECURITY, caller.t.webhook_removed()))
}

pub(super) async fn resend(Posted { who: caller, .. }: Posted<Caller, Nothing>) -> Answer {
    let resent = webhooks::resend(&caller.console.app, &caller.actor, &Precondition::None).await?;
    Ok(caller.go_to_and_say(PATH, caller.t.webhook_resent(resent)))
}

async fn page(caller: &Caller, typed: &str, mistakes: &Mistakes) -> Result<ReceiverPage, Refused> {
    let (t, may) = (caller.t, caller.may(Permission::SecurityManage));
    let current = match webhooks::show(&caller.console.app, &caller.actor).await {
        Ok(ShownWebhook { kept, health, deliveries }) => {
            Some(Current::of(caller, (kept.url.to_string(), kept.set_at), health, deliveries))
        }
        Err(Error::NotFound) => None,
        Err(error) => return Err(error.into()),
    };
    let button = |end| {
        let path = format!("{PATH}/{end}");
        (may && current.is_some()).then(|| caller.forms.begin_as("row", path))
    };
    let field = Field::new("url", t.webhook_field()).kind("url").value(typed).hint(t.webhook_hint());
    Ok(ReceiverPage {
        t,
        words: words(t),
        form: may.then(|| (caller.forms.begin(PATH), field.most(2000).mistakes(mistakes))),
        remove: button("remove"),
        resend: button("resend"),
        current,
        secret: None,
        mistakes: mistakes.clone(),
    })
}
