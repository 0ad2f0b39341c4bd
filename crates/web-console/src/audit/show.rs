//! One event in plain words.

use askama::Template;
use axum::extract::Path;
use rollcall_application::{
    Error,
    audit::{self, LoggedChange},
};
use rollcall_domain::EventId;

use super::{
    interstitial::interstitial,
    names::{Names, Party},
    or_off,
    search::PATH,
};
use crate::{
    callers::Caller,
    mistakes::Mistakes,
    moment::Moment,
    page::{Layout, Page},
    refused::Answer,
    texts::Texts,
};

#[derive(Template)]
#[template(path = "audit/show.html")]
struct EventPage {
    t: Texts,
    id: EventId,
    what: String,
    action: String,
    at: Moment,
    who: Party,
    who_id: Option<String>,
    target: Party,
    target_id: Option<String>,
    refused: bool,
    session: Option<String>,
    request: Option<String>,
    index: u64,
    changes: Vec<LoggedChange>,
    personal: Vec<(String, Option<String>)>,
    same_actor: Option<String>,
    same_target: Option<String>,
}

impl Page for EventPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.what.clone()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

pub(super) async fn show(caller: Caller, Path(id): Path<String>) -> Answer {
    if let Some(page) = interstitial(&caller) {
        return Ok(page);
    }
    let answer = event(&caller, &id).await;
    or_off(&caller, answer)
}

async fn event(caller: &Caller, id: &str) -> Answer {
    let (app, t) = (&caller.console.app, caller.t);
    let id: EventId = id.parse().map_err(|_| Error::NotFound)?;
    let event = audit::show(app, &caller.principal(), id).await?;
    let names = Names::of(caller).await?;
    let like = |field: &str, value: Option<&str>| {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair(field, value?).finish();
        Some(format!("{PATH}?{query}"))
    };
    Ok(caller.page(&EventPage {
        t,
        id,
        what: t.action(&event.action),
        at: caller.times.show(event.occurred_at),
        who: names.party(t, &event.actor_kind, event.actor_id.as_deref()),
        target: names.party(t, &event.target_kind, event.target_id.as_deref()),
        refused: event.outcome == "refused",
        session: event.session,
        request: event.request_id,
        index: event.index,
        changes: event.changes,
        personal: event.personal.into_iter().collect(),
        same_actor: like("actor", event.actor_id.as_deref()),
        same_target: like("target", event.target_id.as_deref()),
        action: event.action,
        who_id: event.actor_id,
        target_id: event.target_id,
    }))
}
