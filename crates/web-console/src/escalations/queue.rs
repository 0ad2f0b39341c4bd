//! The queue, and what of it is in whose hands.

use rollcall_application::{
    Error, PageRequest,
    escalations::{self, EscalationFilter, EscalationKey, ShownEscalation},
};
use rollcall_domain::{EscalationId, Permission, UserId, escalations::EscalationStatus};
use time::Duration;

use super::lease;
use crate::{callers::Caller, form_token::FormStart, moment::Moment, refused::Refused};

/// As many as one page of the list takes; the board shows no more of those that wait.
const MOST: u16 = 200;
/// The most pages that are looked through for what somebody holds.
const PAGES: usize = 20;

/// What waits, and what is in whose hands.
pub(crate) struct Queue {
    /// What is offered to whoever looks.
    pub(crate) offered: Vec<Call>,
    /// What they have taken.
    pub(crate) held: Vec<Call>,
    pub(crate) waiting: Vec<Call>,
    /// How many more wait than are shown.
    pub(crate) waiting_beyond: Beyond,
    pub(crate) callbacks: Vec<Call>,
    /// How many more are to be called back.
    pub(crate) callbacks_beyond: Beyond,
    /// What others have taken.
    pub(crate) others: Vec<Call>,
    /// How many are offered to others.
    pub(crate) elsewhere: usize,
}

/// How many are not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Beyond {
    /// As many as were counted.
    pub(crate) counted: usize,
    /// Whether there are others that were not.
    pub(crate) or_more: bool,
}

/// A call as the board shows it.
pub(crate) struct Call {
    pub(crate) id: EscalationId,
    pub(crate) call: String,
    pub(crate) reason: String,
    pub(crate) priority: u8,
    pub(crate) skills: String,
    pub(crate) position: Option<u32>,
    pub(crate) agent: Option<UserId>,
    pub(crate) began: Moment,
    /// For how long it has waited, in seconds, and as people read it.
    pub(crate) waited: i64,
    pub(crate) waited_text: String,
    /// For how long it is held, likewise.
    pub(crate) left: i64,
    pub(crate) left_text: String,
    /// The form that takes it.
    pub(crate) claim: Option<FormStart>,
    /// The forms by which it is kept, given back and finished, for the browser that has taken it.
    pub(crate) lease: Option<(FormStart, FormStart, FormStart)>,
}

/// The queue as it is for whoever looks.
pub(crate) async fn queue(caller: &Caller) -> Result<Queue, Refused> {
    let me = Some(caller.actor.user_id());
    let (waiting, waiting_beyond) = some(caller, EscalationStatus::Waiting).await?;
    let (callbacks, callbacks_beyond) = some(caller, EscalationStatus::Callback).await?;
    let offered = all(caller, EscalationStatus::Offered).await?;
    let claimed = all(caller, EscalationStatus::Claimed).await?;
    let shown = |found: Vec<ShownEscalation>| -> Vec<Call> {
        found.into_iter().map(|found| call(caller, found)).collect()
    };
    let is_mine = |found: &ShownEscalation| found.escalation.agent == me;
    let (offered, elsewhere): (Vec<_>, Vec<_>) = offered.into_iter().partition(is_mine);
    let (held, others): (Vec<_>, Vec<_>) = claimed.into_iter().partition(is_mine);
    Ok(Queue {
        offered: shown(offered),
        held: shown(held),
        waiting: shown(waiting),
        waiting_beyond,
        callbacks: shown(callbacks),
        callbacks_beyond,
        others: shown(others),
        elsewhere: elsewhere.len(),
    })
}

/// The ids of what whoever looks has taken.
pub(super) async fn mine(caller: &Caller) -> Result<Vec<EscalationId>, Error> {
    let claimed = all(caller, EscalationStatus::Claimed).await?;
    let me = Some(caller.actor.user_id());
    let mine = claimed.into_iter().filter(|found| found.escalation.agent == me);
    Ok(mine.map(|found| found.escalation.id).collect())
}

/// Those that are shown, and how many there are besides. The board of everybody looks every few seconds, so no more is counted than one
/// page more.
async fn some(caller: &Caller, status: EscalationStatus) -> Result<(Vec<ShownEscalation>, Beyond), Error> {
    let (shown, next) = page_of(caller, status, None).await?;
    let Some(after) = next else { return Ok((shown, Beyond { counted: 0, or_more: false })) };
    let (more, next) = page_of(caller, status, Some(after)).await?;
    Ok((shown, Beyond { counted: more.len(), or_more: next.is_some() }))
}

async fn page_of(
    caller: &Caller,
    status: EscalationStatus,
    after: Option<EscalationKey>,
) -> Result<(Vec<ShownEscalation>, Option<EscalationKey>), Error> {
    let filter = EscalationFilter { status: Some(status) };
    let request = PageRequest { limit: MOST, after };
    let page = escalations::list(&caller.console.app, &caller.principal(), filter, &request).await?;
    Ok((page.entries, page.next))
}

/// All that have come so far: no more than all agents can hold together.
async fn all(caller: &Caller, status: EscalationStatus) -> Result<Vec<ShownEscalation>, Error> {
    let (mut found, mut after) = (Vec::new(), None);
    for _ in 0..PAGES {
        let (entries, next) = page_of(caller, status, after).await?;
        // What has lapsed is found by what is written down, and waits already.
        found.extend(entries.into_iter().filter(|found| found.escalation.status == status));
        after = next;
        if after.is_none() {
            break;
        }
    }
    Ok(found)
}

/// A call as it is for whoever looks.
pub(super) fn call(caller: &Caller, shown: ShownEscalation) -> Call {
    let waited = shown.waited();
    let ShownEscalation { escalation, position, at } = shown;
    let id = escalation.id;
    let left = escalation.hold.map_or(Duration::ZERO, |hold| (hold.until() - at).max(Duration::ZERO));
    let form = |what| caller.forms.begin_as("row", format!("/live/calls/{id}/{what}"));
    let can_be_taken = match escalation.status {
        EscalationStatus::Waiting | EscalationStatus::Callback | EscalationStatus::Offered => {
            caller.may(Permission::EscalationsClaim)
        }
        EscalationStatus::Claimed
        | EscalationStatus::Resolved
        | EscalationStatus::Abandoned
        | EscalationStatus::Unanswered => false,
    };
    let is_mine =
        escalation.status == EscalationStatus::Claimed && escalation.agent == Some(caller.actor.user_id());
    let leased = is_mine && lease::of(caller, id).is_some();
    Call {
        id,
        call: escalation.call.to_string(),
        reason: escalation.reason.to_string(),
        priority: escalation.priority.number(),
        skills: escalation.skills.names().join(", "),
        position,
        agent: escalation.agent,
        began: caller.times.show(escalation.created_at),
        waited: waited.whole_seconds(),
        waited_text: counted(waited),
        left: left.whole_seconds(),
        left_text: counted(left),
        claim: can_be_taken.then(|| form("claim")),
        lease: leased.then(|| (form("renew"), form("release"), form("resolve"))),
    }
}

/// A time as a clock that counts shows it.
fn counted(time: Duration) -> String {
    let (hours, minutes, seconds) =
        (time.whole_hours(), time.whole_minutes() % 60, time.whole_seconds() % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        hours => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_as_a_clock_that_counts() {
        for (seconds, text) in
            [(0, "0:00"), (5, "0:05"), (65, "1:05"), (3_600, "1:00:00"), (90_061, "25:01:01")]
        {
            assert_eq!(counted(Duration::seconds(seconds)), text);
        }
    }
}
