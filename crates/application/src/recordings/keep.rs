//! Making what was uploaded the recording of its call, once all of it is there.

use rollcall_domain::{
    Permission, RecordingId,
    audit::{Action, AuditTarget},
    recordings::Recording,
};

use super::{
    FinishedUpload,
    manifest::Manifest,
    rules,
    upload::{Upload, UploadOutcome, Work},
    whole::{self, Opened},
};
use crate::Error;

/// What has come of an upload when it was to be kept.
enum Kept {
    /// It is.
    Done(UploadOutcome),
    /// The call has a recording already.
    Exists(Box<Opened>),
}

impl Upload {
    /// Keeps it, or goes by what the call has for a recording already.
    pub(super) async fn keep(&self, whole: &Manifest, sha256: [u8; 32]) -> Result<UploadOutcome, Error> {
        match self.try_keep(whole, sha256, None).await? {
            Kept::Done(outcome) => Ok(outcome),
            Kept::Exists(other) => self.keep_instead(whole, sha256, *other).await,
        }
    }

    /// Goes by what the call has for a recording already: it is the same, or another, or damaged and the same.
    async fn keep_instead(
        &self,
        whole: &Manifest,
        sha256: [u8; 32],
        other: Opened,
    ) -> Result<UploadOutcome, Error> {
        let Work::Store(storing) = &self.work else { return Err(Error::UploadSuperseded) };
        if other.recording.sha256 != sha256 {
            return Err(Error::RecordingExists);
        }
        if other.is_intact(&self.app, self.organization).await? {
            storing.give_up(&self.app).await;
            return Ok(UploadOutcome::Known(other.recording));
        }
        match self.try_keep(whole, sha256, Some(other.recording.id)).await? {
            Kept::Done(outcome) => Ok(outcome),
            // Somebody else has put it right.
            Kept::Exists(_) => Err(Error::UploadSuperseded),
        }
    }

    /// Makes it the recording of its call, if it still may be: in the place of none, or of a damaged one that was the same. Other uploads of
    /// the call end with that.
    async fn try_keep(
        &self,
        whole: &Manifest,
        sha256: [u8; 32],
        instead_of: Option<RecordingId>,
    ) -> Result<Kept, Error> {
        let Work::Store(storing) = &self.work else { return Err(Error::UploadSuperseded) };
        let (app, organization, call) = (&self.app, self.organization, self.command.call);
        let id = storing.binding.recording;
        let (media, length) = (whole.media.ok_or(Error::NotAudio)?, whole.length);
        let sealed = whole.seal(&storing.key, storing.binding, app.entropy.as_ref());
        let manifest = sealed.map_err(|_| storing.damaged())?;
        // What was allowed when it began may not be any more.
        let (mut unit, _) = self.principal.begin_again(app, Permission::CallsWrite).await?;
        unit.call_lock(organization, call).await?.ok_or(Error::NotFound)?;
        self.is_taken(unit.as_mut()).await?;
        let mut at = app.now();
        let before = unit.recording_of(organization, call).await?;
        self.command.precondition.check_found(before.as_ref().map(|kept| kept.id))?;
        if let Some(kept) = &before {
            if instead_of != Some(kept.id) {
                let opened = whole::opened(app, organization, call, kept)?;
                return Ok(Kept::Exists(Box::new(opened)));
            }
            unit.recording_remove(organization, kept.id).await?;
            // It is the same sound, and is to be kept no longer than that.
            at = kept.kept_at;
        }
        let kept = FinishedUpload { manifest, length, at };
        if !unit.recording_keep(organization, id, storing.version, &kept).await? {
            return Err(Error::UploadSuperseded);
        }
        // It is not replaced while it is intact, so whatever else is being uploaded for its call has come to nothing.
        let others = unit.uploads_give_up(organization, call).await?;
        let recording = Recording { id, call, media, length, sha256, kept_at: at };
        let event =
            app.event_by(&self.principal, Action::RecordingUploaded, AuditTarget::Recording(recording.id));
        let event = rules::told(event, &recording);
        let event = match &before {
            Some(before) => event.change("recording", Some(&before.id.to_string()), Some(&id.to_string())),
            None => event,
        };
        unit.commit(app.record(event)).await?;
        if storing.resumable {
            storing.prune(app, &whole.segments).await;
        }
        for gone in before.map(|before| before.id).into_iter().chain(others) {
            whole::remove_objects(app, organization, gone).await;
        }
        Ok(Kept::Done(UploadOutcome::New(recording)))
    }
}
