//! Looking into the audit log, the newest events first.

use askama::Template;
use rollcall_application::{
    PageRequest,
    audit::{self, LoggedEvent},
    security,
};
use rollcall_domain::{
    audit::search::{Filter, outcome},
    security::Control,
};
use serde::Deserialize;

use super::{
    interstitial::interstitial,
    names::{Names, Party},
    or_off,
};
use crate::{
    callers::Caller,
    link::Asked,
    mistakes::Mistakes,
    moment::Moment,
    page::{Layout, Page},
    parts::{Choice, Field},
    place,
    refused::{Answer, Refused},
    texts::Texts,
};

pub(super) const PATH: &str = "/settings/audit";
/// How many events stand on a page.
const PER_PAGE: u16 = 50;

#[derive(Template)]
#[template(path = "audit/search.html")]
struct SearchPage {
    t: Texts,
    asked: Query,
    /// Whether anything is asked for at all.
    narrow: bool,
    events: Vec<Row>,
    next: Option<String>,
    names: Names,
    /// Whether nothing new is added to it.
    off: bool,
    mistakes: Mistakes,
}

impl Page for SearchPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.audit_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

struct Row {
    id: String,
    at: Moment,
    who: Party,
    who_id: Option<String>,
    what: String,
    target: Party,
    target_id: Option<String>,
    refused: bool,
}

/// Which events are wanted.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Query {
    q: String,
    actor: String,
    action: String,
    target: String,
    outcome: String,
    since: String,
    until: String,
    after: String,
}

impl Query {
    fn pairs(&self) -> [(&'static str, &str); 7] {
        [
            ("q", &self.q),
            ("actor", &self.actor),
            ("action", &self.action),
            ("target", &self.target),
            ("outcome", &self.outcome),
            ("since", &self.since),
            ("until", &self.until),
        ]
    }

    fn filter(&self, caller: &Caller, mistakes: &mut Mistakes) -> Filter {
        let t = caller.t;
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let mut day = |field: &str, text: &str, end: bool| {
            let day = given(text)?;
            let at = if end { caller.times.end_of(&day) } else { caller.times.begin_of(&day) };
            if at.is_none() {
                mistakes.add(field, t.key_day_wrong());
            }
            at
        };
        let (since, until) = (day("since", &self.since, false), day("until", &self.until, true));
        if until < since && until.is_some() {
            mistakes.add("until", t.audit_until_early());
        }
        Filter {
            actor: given(&self.actor).and_then(|text| mistakes.check(t, "actor", text.parse())),
            action: given(&self.action).and_then(|text| mistakes.check(t, "action", text.parse())),
            target: given(&self.target).and_then(|text| mistakes.check(t, "target", text.parse())),
            outcome: given(&self.outcome).and_then(|text| mistakes.check(t, "outcome", outcome(&text))),
            words: given(&self.q).and_then(|text| mistakes.check(t, "q", text.parse())),
            since,
            until,
        }
    }

    fn page_after(&self, after: u64) -> String {
        let after = after.to_string();
        place::address(PATH, self.pairs().into_iter().chain([("after", after.as_str())]))
    }
}

impl SearchPage {
    /// Who can be asked for: everybody here, and whoever is asked for by id.
    fn actors(&self) -> Vec<(&str, String)> {
        let t = self.t;
        let mut actors = vec![("", t.audit_anybody().to_owned())];
        actors.extend(self.names.iter().map(|(id, name)| (id, name.to_owned())));
        for kind in ["system", "operator", "anonymous"] {
            actors.push((kind, t.kind(kind)));
        }
        if !actors.iter().any(|(id, _)| *id == self.asked.actor) {
            actors.push((&self.asked.actor, self.asked.actor.clone()));
        }
        actors
    }

    fn actions(&self) -> Vec<(&str, String)> {
        let mut actions = vec![("", self.t.audit_anything().to_owned())];
        actions.extend(self.t.actions().map(|(name, words)| (name, words.to_owned())));
        if !actions.iter().any(|(name, _)| *name == self.asked.action) {
            actions.push((&self.asked.action, self.asked.action.clone()));
        }
        actions
    }

    fn outcomes(&self) -> [(&'static str, &'static str); 3] {
        let t = self.t;
        [("", t.audit_any_outcome()), ("success", t.audit_success()), ("refused", t.audit_refused())]
    }
}

pub(super) async fn show(caller: Caller, Asked(asked): Asked<Query>) -> Answer {
    if let Some(page) = interstitial(&caller) {
        return Ok(page);
    }
    let answer = search(&caller, asked).await;
    or_off(&caller, answer)
}

async fn search(caller: &Caller, asked: Query) -> Answer {
    let (app, mut mistakes) = (&caller.console.app, Mistakes::none());
    let after = match asked.after.as_str() {
        "" => None,
        place => Some(place.parse().map_err(|_| Refused::Misread)?),
    };
    let filter = asked.filter(caller, &mut mistakes);
    // Asked first: it is told to whoever may not that they may not.
    let found = match mistakes.any() {
        true => {
            caller.actor.permit(rollcall_domain::Permission::AuditLogRead)?;
            None
        }
        false => {
            let page = PageRequest { limit: PER_PAGE, after };
            Some(audit::search(app, &caller.principal(), &filter, &page).await?)
        }
    };
    let names = Names::of(caller).await?;
    let off = !security::show(app, &caller.actor).await?.on().contains(Control::AuditLog);
    let (events, next) = found.map(|page| (page.entries, page.next)).unwrap_or_default();
    let page = SearchPage {
        t: caller.t,
        narrow: asked.pairs().iter().any(|(_, value)| !value.is_empty()),
        events: events.into_iter().map(|event| row(caller, &names, event)).collect(),
        next: next.map(|after| asked.page_after(after)),
        names,
        off,
        asked,
        mistakes,
    };
    Ok(if page.mistakes.any() { caller.mend(&page) } else { caller.page(&page) })
}

fn row(caller: &Caller, names: &Names, event: LoggedEvent) -> Row {
    let t = caller.t;
    let who = names.party(t, &event.actor_kind, event.actor_id.as_deref());
    let target = names.party(t, &event.target_kind, event.target_id.as_deref());
    Row {
        id: event.id.to_string(),
        at: caller.times.show(event.occurred_at),
        // Whatever has a name needs no id here.
        who_id: event.actor_id.filter(|_| event.actor_kind != "user" && who.kind.is_none()),
        who,
        what: t.action(&event.action),
        target_id: event.target_id.filter(|_| {
            !matches!(event.target_kind.as_str(), "user" | "organization" | "session")
                && target.kind.is_none()
        }),
        target,
        refused: event.outcome == "refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_repeats_the_search_of_this_one() {
        let asked = Query { q: "a&b".to_owned(), outcome: "refused".to_owned(), ..Query::default() };
        assert_eq!(asked.page_after(17), "/settings/audit?q=a%26b&outcome=refused&after=17");
    }
}
