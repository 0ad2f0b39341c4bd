//! The page with the live board. Without a script it is as it was when it was opened, and is opened anew by a link.

use askama::Template;
use axum::response::Response;
use rollcall_application::{Error, availability};
use rollcall_domain::{Permission, audit::Action, availability::Choice};

use super::{LIVE, board::Board, set::Fields};
use crate::{
    assets,
    callers::Caller,
    escalations::forget_lost_leases,
    form_token::FormStart,
    mistakes::Mistakes,
    page::{Layout, Page},
    parts::{Choice as Select, Field},
    refused::{Answer, Refused},
    texts::Texts,
};

/// Where the board alone is fetched. Looking at it is no use of a session: a page that is left open prolongs nothing.
pub(crate) const BOARD: &str = "/live/board";

#[derive(Template)]
#[template(path = "availability/show.html")]
pub(super) struct LivePage {
    t: Texts,
    board: Board,
    /// The form for one's own status, for whoever has one.
    mine: Option<(FormStart, Fields)>,
    mistakes: Mistakes,
    /// Whether whoever looks is an agent of whom something must be heard.
    beats: bool,
    ticks: &'static str,
    manages: bool,
    events: String,
}

impl Page for LivePage {
    const LAYOUT: Layout = Layout::Console;
    const SCRIPTS: &'static [&'static str] = &["live.js"];

    fn title(&self) -> String {
        self.t.live_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        Some(&self.mistakes)
    }
}

impl LivePage {
    fn choices(&self) -> [(&'static str, &'static str); 3] {
        let t = self.t;
        [
            (Choice::Available.as_str(), t.status_available()),
            (Choice::Away.as_str(), t.status_away()),
            (Choice::Offline.as_str(), t.status_offline()),
        ]
    }

    /// The page with the form as it was filled in, or as it is.
    pub(super) async fn of(
        caller: &Caller,
        typed: Option<Fields>,
        mistakes: Mistakes,
    ) -> Result<Self, Refused> {
        let board = Board::of(caller).await?;
        let beats = caller.may(Permission::AvailabilitySet);
        let mine = match (beats, typed) {
            (false, _) => None,
            (true, Some(typed)) => Some(typed),
            (true, None) => own(caller).await?,
        };
        Ok(Self {
            t: caller.t,
            board,
            mine: mine.map(|fields| (caller.forms.begin("/live/status"), fields)),
            mistakes,
            beats,
            ticks: assets::path("ticks.js"),
            manages: caller.may(Permission::AvailabilityManage),
            events: events(),
        })
    }
}

/// What the stream calls that after which the board is another.
fn events() -> String {
    let names = Action::ALL.iter().map(|action| action.as_str());
    // Who is in the team, and as what, decides who is on the board.
    let names = names.filter(|name| {
        ["availability.", "escalation.", "member."].iter().any(|family| name.starts_with(family))
    });
    names.collect::<Vec<_>>().join(" ")
}

/// One's own status as it was chosen.
async fn own(caller: &Caller) -> Result<Option<Fields>, Error> {
    let me = caller.actor.user_id();
    match availability::show(&caller.console.app, &caller.principal(), me).await {
        Ok(listed) => Ok(Some(Fields {
            status: listed.agent.chosen.as_str().to_owned(),
            note: listed.agent.note.map(|note| note.to_string()).unwrap_or_default(),
        })),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) async fn show(caller: Caller) -> Answer {
    let page = LivePage::of(&caller, None, Mistakes::none()).await?;
    Ok(forget_lost_leases(&caller, caller.page(&page)).await)
}

pub(super) async fn board(caller: Caller) -> Answer {
    Ok(caller.part(&Board::of(&caller).await?))
}

/// What answers a form is not there for whoever comes back to its address.
pub(super) async fn again(caller: Caller) -> Response {
    caller.go_to(LIVE)
}
