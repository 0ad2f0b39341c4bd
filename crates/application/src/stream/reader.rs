//! Somebody who watches, as the keeper of this node sees them.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicI64, Ordering},
};

use rollcall_domain::{ApiKeyId, OrganizationId, PermissionSet, SessionId, UserId, revocations::Revocation};
use time::OffsetDateTime;
use tokio::{sync::Notify, time::Instant};

use super::clearance::{Clearance, PresentedCredential};

/// The position of whoever nothing is kept for: they were too slow, or have not begun yet.
pub(super) const BEHIND: i64 = i64::MAX;

/// Whose stream it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum StreamHolder {
    /// A person's, in a session.
    Session(UserId, SessionId),
    /// A program's.
    Key(ApiKeyId),
}

/// Somebody who watches.
pub(super) struct Reader {
    /// Tells it from the others of this node.
    pub(super) number: u64,
    pub(super) organization: OrganizationId,
    pub(super) holder: StreamHolder,
    /// What they have shown to be let in.
    pub(super) shown: PresentedCredential,
    /// How far they have come in what their node has read for all.
    pub(super) position: AtomicI64,
    /// Told when there may be something for them.
    pub(super) wake: Notify,
    state: Mutex<State>,
}

/// What is known of a reader.
#[derive(Debug, Clone, Copy)]
struct State {
    /// None while it is not certain.
    clearance: Option<Clearance>,
    /// What they might know when that was last certain,
    known: Option<PermissionSet>,
    /// and whether it has become more since they were last told so.
    widened: bool,
    /// Counts the times that it became uncertain: an answer to a question from before counts for nothing.
    turn: u64,
    /// Whether somebody is finding out at the moment.
    asked: bool,
    /// Whether a sign of life is due.
    beat: bool,
    ended: bool,
}

/// What a reader may get now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leave {
    /// What these permissions cover.
    Allowed(PermissionSet),
    /// Nothing until it is certain what they may know.
    Wait,
    /// Nothing any more.
    Ended,
}

impl Reader {
    pub(super) fn new(
        number: u64,
        organization: OrganizationId,
        holder: StreamHolder,
        shown: PresentedCredential,
    ) -> Self {
        let state = State {
            clearance: None,
            known: None,
            widened: false,
            turn: 0,
            asked: false,
            beat: false,
            ended: false,
        };
        Self {
            number,
            organization,
            holder,
            shown,
            position: AtomicI64::new(BEHIND),
            wake: Notify::new(),
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far they have come.
    pub(super) fn position(&self) -> i64 {
        self.position.load(Ordering::Acquire)
    }

    /// What they may get at a moment.
    pub(super) fn leave(&self, now: OffsetDateTime) -> Leave {
        let state = self.state();
        match state.clearance {
            _ if state.ended => Leave::Ended,
            Some(clearance) if clearance.holds(now, Instant::now()) => Leave::Allowed(clearance.permissions),
            Some(_) | None => Leave::Wait,
        }
    }

    /// What is known of them may be wrong: they get nothing until it is known anew.
    pub(super) fn doubt(&self) {
        let mut state = self.state();
        state.clearance = None;
        state.turn += 1;
        state.asked = false;
    }

    /// Whether it has to be found out what they may know, by whoever asks this. Gives back which turn it is.
    pub(super) fn ask(&self, now: OffsetDateTime, anyway: bool) -> Option<u64> {
        let mut state = self.state();
        let holds = state.clearance.is_some_and(|clearance| clearance.holds(now, Instant::now()));
        let needed = !state.ended && !state.asked && (anyway || !holds);
        needed.then(|| {
            state.asked = true;
            state.turn
        })
    }

    /// It was found out in a turn; none when they may know nothing any more.
    pub(super) fn found(&self, turn: u64, clearance: Option<Clearance>, beat: bool) {
        let mut state = self.state();
        if state.turn != turn {
            return;
        }
        state.asked = false;
        state.clearance = clearance;
        if let Some(Clearance { permissions, .. }) = clearance {
            state.widened |= state.known.is_some_and(|known| !known.contains_all(permissions));
            state.known = Some(permissions);
        }
        state.ended |= clearance.is_none();
        state.beat |= beat;
        drop(state);
        self.wake.notify_one();
    }

    /// It was not found out.
    pub(super) fn not_found_out(&self, turn: u64) {
        let mut state = self.state();
        if state.turn == turn {
            state.asked = false;
        }
    }

    /// Whether they may know more than before, which they are told with that: what was passed over as not for them may be now.
    pub(super) fn take_widened(&self) -> bool {
        std::mem::take(&mut self.state().widened)
    }

    /// Whether a sign of life is due, which is given with that.
    pub(super) fn take_beat(&self) -> bool {
        std::mem::take(&mut self.state().beat)
    }

    /// Nobody is told anything any more.
    pub(super) fn end(&self) {
        self.state().ended = true;
        self.wake.notify_one();
    }

    /// Whether a revocation may be about them.
    pub(super) fn is_concerned(&self, revocation: &Revocation) -> bool {
        let user = match self.holder {
            StreamHolder::Session(user, _) => Some(user),
            StreamHolder::Key(_) => None,
        };
        match revocation {
            Revocation::SessionEnded { session_id, .. } => {
                matches!(self.holder, StreamHolder::Session(_, session) if session == *session_id)
            }
            Revocation::MemberRemoved { user_id, organization_id }
            | Revocation::RoleChanged { user_id, organization_id, .. } => {
                user == Some(*user_id) && self.organization == *organization_id
            }
            Revocation::UserSuspended { user_id }
            | Revocation::UserDeleted { user_id }
            | Revocation::UserChanged { user_id } => user == Some(*user_id),
            Revocation::OrganizationDeleted { organization_id }
            | Revocation::OrganizationChanged { organization_id } => self.organization == *organization_id,
            Revocation::ApiKeyRevoked { api_key_id, .. } | Revocation::ApiKeyChanged { api_key_id, .. } => {
                matches!(self.holder, StreamHolder::Key(key) if key == *api_key_id)
            }
        }
    }
}
