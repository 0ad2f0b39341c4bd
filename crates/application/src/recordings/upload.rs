//! Taking in the recording of a call, piece by piece.
//!
//! Nothing of it can be seen before all of it is there and has been checked. What was kept until then goes when it comes to nothing:
//! at once, or, where the sender has said that it may go on with it, after a day.

use bytes::Bytes;
use rollcall_domain::{
    CallId, OrganizationId, Permission, RecordingId,
    audit::{Action, AuditTarget},
    recordings::Recording,
};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::{
    KeptRecording,
    manifest::ManifestState,
    rules::Rules,
    seal::SEGMENT,
    storing::{Storing, storing},
    transfers::{Transfer, TransferDirection},
    whole::{self, Opened},
};
use crate::{
    Application, Error, ErrorChain, Precondition, Principal,
    ports::{Scope, UnitOfWork},
};

/// What is to be taken in.
#[derive(Debug, Clone)]
pub struct Command {
    /// The recording of which call.
    pub call: CallId,
    /// What the sender calls it, a media type without parameters.
    pub named: Option<String>,
    /// The digest that the whole should have.
    pub sha256: Option<[u8; 32]>,
    /// How much of it comes now.
    pub extent: UploadExtent,
    /// The recordings of the call that it is meant for.
    pub precondition: Precondition<RecordingId>,
}

/// How much of a recording comes in one go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadExtent {
    /// All of it; so many bytes, if that is known.
    Whole(Option<u64>),
    /// A part, and it may be gone on with if that breaks off.
    Part {
        /// Its first byte.
        from: u64,
        /// The byte behind its last.
        until: u64,
        /// How many bytes there are in all, if that is known yet.
        total: Option<u64>,
    },
}

/// What has come of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploadOutcome {
    /// It is kept from now on.
    New(Recording),
    /// It was kept already, byte for byte.
    Known(Recording),
    /// There is more to come.
    Partly(UploadState),
}

/// How far an upload has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadState {
    /// How many bytes are kept; the next part begins there.
    pub received: u64,
    /// Until when it is waited for.
    pub expires_at: Option<OffsetDateTime>,
}

/// An upload that goes on. Whoever has one writes to it, [looks](Upload::look_again) now and then while nothing comes, and then ends it
/// one way or the other; if it is dropped instead, it is given up later.
pub struct Upload {
    pub(super) app: Application,
    pub(super) principal: Principal,
    pub(super) organization: OrganizationId,
    pub(super) command: Command,
    /// How many bytes have come in this go.
    came: u64,
    /// Of all of it, as far as it has come.
    digest: Sha256,
    pub(super) work: Work,
    transfer: Transfer,
}

/// What is done with what comes.
pub(super) enum Work {
    /// It is kept already: only whether it is the same has to be found out.
    Compare(Recording),
    /// It is to be kept.
    Store(Box<Storing>),
}

/// Begins to take in a recording, or goes on with it.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::NotFound`], [`Error::CallRecordingDisabled`], [`Error::MediaKeyRequired`],
/// [`Error::RecordingTooLarge`], [`Error::UploadOffset`], [`Error::RecordingExists`], [`Error::PreconditionFailed`];
/// [`Error::LimitReached`] when the organization has as many uploads as it may have, and [`Error::Busy`] when this node has.
pub async fn begin(app: &Application, principal: &Principal, command: Command) -> Result<Upload, Error> {
    let target = AuditTarget::Call(command.call);
    let permitted = permitted(app, principal, &command).await;
    let (organization, kept) =
        app.refusals_recorded(principal, Action::RecordingUploaded, target, permitted).await?;
    // Whether there is a place says nothing about who may have it, and leaves no event.
    let transfer = app.transfers.begin(TransferDirection::In, organization, app.now())?;
    let begun = try_begin(app, principal, command, organization, kept, transfer).await;
    app.refusals_recorded(principal, Action::RecordingUploaded, target, begun).await
}

