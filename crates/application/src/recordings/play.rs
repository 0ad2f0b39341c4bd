//! Hearing the recording of a call, or a part of it.

use std::ops::Range;

use super::{
    rules::Rules,
    seal::{self, Piece},
    transfers::{Transfer, TransferDirection},
    whole::{self, Opened},
};
use crate::{
    Application, Error, Principal,
    calls::masked_text,
    ports::{Scope, UnitOfWork},
};
use bytes::Bytes;
use rollcall_domain::{
    CallId, OrganizationId, Permission,
    audit::{Action, AuditTarget},
    policy::Grant,
    recordings::{Hearing, NotHeard, PlaybackReason, Recording, hearing},
};

/// A recording that somebody may hear.
pub struct Playable {
    app: Application,
    principal: Principal,
    organization: OrganizationId,
    hearing: Hearing,
    opened: Opened,
}

/// A recording that is being heard.
pub struct Playing {
    of: Playable,
    pieces: Box<dyn Iterator<Item = Piece> + Send + Sync>,
    transfer: Transfer,
}

/// Finds the recording of a call for somebody who may hear it. Nothing of it is heard yet.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::PhiProtected`], a missing `reason` as [`Error::Invalid`], [`Error::NotFound`],
/// [`Error::CallRecordingDisabled`] when it is off and nothing is kept, and [`Error::RecordingDamaged`].
pub async fn find(
    app: &Application,
    principal: &Principal,
    call: CallId,
    reason: Option<PlaybackReason>,
) -> Result<Playable, Error> {
    let found = try_find(app, principal, call, reason).await;
    app.refusals_recorded(principal, Action::RecordingPlayed, AuditTarget::Call(call), found).await
}

async fn try_find(
    app: &Application,
    principal: &Principal,
    call: CallId,
    reason: Option<PlaybackReason>,
) -> Result<Playable, Error> {
    let organization = principal.permit(Permission::RecordingsRead)?.id;
    let mut view = app.store.view(Scope::Organization(organization)).await?;
    view.call_find(organization, call).await?.ok_or(Error::NotFound)?;
    let rules = Rules::of(view.as_mut(), organization).await?;
    let hearing = decided(&principal.grant(), rules, reason)?;
    let kept = view.recording_of(organization, call).await?.ok_or(rules.nothing_kept())?;
    drop(view);
    let opened = whole::opened(app, organization, call, &kept);
    if matches!(opened, Err(Error::RecordingDamaged)) {
        whole::report_damage(app, organization, kept.id, call).await;
    }
    let opened = opened?;
    let (app, principal) = (app.clone(), principal.clone());
    Ok(Playable { app, principal, organization, hearing, opened })
}

/// Why somebody hears a recording is kept masked while PHI protection is on, as everything in somebody's words is.
fn decided(grant: &Grant, rules: Rules, reason: Option<PlaybackReason>) -> Result<Hearing, Error> {
    let reason = match reason {
        Some(reason) if rules.phi_protection => Some(masked_text(&reason)?),
        reason => reason,
    };
    hearing(grant, rules.phi_protection, reason).map_err(|why| match why {
        NotHeard::Forbidden { required } => Error::PermissionDenied { required },
        NotHeard::Protected => Error::PhiProtected,
        NotHeard::ReasonMissing => Error::invalid("reason", "is needed while PHI protection is on"),
    })
}

impl Playable {
    /// What it is.
    pub fn recording(&self) -> &Recording {
        &self.opened.recording
    }

