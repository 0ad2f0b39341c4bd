//! A recording that is kept whole.

use bytes::Bytes;
use rollcall_domain::{
    CallId, OrganizationId, RecordingId,
    audit::{Action, AuditActor, AuditTarget, Origin},
    recordings::Recording,
};

use super::{
    KeptRecording, SegmentPath, keys,
    manifest::{Manifest, ManifestState},
    ports::ObjectsError,
    seal::{self, Binding, Damaged, Piece, RecordingKey, SegmentName, segments_of},
};
use crate::{Application, Error, ErrorChain, ports::Scope};

/// What is kept about a recording, opened.
pub(super) struct Opened {
    /// What it is.
    pub(super) recording: Recording,
    /// What opens its audio.
    pub(super) key: RecordingKey,
    /// What its audio consists of, in order.
    pub(super) segments: Vec<SegmentName>,
}

/// Opens what is kept about the recording of a call; its audio is left where it is.
pub(super) fn opened(
    app: &Application,
    organization: OrganizationId,
    call: CallId,
    kept: &KeptRecording,
) -> Result<Opened, Error> {
    let organization_key = keys::open(app, organization, &kept.organization_key)?;
    let binding = Binding { organization, recording: kept.id };
    let fault = |_: Damaged| damaged(organization, kept.id);
    let key = organization_key.unwrap(&kept.key, binding).map_err(fault)?;
    let manifest = Manifest::open(&kept.manifest, &key, binding).map_err(fault)?;
    let (ManifestState::Whole { sha256 }, Some(media)) = (&manifest.state, manifest.media) else {
        return Err(damaged(organization, kept.id));
    };
    let fits = manifest.length > 0 && manifest.segments.len() as u64 == segments_of(manifest.length);
    // A row that has been moved to another call is not its recording.
    if manifest.call != call || !fits {
        return Err(damaged(organization, kept.id));
    }
    let recording = Recording {
        id: kept.id,
        call,
        media,
        length: manifest.length,
        sha256: *sha256,
        kept_at: kept.kept_at,
    };
    Ok(Opened { recording, key, segments: manifest.segments })
}

impl Opened {
    /// Reads a piece of its audio: what is asked for of it, as it was kept.
    pub(super) async fn read(
        &self,
        app: &Application,
        organization: OrganizationId,
        piece: &Piece,
    ) -> Result<Bytes, Error> {
        let Self { recording, key, segments } = self;
        let fault = || damaged(organization, recording.id);
        let name = *segments.get(piece.segment).ok_or_else(fault)?;
        let path = SegmentPath { organization, recording: recording.id, name };
        let sealed = match app.objects.get(&path, piece.sealed.clone()).await {
            Ok(sealed) => sealed,
            Err(ObjectsError::Missing) => return Err(self.missing(app, organization).await),
            Err(error @ (ObjectsError::Unavailable(_) | ObjectsError::StillWritten)) => {
                return Err(error.into());
            }
        };
        let mut bytes = Vec::from(sealed);
        let binding = Binding { organization, recording: recording.id };
        let wanted = seal::open(key, binding, name, piece, &mut bytes).map_err(|_| fault())?;
        Ok(Bytes::from(bytes).slice(wanted))
    }

    /// Why something of it is not there. Segments are removed behind their row: only while that is there are they missing.
    async fn missing(&self, app: &Application, organization: OrganizationId) -> Error {
        let Recording { id, call, .. } = self.recording;
        let kept = async {
            let mut view = app.store.view(Scope::Organization(organization)).await?;
            view.recording_of(organization, call).await
        };
        match kept.await {
            Ok(Some(kept)) if kept.id == id => damaged(organization, id),
            Ok(_) => Error::NotFound,
            Err(error) => error.into(),
        }
    }

    /// Whether all of its audio is there, as it was kept: every piece is read, one after the other. What is damaged is written down; what
    /// has been deleted meanwhile is not.
    pub(super) async fn is_intact(
        &self,
        app: &Application,
        organization: OrganizationId,
    ) -> Result<bool, Error> {
        let Recording { id, call, length, .. } = self.recording;
        for piece in seal::pieces(0..length, length) {
            match self.read(app, organization, &piece).await {
                Ok(_) => {}
                Err(Error::RecordingDamaged) => {
                    report_damage(app, organization, id, call).await;
                    return Ok(false);
                }
                Err(Error::NotFound) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

/// The error that a recording is not what was kept, after it was told in the log.
pub(super) fn damaged(organization: OrganizationId, recording: RecordingId) -> Error {
    tracing::error!(%organization, %recording, "a recording is not what was kept");
    Error::RecordingDamaged
}

/// Writes down that a recording was found to be damaged.
pub(super) async fn report_damage(
    app: &Application,
    organization: OrganizationId,
    recording: RecordingId,
    call: CallId,
) {
    let target = AuditTarget::Recording(recording);
    let event = app.event(AuditActor::System, &Origin::default(), Action::RecordingDamaged, target);
    let event = event.change("call", None, Some(&call.to_string()));
    let written = async {
        let unit = app.store.begin(Scope::Organization(organization)).await?;
        unit.commit(app.record(event)).await
    };
    if let Err(error) = written.await {
        tracing::warn!(error = %ErrorChain(&error), "that a recording is damaged was not written down");
    }
}

/// Removes the segments of a recording that is no more. What is not removed now is removed later.
pub(super) async fn remove_objects(app: &Application, organization: OrganizationId, recording: RecordingId) {
    match app.objects.remove(organization, recording).await {
        // Whoever still writes removes it as well, once they are told that it was given up.
        Ok(()) | Err(ObjectsError::StillWritten) => {}
        Err(error) => {
            tracing::warn!(error = %ErrorChain(&error), "segments were not removed; it is tried again")
        }
    }
}
