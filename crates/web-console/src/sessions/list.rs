//! Where one is signed in.

use askama::Template;
use rollcall_application::{PageRequest, accounts, sessions};
use rollcall_domain::SessionId;
use serde::Deserialize;

use super::device::named;
use crate::{
    accounts::Tabs,
    callers::Holder,
    form_token::FormStart,
    link::Asked,
    mistakes::Mistakes,
    moment::Moment,
    page::{Layout, Page},
    refused::{Answer, Refused},
    texts::Texts,
};

/// How many stand on a page.
const PER_PAGE: u16 = 50;
/// As many organizations as one page of their list takes.
const MOST: u16 = 200;

#[derive(Template)]
#[template(path = "sessions/list.html")]
struct SessionsPage {
    t: Texts,
    sessions: Vec<Listed>,
    end_others: FormStart,
    after: bool,
    next: Option<String>,
}

impl Page for SessionsPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.sessions_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

impl SessionsPage {
    /// Whether there is another that could be ended.
    fn others(&self) -> bool {
        self.after || self.next.is_some() || self.sessions.iter().any(|session| !session.this)
    }
}

struct Listed {
    device: Option<String>,
    /// Where it is at work, if that is known here.
    organization: Option<String>,
    ip: Option<String>,
    began: Moment,
    used: Moment,
    this: bool,
    end: FormStart,
}

/// Where the page begins.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    #[serde(default)]
    after: String,
}

pub(super) async fn show(caller: Holder, Asked(asked): Asked<Query>) -> Answer {
    let app = &caller.console.app;
    let after: Option<SessionId> = match asked.after.as_str() {
        "" => None,
        after => Some(after.parse().map_err(|_| Refused::Misread)?),
    };
    let page = sessions::list(app, &caller.actor, &PageRequest { limit: PER_PAGE, after }).await?;
    let everywhere = PageRequest { limit: MOST, after: None };
    let seats = accounts::list_organizations(app, &caller.actor, &everywhere).await?.entries;
    let name = |id| {
        let seat = seats.iter().find(|(organization, _)| organization.id == id);
        seat.map(|(organization, _)| organization.name.to_string())
    };
    let sessions = page.entries.into_iter().map(|own| Listed {
        device: own.user_agent.as_deref().map(named),
        organization: own.session.organization.and_then(name),
        ip: own.ip,
        began: caller.times.show(own.created_at),
        used: caller.times.show(own.session.last_seen_at),
        this: own.session.id == caller.actor.session_id(),
        end: caller.forms.begin_as("row", format!("/account/sessions/{}/end", own.session.id)),
    });
    Ok(caller.page(&SessionsPage {
        t: caller.t,
        sessions: sessions.collect(),
        end_others: caller.forms.begin("/account/sessions/end-others"),
        after: after.is_some(),
        next: page.next.map(|id| format!("/account/sessions?after={id}")),
    }))
}
