//! An upload whose bytes are being stored.

use rollcall_domain::{OrganizationId, RecordingId, recordings::MediaType};
use sha2::Sha256;
use time::{Duration, OffsetDateTime};

use super::{
    SegmentPath, keys,
    manifest::{Manifest, ManifestState, begun},
    ports::KeptUpload,
    seal::{Binding, RecordingKey, SEGMENT, SealedSegment, Sealer, SegmentName},
    upload::{Command, UploadExtent, UploadOutcome, UploadState},
    whole::{self, damaged},
};
use crate::{Application, Error, ErrorChain};

/// How long an upload is waited for that is not to be gone on with, once nothing is heard of it: its node has died.
const TAKEN_FOR_DEAD: Duration = Duration::minutes(5);
/// How long an upload is waited for that is to be gone on with.
const WAITED_FOR: Duration = Duration::days(1);
/// How often it is noted that an upload goes on, in segments and in time.
const NOTED_EVERY: (u32, Duration) = (16, Duration::seconds(30));
/// How much of the beginning tells what kind of audio something is.
const TELLING: usize = 4096;

/// An upload whose bytes are being stored.
pub(super) struct Storing {
    /// Which it is, and whose.
    pub(super) binding: Binding,
    pub(super) key: RecordingKey,
    pub(super) manifest: Manifest,
    pub(super) version: i32,
    pub(super) sealer: Sealer,
    /// The first bytes, until they have told what it is.
    pub(super) beginning: Vec<u8>,
    /// Segments since it was last noted how far it has come, and when that was.
    pub(super) since: (u32, OffsetDateTime),
    pub(super) resumable: bool,
}

/// Begins to store, or goes on.
pub(super) async fn storing(
    app: &Application,
    organization: OrganizationId,
    command: &Command,
    from: u64,
) -> Result<Storing, Error> {
    let organization_key = keys::of_organization(app, app.uploads.as_ref(), organization).await?;
    let total = match command.extent {
        UploadExtent::Whole(length) => length,
        UploadExtent::Part { total, .. } => total,
    };
    let now = app.now();
    if from > 0 {
        let kept = app.uploads.upload_find(organization, command.call).await?;
        let kept = kept.ok_or(Error::UploadOffset { received: 0 })?;
        let binding = Binding { organization, recording: kept.id };
        let fault = |_| damaged(organization, kept.id);
        let key = organization_key.unwrap(&kept.key, binding).map_err(fault)?;
        let manifest = Manifest::open(&kept.manifest, &key, binding).map_err(fault)?;
        let ManifestState::Unfinished { total: said, .. } = &manifest.state else {
            return Err(damaged(organization, kept.id));
        };
        if manifest.length != from || said.is_some_and(|said| total.is_some_and(|total| total != said)) {
            return Err(Error::UploadOffset { received: manifest.length });
        }
        // What it is was told by its beginning; a later part is not to say otherwise.
        if let (Some(is), Some(name)) = (manifest.media, &command.named)
            && !is.is_called(name)
        {
            return Err(Error::OtherAudio { is });
        }
        let sealer = Sealer::after(manifest.segments.len() as u64, &key, binding, app.entropy.as_ref());
        let mut storing = Storing {
            key,
            binding,
            manifest,
            version: kept.version,
            sealer,
            beginning: Vec::new(),
            since: (0, now),
            resumable: true,
        };
        // From now on whoever has had it before changes nothing of it any more.
        storing.note(app).await?;
        return Ok(storing);
    }
    let id: RecordingId = app.id();
    let binding = Binding { organization, recording: id };
    let key = RecordingKey::new(app.entropy.as_ref());
    let manifest = begun(command.call, total);
    let resumable = matches!(command.extent, UploadExtent::Part { .. });
    let fault = |_| damaged(organization, id);
    let upload = KeptUpload {
        id,
        key: organization_key.wrap(&key, binding, app.entropy.as_ref()).map_err(fault)?,
        manifest: manifest.seal(&key, binding, app.entropy.as_ref()).map_err(fault)?,
        version: 1,
        expires_at: now + patience(resumable),
        resumable,
    };
    if !app.uploads.upload_begin(organization, command.call, &upload).await? {
        return Err(Error::CallRecordingDisabled);
    }
    let sealer = Sealer::after(0, &key, binding, app.entropy.as_ref());
    Ok(Storing {
        key,
        binding,
        manifest,
        version: 1,
        sealer,
        beginning: Vec::new(),
        since: (0, now),
        resumable,
    })
}

const fn patience(resumable: bool) -> Duration {
    if resumable { WAITED_FOR } else { TAKEN_FOR_DEAD }
}

impl Storing {
    /// Makes out what kind of audio it is, as soon as enough of it is there, or all.
    pub(super) fn look_at(&mut self, bytes: &[u8], named: Option<&str>, all: bool) -> Result<(), Error> {
        if self.manifest.media.is_some() {
            return Ok(());
        }
        let room = TELLING - self.beginning.len();
        self.beginning.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if self.beginning.len() < TELLING && !all {
            return Ok(());
        }
        let media = MediaType::of(&self.beginning).ok_or(Error::NotAudio)?;
        if named.is_some_and(|name| !media.is_called(name)) {
            return Err(Error::OtherAudio { is: media });
        }
        self.manifest.media = Some(media);
        Ok(())
    }

