//! The calls that fit, the latest first.

use askama::Template;
use rollcall_application::{
    PageRequest,
    calls::{self, CallFilter, CallKey},
};
use rollcall_domain::calls::{Call, Direction};
use serde::Deserialize;

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

/// How many stand on a page.
const PER_PAGE: u16 = 50;

#[derive(Template)]
#[template(path = "calls/list.html")]
struct CallsPage {
    t: Texts,
    asked: Query,
    mistakes: Mistakes,
    calls: Vec<Listed>,
    next: Option<String>,
}

impl Page for CallsPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.calls_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

impl CallsPage {
    fn directions(&self) -> [(&'static str, &'static str); 3] {
        let t = self.t;
        [
            ("", t.direction_any()),
            (Direction::Inbound.as_str(), t.direction(Direction::Inbound)),
            (Direction::Outbound.as_str(), t.direction(Direction::Outbound)),
        ]
    }
}

struct Listed {
    path: String,
    name: String,
    began: Moment,
    lasted: Option<String>,
    direction: &'static str,
    from: String,
    to: String,
    agent: String,
}

/// Which calls are wanted.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// The first and the last day, as whoever asks counts them.
    #[serde(default)]
    since: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    direction: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    agent: String,
    #[serde(default)]
    after: String,
}

impl Query {
    fn filter(&self, caller: &Caller, mistakes: &mut Mistakes) -> CallFilter {
        let t = caller.t;
        let times = &caller.times;
        let mut day = |field: &str, text: &str, found| {
            if !text.is_empty() && Option::is_none(&found) {
                mistakes.add(field, t.day_wrong());
            }
            found
        };
        let since = day("since", &self.since, times.begin_of(&self.since));
        let until = day("until", &self.until, times.end_of(&self.until));
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        CallFilter {
            since,
            until,
            direction: given(&self.direction).and_then(|text| mistakes.check(t, "direction", text.parse())),
            agent_ref: given(&self.agent).and_then(|text| mistakes.check(t, "agent", text.parse())),
            from: given(&self.from).and_then(|text| mistakes.check(t, "from", text.parse())),
            to: given(&self.to).and_then(|text| mistakes.check(t, "to", text.parse())),
            external_id: None,
            has_recording: None,
        }
    }

    fn is_filter(&self) -> bool {
        [&self.since, &self.until, &self.direction, &self.from, &self.to, &self.agent, &self.after]
            .into_iter()
            .any(|text| !text.trim().is_empty())
    }

    fn after(&self) -> Result<Option<CallKey>, Refused> {
        Ok(place::read(&self.after)?.map(|(started_at, id)| CallKey { started_at, id }))
    }

    fn page_after(&self, key: CallKey) -> String {
        let after = place::written(key.started_at, key.id);
        let asked = [
            ("since", self.since.as_str()),
            ("until", &self.until),
            ("direction", &self.direction),
            ("from", &self.from),
            ("to", &self.to),
            ("agent", &self.agent),
            ("after", &after),
        ];
        place::address("/calls", asked)
    }
}

pub(super) async fn show(caller: Caller, Asked(asked): Asked<Query>) -> Answer {
    let mut mistakes = Mistakes::none();
    let filter = asked.filter(&caller, &mut mistakes);
    let request = PageRequest { limit: PER_PAGE, after: asked.after()? };
    let page = calls::list(&caller.console.app, &caller.principal(), &filter, &request).await?;
    let wrong = mistakes.any();
    let page = CallsPage {
        t: caller.t,
        calls: page.entries.into_iter().filter(|_| !wrong).map(|call| listed(&caller, call)).collect(),
        next: page.next.filter(|_| !wrong).map(|key| asked.page_after(key)),
        asked,
        mistakes,
    };
    Ok(if wrong { caller.mend(&page) } else { caller.page(&page) })
}

fn listed(caller: &Caller, call: Call) -> Listed {
    let facts = call.facts;
    let shown = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    Listed {
        path: format!("/calls/{}", call.id),
        began: caller.times.show(facts.times.started_at()),
        lasted: facts.times.ended_at().map(|end| super::show::lasted(end - facts.times.started_at())),
        direction: caller.t.direction(facts.direction),
        from: shown(facts.from.map(|text| text.to_string())),
        to: shown(facts.to.map(|text| text.to_string())),
        agent: shown(facts.agent_ref.map(|text| text.to_string())),
        name: facts.external_id.to_string(),
    }
}