/// The fewest bytes of a part that is not the last. While nobody knows where the end is, a full segment may be it, and cannot be sealed
/// as one that others follow: a byte more tells.
const fn least(total: Option<u64>) -> u64 {
    if total.is_some() { SEGMENT } else { SEGMENT + 1 }
}

/// Makes sure that somebody may send what they are about to send. Gives back whose it is, and what is kept already.
async fn permitted(
    app: &Application,
    principal: &Principal,
    command: &Command,
) -> Result<(OrganizationId, Option<KeptRecording>), Error> {
    let organization = principal.permit(Permission::CallsWrite)?.id;
    let mut view = app.store.view(Scope::Organization(organization)).await?;
    view.call_find(organization, command.call).await?.ok_or(Error::NotFound)?;
    let kept = view.recording_of(organization, command.call).await?;
    Rules::of(view.as_mut(), organization)
        .await?
        .taken(view.as_mut(), principal, organization, command.call)
        .await?;
    drop(view);
    command.precondition.check_found(kept.as_ref().map(|kept| kept.id))?;
    if let UploadExtent::Part { from, until, total } = command.extent
        && total != Some(until)
        && until - from < least(total)
    {
        let least = least(total);
        let problem = format!("must be of at least {least} bytes, unless it is the last part");
        return Err(Error::invalid("Content-Range", problem));
    }
    let announced = match command.extent {
        UploadExtent::Whole(length) => length,
        UploadExtent::Part { until, total, .. } => Some(total.unwrap_or(until)),
    };
    let limit = app.settings.recording_limit;
    if announced.is_some_and(|announced| announced > limit) {
        return Err(Error::RecordingTooLarge { limit });
    }
    Ok((organization, kept))
}

async fn try_begin(
    app: &Application,
    principal: &Principal,
    command: Command,
    organization: OrganizationId,
    kept: Option<KeptRecording>,
    transfer: Transfer,
) -> Result<Upload, Error> {
    let from = match command.extent {
        UploadExtent::Whole(_) => 0,
        UploadExtent::Part { from, .. } => from,
    };
    let compared = match kept {
        Some(kept) => {
            let kept = whole::opened(app, organization, command.call, &kept)?;
            compared(app, organization, &command, from, kept).await?
        }
        None => None,
    };
    let work = match compared {
        Some(recording) => Work::Compare(recording),
        None => Work::Store(Box::new(storing(app, organization, &command, from).await?)),
    };
    let digest = match &work {
        Work::Compare(_) => Sha256::new(),
        Work::Store(storing) => match &storing.manifest.state {
            ManifestState::Unfinished { digest, .. } => digest.clone(),
            ManifestState::Whole { .. } => return Err(storing.damaged()),
        },
    };
    let (app, principal) = (app.clone(), principal.clone());
    Ok(Upload { app, principal, organization, command, came: 0, digest, work, transfer })
}

/// What is only compared with what comes, as it is kept already; none where what is kept is damaged, and comes anew.
async fn compared(
    app: &Application,
    organization: OrganizationId,
    command: &Command,
    from: u64,
    kept: Opened,
) -> Result<Option<Recording>, Error> {
    if from > 0 {
        // It was looked at when that began, and is once more at its end.
        if app.uploads.upload_find(organization, command.call).await?.is_some() {
            return Ok(None);
        }
        if command.sha256 != Some(kept.recording.sha256) {
            return Err(Error::RecordingExists);
        }
    }
    let total = match command.extent {
        UploadExtent::Whole(length) => length,
        UploadExtent::Part { total, .. } => total,
    };
    // What is another one by what is said of it takes nobody's place, and is not worth reading all that is there.
    let is_other = total.is_some_and(|total| total != kept.recording.length)
        || command.sha256.is_some_and(|sha256| sha256 != kept.recording.sha256);
    if is_other || kept.is_intact(app, organization).await? { Ok(Some(kept.recording)) } else { Ok(None) }
}