    /// Begins to play some bytes of it, at least one. That they were asked for is in the audit log before any is given out.
    ///
    /// # Errors
    /// As [`find`], as things may have changed; [`Error::LimitReached`] when the organization hears as many as it may, and
    /// [`Error::Busy`] when this node plays as many.
    pub async fn play(self, range: Range<u64>) -> Result<Playing, Error> {
        let transfer = self.app.transfers.begin(TransferDirection::Out, self.organization, self.app.now())?;
        let app = &self.app;
        let target = AuditTarget::Recording(self.recording().id);
        let event = app.event_by(&self.principal, Action::RecordingPlayed, target);
        let bytes = format!("{}-{}/{}", range.start, range.end.saturating_sub(1), self.recording().length);
        let event = event.change("call", None, Some(&self.recording().call.to_string())).change(
            "range",
            None,
            Some(&bytes),
        );
        let permitted = self.permitted_again().await;
        let (unit, hearing) =
            app.refusals_recorded(&self.principal, Action::RecordingPlayed, target, permitted).await?;
        let event = match hearing.reason() {
            // It is in somebody's own words.
            Some(reason) => event.personal("reason", reason.as_str()),
            None => event,
        };
        unit.commit(app.record(event)).await?;
        let pieces = Box::new(seal::pieces(range, self.recording().length));
        Ok(Playing { of: self, pieces, transfer })
    }

    /// Begins a transaction, if they may hear it still: as whoever they are now, and as the controls are now.
    async fn permitted_again(&self) -> Result<(Box<dyn UnitOfWork>, Hearing), Error> {
        let (mut unit, held) = self.principal.begin_again(&self.app, Permission::RecordingsRead).await?;
        let rules = Rules::of(unit.as_mut(), self.organization).await?;
        let hearing = decided(&held, rules, self.hearing.reason().cloned())?;
        Ok((unit, hearing))
    }
}

impl Playing {
    /// What is heard next; none after the end.
    ///
    /// # Errors
    /// [`Error::RecordingDamaged`] instead of whatever is not as it was kept; [`Error::NotFound`] when it has been deleted meanwhile;
    /// and as [`look_again`](Self::look_again).
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(piece) = self.pieces.next() else { return Ok(None) };
        self.look_again().await?;
        let of = &self.of;
        let read = of.opened.read(&of.app, of.organization, &piece).await;
        if read.is_err() {
            self.pieces = Box::new(std::iter::empty());
        }
        if matches!(read, Err(Error::RecordingDamaged)) {
            whole::report_damage(&of.app, of.organization, of.recording().id, of.recording().call).await;
        }
        read.map(Some)
    }

    /// Decides anew, unless that was a moment ago, whether they may hear more: what is asked before each piece, and while one is taken
    /// slowly. Whoever has lost the right to it hears no more (attack 9).
    ///
    /// # Errors
    /// As [`find`], as things may have changed, and [`Error::Unauthenticated`] when the session or the key is over; [`Error::Unavailable`]
    /// when nobody could be asked for too long.
    pub async fn look_again(&mut self) -> Result<(), Error> {
        let looked = self.still_permitted().await;
        if looked.is_err() {
            self.pieces = Box::new(std::iter::empty());
        }
        if matches!(looked, Err(Error::NotFound)) {
            // It is gone for everybody, and nobody was refused anything.
            return looked;
        }
        let of = &self.of;
        let target = AuditTarget::Recording(of.recording().id);
        of.app.refusals_recorded(&of.principal, Action::RecordingPlayed, target, looked).await
    }

    /// (Exclusive, as pieces cannot be shared.)
    async fn still_permitted(&mut self) -> Result<(), Error> {
        if !self.transfer.is_to_be_decided(self.of.app.now()) {
            return Ok(());
        }
        let asked = self.ask().await;
        self.transfer.bridge(asked, self.of.app.now())
    }

    async fn ask(&mut self) -> Result<(), Error> {
        let now = self.of.app.now();
        let (mut unit, _) = self.of.permitted_again().await?;
        // It may have been deleted, or have outlived its time.
        let (of, recording) = (&self.of, self.of.recording());
        let kept = unit.recording_of(of.organization, recording.call).await?;
        if kept.is_none_or(|kept| kept.id != recording.id) {
            return Err(Error::NotFound);
        }
        self.transfer.decided(now);
        Ok(())
    }
}

#[cfg(test)]
#[path = "play_tests.rs"]
mod tests;