    /// The error that this one is not what was kept.
    pub(super) fn damaged(&self) -> Error {
        damaged(self.binding.organization, self.binding.recording)
    }

    /// Bytes in segments that are kept.
    pub(super) fn length(&self) -> u64 {
        self.manifest.segments.len() as u64 * SEGMENT
    }

    /// Stores a full segment that is not the last.
    pub(super) async fn put(&mut self, app: &Application, segment: SealedSegment) -> Result<(), Error> {
        let name = self.store(app, segment).await?;
        self.manifest.segments.push(name);
        self.manifest.length += SEGMENT;
        self.since.0 += 1;
        Ok(())
    }

    async fn store(&mut self, app: &Application, segment: SealedSegment) -> Result<SegmentName, Error> {
        let Binding { organization, recording } = self.binding;
        let path = SegmentPath { organization, recording, name: segment.name };
        let Err(error) = app.objects.put(&path, segment.bytes.into()).await else { return Ok(segment.name) };
        // What is given up is removed where it lies, perhaps in the middle of this: then no place is out of order.
        match self.note(app).await {
            Err(superseded @ Error::UploadSuperseded) => Err(superseded),
            Ok(()) | Err(_) => Err(error.into()),
        }
    }

    /// Stores the last segment of a recording of `total` bytes, and tells what the whole consists of then. Of the upload that is not
    /// a part before the recording is kept: if that fails, it goes on behind its last full segment.
    pub(super) async fn put_last(
        &mut self,
        app: &Application,
        total: u64,
        sha256: [u8; 32],
    ) -> Result<Manifest, Error> {
        let next = Sealer::after(0, &self.key, self.binding, app.entropy.as_ref());
        let segment = std::mem::replace(&mut self.sealer, next).last(total);
        let name = self.store(app, segment).await?;
        let mut whole = self.manifest.clone();
        whole.segments.push(name);
        whole.length = total;
        whole.state = ManifestState::Whole { sha256 };
        Ok(whole)
    }

    /// Ends this go, with more to come in another.
    pub(super) async fn pause(
        &mut self,
        app: &Application,
        digest: &Sha256,
        known: bool,
    ) -> Result<UploadOutcome, Error> {
        let next = Sealer::after(0, &self.key, self.binding, app.entropy.as_ref());
        let sealer = std::mem::replace(&mut self.sealer, next);
        // While the total is unknown this may be the last chunk, so it stays unsealed.
        if known && let Some(segment) = sealer.full() {
            self.put(app, segment).await?;
            if let ManifestState::Unfinished { digest: kept, .. } = &mut self.manifest.state {
                kept.clone_from(digest);
            }
        }
        self.note(app).await?;
        let expires_at = Some(self.since.1 + WAITED_FOR);
        Ok(UploadOutcome::Partly(UploadState { received: self.manifest.length, expires_at }))
    }

    /// Whether it is time to note how far it has come.
    pub(super) fn is_to_be_noted(&self, now: OffsetDateTime) -> bool {
        let (segments, at) = self.since;
        segments >= NOTED_EVERY.0 || now - at >= NOTED_EVERY.1
    }

    /// Notes how far it has come.
    pub(super) async fn note(&mut self, app: &Application) -> Result<(), Error> {
        let now = app.now();
        let Binding { organization, recording } = self.binding;
        let manifest = self.manifest.seal(&self.key, self.binding, app.entropy.as_ref());
        let manifest = manifest.map_err(|_| self.damaged())?;
        let expires_at = now + patience(self.resumable);
        let advanced =
            app.uploads.upload_advance(organization, recording, self.version, &manifest, expires_at).await?;
        if !advanced {
            return Err(Error::UploadSuperseded);
        }
        self.version += 1;
        self.since = (0, now);
        Ok(())
    }

    /// Leaves nothing of it.
    pub(super) async fn give_up(&self, app: &Application) {
        let Binding { organization, recording } = self.binding;
        match app.uploads.upload_give_up(organization, recording, self.version).await {
            // What is not removed now is removed later. What was given up meanwhile may have had segments put behind it.
            Ok(true) => whole::remove_objects(app, organization, recording).await,
            // Another has taken it over, or it has become a recording after all: the answer of the database was lost on its way.
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(error = %ErrorChain(&error), "an upload was not given up; it expires by itself")
            }
        }
    }

    /// Removes segments that an earlier go has left behind and that are no part of it.
    pub(super) async fn prune(&self, app: &Application, kept: &[SegmentName]) {
        let Binding { organization, recording } = self.binding;
        if let Err(error) = app.objects.prune(organization, recording, kept).await {
            tracing::warn!(error = %ErrorChain(&error), "segments of an upload that are not needed were not removed");
        }
    }
}
