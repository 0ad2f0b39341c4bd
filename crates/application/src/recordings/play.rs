//! Hearing the recording of a call, or a part of it.

use std::ops::Range;

use bytes::Bytes;
use rollcall_domain::{
    CallId, OrganizationId, Permission,
    audit::{Action, Target},
    policy::Grant,
    recordings::{Hearing, NotHeard, Reason, Recording, hearing},
};
use time::{Duration, OffsetDateTime};

use super::{
    rules::Rules,
    seal::{self, Piece},
    transfers::{Transfer, Way},
    whole::{self, Opened},
};
use crate::{
    Application, Error, Principal,
    ports::{Scope, UnitOfWork},
};

/// How long somebody gets to hear more without being looked at again.
const LOOKED_AT_EVERY: Duration = Duration::seconds(5);

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
    looked_at: OffsetDateTime,
    _transfer: Transfer,
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
    reason: Option<Reason>,
) -> Result<Playable, Error> {
    let found = try_find(app, principal, call, reason).await;
    app.refusals_recorded(principal, Action::RecordingPlayed, Target::Call(call), found).await
}

async fn try_find(
    app: &Application,
    principal: &Principal,
    call: CallId,
    reason: Option<Reason>,
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

fn decided(grant: &Grant, rules: Rules, reason: Option<Reason>) -> Result<Hearing, Error> {
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
    /// As [`find`], as things may have changed; and [`Error::Busy`].
    pub async fn play(self, range: Range<u64>) -> Result<Playing, Error> {
        let transfer = self.app.transfers.begin(Way::Out, self.organization)?;
        let app = &self.app;
        let target = Target::Recording(self.recording().id);
        let event = app.event_by(&self.principal, Action::RecordingPlayed, target);
        let bytes = format!("{}-{}/{}", range.start, range.end.saturating_sub(1), self.recording().length);
        let event = event.change("call", None, Some(&self.recording().call.to_string())).change(
            "range",
            None,
            Some(&bytes),
        );
        let event = match self.hearing.reason() {
            // It is in somebody's own words.
            Some(reason) => event.personal("reason", reason.as_str()),
            None => event,
        };
        let unit = self.permitted_again().await?;
        unit.commit(app.record(event)).await?;
        let pieces = Box::new(seal::pieces(range, self.recording().length));
        let looked_at = app.now();
        Ok(Playing { of: self, pieces, looked_at, _transfer: transfer })
    }

    /// Begins a transaction, if they may hear it still: as whoever they are now, and as the controls are now.
    async fn permitted_again(&self) -> Result<Box<dyn UnitOfWork>, Error> {
        let (mut unit, held) = self.principal.begin_again(&self.app, Permission::RecordingsRead).await?;
        let rules = Rules::of(unit.as_mut(), self.organization).await?;
        decided(&held, rules, self.hearing.reason().cloned())?;
        Ok(unit)
    }
}

impl Playing {
    /// What is heard next; none after the end.
    ///
    /// # Errors
    /// [`Error::RecordingDamaged`] instead of whatever is not as it was kept. Whoever has lost the right to it meanwhile hears no more
    /// (attack 9).
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(piece) = self.pieces.next() else { return Ok(None) };
        let read = match self.still_permitted().await {
            Ok(()) => self.of.opened.read(&self.of.app, self.of.organization, &piece).await,
            Err(refusal) => Err(refusal),
        };
        if read.is_err() {
            self.pieces = Box::new(std::iter::empty());
        }
        let of = &self.of;
        if matches!(read, Err(Error::RecordingDamaged)) {
            whole::report_damage(&of.app, of.organization, of.recording().id, of.recording().call).await;
        }
        let target = Target::Recording(of.recording().id);
        of.app.refusals_recorded(&of.principal, Action::RecordingPlayed, target, read).await.map(Some)
    }

    /// Looks once more, now and then. (Exclusive, as pieces cannot be shared.)
    async fn still_permitted(&mut self) -> Result<(), Error> {
        let now = self.of.app.now();
        if now - self.looked_at < LOOKED_AT_EVERY {
            return Ok(());
        }
        let mut unit = self.of.permitted_again().await?;
        // It may have been deleted, or have outlived its time.
        if unit.recording_of(self.of.organization, self.of.recording().call).await?.is_none() {
            return Err(Error::NotFound);
        }
        self.looked_at = now;
        Ok(())
    }
}

#[cfg(test)]
#[path = "play_tests.rs"]
mod tests;