impl Upload {
    /// Decides anew, unless that was a moment ago, whether it may go on: before anything is taken in, and while nothing comes. Of
    /// whoever has lost the right to it nothing is left (attack 9).
    ///
    /// # Errors
    /// As [`begin`], as things may have changed meanwhile, and [`Error::Unauthenticated`] when the session or the key is over;
    /// [`Error::Unavailable`] when nobody could be asked for too long.
    pub async fn look_again(&mut self) -> Result<(), Error> {
        let looked = self.still_permitted().await;
        if let Err(error) = &looked {
            self.clean_up(error).await;
        }
        let target = AuditTarget::Call(self.command.call);
        self.app.refusals_recorded(&self.principal, Action::RecordingUploaded, target, looked).await
    }

    async fn still_permitted(&mut self) -> Result<(), Error> {
        if !self.transfer.is_to_be_decided(self.app.now()) {
            return Ok(());
        }
        let asked = self.ask().await;
        self.transfer.bridge(asked, self.app.now())
    }

    async fn ask(&mut self) -> Result<(), Error> {
        let now = self.app.now();
        let (mut unit, _) = self.principal.begin_again(&self.app, Permission::CallsWrite).await?;
        self.is_taken(unit.as_mut()).await?;
        self.transfer.decided(now);
        Ok(())
    }

    /// Makes sure that the controls say still that it is taken from whoever sends it.
    pub(super) async fn is_taken(&self, unit: &mut dyn UnitOfWork) -> Result<(), Error> {
        let rules = Rules::of(unit, self.organization).await?;
        rules.taken(unit, &self.principal, self.organization, self.command.call).await
    }

