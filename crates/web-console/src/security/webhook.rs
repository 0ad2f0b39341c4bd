//! Where the platform is told what becomes of escalated calls.

use askama::Template;
use rollcall_application::{
    Error,
    webhooks::{self, Shown, ShownDelivery},
};
use rollcall_domain::{Permission, webhooks::WebhookUrl};
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

pub(super) const PATH: &str = "/settings/security/webhook";

#[derive(Template)]
#[template(path = "security/webhook.html")]
struct WebhookPage {
    t: Texts,
    current: Option<Current>,
    form: Option<(FormStart, String)>,
    remove: Option<FormStart>,
    resend: Option<FormStart>,
    /// The secret of one that was just chosen.
    secret: Option<String>,
    mistakes: Mistakes,
}

impl Page for WebhookPage {
    const LAYOUT: Layout = Layout::Console;
    const SCRIPTS: &'static [&'static str] = &["shown_once.js"];

    fn title(&self) -> String {
        self.t.webhook_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

struct Current {
    url: String,
    since: Moment,
    deliveries: Vec<Sent>,
}

/// An event that was to be sent.
struct Sent {
    at: Moment,
    kind: String,
    state: &'static str,
    attempts: u16,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    url: String,
}

pub(super) async fn show(caller: Caller) -> Answer {
    Ok(caller.page(&page(&caller, String::new(), Mistakes::none()).await?))
}

pub(super) async fn submit(Posted { who: caller, fields }: Posted<Caller, Fields>) -> Answer {
    let (app, t, mut mistakes) = (&caller.console.app, caller.t, Mistakes::none());
    let url = WebhookUrl::parse(fields.url.trim(), app.settings.webhooks);
    let Some(url) = mistakes.check(t, "url", url) else {
        return Ok(caller.mend(&page(&caller, fields.url, mistakes).await?));
    };
    let chosen = webhooks::set(app, &caller.actor, url).await?;
    let page = page(&caller, String::new(), Mistakes::none()).await?;
    Ok(caller.page(&WebhookPage { secret: Some(chosen.secret.expose().to_owned()), ..page }))
}

pub(super) async fn remove(Posted { who: caller, .. }: Posted<Caller, Nothing>) -> Answer {
    webhooks::remove(&caller.console.app, &caller.actor).await?;
    Ok(caller.go_to_and_say(SECURITY, caller.t.webhook_removed()))
}

pub(super) async fn resend(Posted { who: caller, .. }: Posted<Caller, Nothing>) -> Answer {
    let resent = webhooks::resend(&caller.console.app, &caller.actor).await?;
    Ok(caller.go_to_and_say(PATH, caller.t.webhook_resent(resent)))
}

async fn page(caller: &Caller, typed: String, mistakes: Mistakes) -> Result<WebhookPage, Refused> {
    let current = match webhooks::show(&caller.console.app, &caller.actor).await {
        Ok(shown) => Some(current(caller, shown)),
        Err(Error::NotFound) => None,
        Err(error) => return Err(error.into()),
    };
    let may = caller.may(Permission::SecurityManage);
    let button = |end| {
        let path = format!("{PATH}/{end}");
        (may && current.is_some()).then(|| caller.forms.begin_as("row", path))
    };
    Ok(WebhookPage {
        t: caller.t,
        form: may.then(|| (caller.forms.begin(PATH), typed)),
        remove: button("remove"),
        resend: button("resend"),
        current,
        secret: None,
        mistakes,
    })
}

fn current(caller: &Caller, Shown { kept, deliveries }: Shown) -> Current {
    let sent = |delivery: ShownDelivery| Sent {
        at: caller.times.show(delivery.at),
        kind: delivery.kind,
        state: caller.t.delivery(delivery.state),
        attempts: delivery.attempts,
        error: delivery.error,
    };
    Current {
        url: kept.url.to_string(),
        since: caller.times.show(kept.set_at),
        deliveries: deliveries.into_iter().map(sent).collect(),
    }
}