    /// Takes the next bytes in. When that does not work, nothing is left of it but what may be gone on with.
    ///
    /// # Errors
    /// [`Error::RecordingTooLarge`], [`Error::NotAudio`], [`Error::UploadSuperseded`], and when where recordings are kept does not
    /// answer; and as [`look_again`](Self::look_again).
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.look_again().await?;
        match self.try_write(&bytes).await {
            Ok(()) => Ok(()),
            Err(error) => {
                self.clean_up(&error).await;
                Err(error)
            }
        }
    }

    async fn try_write(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        self.came += bytes.len() as u64;
        let (most, limit) = (self.most(), self.app.settings.recording_limit);
        if self.came > most {
            let too_much = Error::invalid("Content-Range", "must name as many bytes as there are");
            return Err(if most >= limit { Error::RecordingTooLarge { limit } } else { too_much });
        }
        let app = &self.app;
        let Work::Store(storing) = &mut self.work else {
            self.digest.update(bytes);
            return Ok(());
        };
        storing.look_at(bytes, self.command.named.as_deref(), false)?;
        while !bytes.is_empty() {
            let before = bytes;
            let full = storing.sealer.take(&mut bytes, app.entropy.as_ref());
            self.digest.update(&before[..before.len() - bytes.len()]);
            if let Some(segment) = full {
                storing.put(app, segment).await?;
                if let ManifestState::Unfinished { digest, .. } = &mut storing.manifest.state {
                    digest.clone_from(&self.digest);
                }
            }
        }
        if storing.is_to_be_noted(app.now()) {
            let noted = storing.note(app).await;
            self.transfer.bridge(noted, app.now())?;
            // Noted or not: what follows is noted in its time.
            storing.since = (0, app.now());
        }
        Ok(())
    }

    /// How many bytes may come.
    fn most(&self) -> u64 {
        match self.command.extent {
            UploadExtent::Whole(_) => self.app.settings.recording_limit,
            UploadExtent::Part { from, until, .. } => until - from,
        }
    }

    /// Ends it: all that was to come has come. Checks it, and keeps it if that was all.
    ///
    /// # Errors
    /// As [`begin`], as things may have changed meanwhile; [`Error::NotAudio`], [`Error::DigestMismatch`]. Nothing is left of it then.
    pub async fn end(mut self) -> Result<UploadOutcome, Error> {
        let ended = self.try_end().await;
        if let Err(error) = &ended {
            self.clean_up(error).await;
        }
        let target = AuditTarget::Call(self.command.call);
        self.app.refusals_recorded(&self.principal, Action::RecordingUploaded, target, ended).await
    }

    async fn try_end(&mut self) -> Result<UploadOutcome, Error> {
        let all = match self.command.extent {
            UploadExtent::Whole(length) => length.unwrap_or(self.came),
            UploadExtent::Part { from, until, .. } => until - from,
        };
        if self.came != all {
            return Err(Error::UploadBrokenOff);
        }
        let is_last = match self.command.extent {
            UploadExtent::Whole(_) => true,
            UploadExtent::Part { until, total, .. } => total == Some(until),
        };
        if !is_last && matches!(self.work, Work::Store(_)) && self.transfer.is_to_be_decided(self.app.now()) {
            // What it waits for is kept without another transaction that would look, and for longer than anybody goes on unasked.
            self.ask().await?;
        }
        match &mut self.work {
            Work::Compare(recording) => {
                let recording = recording.clone();
                self.is_kept_still(&recording).await?;
                let same = match self.command.extent {
                    // For a part we trust the digest that was sent: the earlier bytes are not here to be hashed.
                    UploadExtent::Part { from, until, total } if from > 0 || total != Some(until) => {
                        self.command.sha256 == Some(recording.sha256)
                    }
                    UploadExtent::Part { .. } | UploadExtent::Whole(_) => {
                        <[u8; 32]>::from(self.digest.finalize_reset()) == recording.sha256
                    }
                };
                if same { Ok(UploadOutcome::Known(recording)) } else { Err(Error::RecordingExists) }
            }
            Work::Store(storing) => {
                storing.look_at(&[], self.command.named.as_deref(), true)?;
                if !is_last {
                    let known = matches!(self.command.extent, UploadExtent::Part { total: Some(_), .. });
                    return storing.pause(&self.app, &self.digest, known).await;
                }
                let length = storing.length() + storing.sealer.open();
                let sha256 = self.digest.finalize_reset().into();
                if self.command.sha256.is_some_and(|expected| expected != sha256) {
                    return Err(Error::DigestMismatch);
                }
                let whole = storing.put_last(&self.app, length, sha256).await?;
                self.keep(&whole, sha256).await
            }
        }
    }

    /// Makes sure that what was compared is there still, for somebody who may know: that took as long as its sender did.
    async fn is_kept_still(&self, recording: &Recording) -> Result<(), Error> {
        let (mut unit, _) = self.principal.begin_again(&self.app, Permission::CallsWrite).await?;
        self.is_taken(unit.as_mut()).await?;
        match unit.recording_of(self.organization, recording.call).await? {
            Some(kept) if kept.id == recording.id => Ok(()),
            Some(_) | None => Err(Error::UploadSuperseded),
        }
    }

    /// Ends it before all has come that was to come: the sender is gone. Nothing is left of it but what may be gone on with.
    pub async fn break_off(mut self) {
        self.clean_up(&Error::UploadBrokenOff).await;
    }

    /// Leaves nothing of it, or what may be gone on with if what was in the way has nothing to do with what has come.
    async fn clean_up(&mut self, error: &Error) {
        let Work::Store(storing) = &mut self.work else { return };
        let can_go_on = match error {
            Error::UploadBrokenOff | Error::Unavailable(_) | Error::Busy => true,
            // Whoever has taken over has it now; nothing is left of it if it was given up.
            _ => false,
        };
        if !(storing.resumable && can_go_on) {
            storing.give_up(&self.app).await;
        } else if let Err(error) = storing.note(&self.app).await {
            tracing::warn!(error = %ErrorChain(&error), "how far an upload has come was not noted");
        }
    }
}

#[cfg(test)]
#[path = "upload_tests.rs"]
mod tests;
