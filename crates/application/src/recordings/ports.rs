//! What recordings need of the store, and of where objects lie.

use std::{collections::HashSet, ops::Range};

use async_trait::async_trait;
use bytes::Bytes;
use rollcall_domain::{CallId, OrganizationId, RecordingId, organizations::Plan};
use time::OffsetDateTime;

use super::seal::SegmentName;
use crate::{Page, PageRequest, Sealed, ports::StoreError};

/// Where the segments of recordings lie: files, or an object store. It knows nothing of what is in them. Whatever is asked of it can fail with
/// [`ObjectsError::Unavailable`]; where another error can come it is named.
#[async_trait]
pub trait Objects: Send + Sync {
    /// Keeps a segment, in place of what lies there. It lasts when this returns without an error.
    async fn put(&self, segment: &SegmentPath, bytes: Bytes) -> Result<(), ObjectsError>;

    /// The bytes of a segment in a range, sealed as they were kept.
    ///
    /// # Errors
    /// [`ObjectsError::Missing`].
    async fn get(&self, segment: &SegmentPath, range: Range<u64>) -> Result<Bytes, ObjectsError>;

    /// Removes the segments of a recording that are not among `kept`.
    async fn prune(
        &self,
        organization: OrganizationId,
        recording: RecordingId,
        kept: &[SegmentName],
    ) -> Result<(), ObjectsError>;

    /// Removes everything of a recording. Nothing being there is as good.
    ///
    /// # Errors
    /// [`ObjectsError::StillWritten`]: it is to be tried again.
    async fn remove(&self, organization: OrganizationId, recording: RecordingId) -> Result<(), ObjectsError>;

    /// The organizations that something lies here of. What bears no such name is not ours, and is passed over.
    async fn organizations(&self) -> Result<Vec<OrganizationId>, ObjectsError>;

    /// The recordings of an organization that something lies here of.
    async fn recordings(&self, organization: OrganizationId) -> Result<Vec<RecordingId>, ObjectsError>;

    /// What lies here of a recording.
    async fn footprint(
        &self,
        organization: OrganizationId,
        recording: RecordingId,
    ) -> Result<Footprint, ObjectsError>;
}

/// What lies somewhere of a recording.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Footprint {
    /// How many segments, of at most a megabyte of sound each.
    pub segments: u64,
    /// How many bytes they have, sealed.
    pub bytes: u64,
    /// When the last of them was written; none where none is whole.
    pub last_written: Option<OffsetDateTime>,
    /// Whether it is not as Rollcall writes it: the way there is a symbolic link, or something else than files lies there. Then nothing else is
    /// said of it.
    pub is_foreign: bool,
}

/// Where a segment lies.
#[derive(Debug, Clone, Copy)]
pub struct SegmentPath {
    /// Whose.
    pub organization: OrganizationId,
    /// Of which recording.
    pub recording: RecordingId,
    /// Which.
    pub name: SegmentName,
}

/// Why objects were not kept, found or removed.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    /// There is no such segment, or it is shorter.
    #[error("a segment is missing")]
    Missing,
    /// The place does not answer, is full, or does not let us in.
    #[error("recordings cannot be kept or read at the moment")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Somebody has written there while everything was being removed, so something may be left.
    #[error("a segment was written while the recording was removed")]
    StillWritten,
}

/// A recording as it is kept, sealed.
#[derive(Debug, Clone)]
pub struct KeptRecording {
    /// Names it.
    pub id: RecordingId,
    /// Its key, wrapped by the organization's.
    pub key: Sealed,
    /// What it consists of.
    pub manifest: Sealed,
    /// Since when it is kept whole.
    pub kept_at: OffsetDateTime,
    /// The organization's key, wrapped by the keyring.
    pub organization_key: Sealed,
}

/// Reads recordings.
#[async_trait]
pub trait RecordingsView {
    /// The recording of a call.
    async fn recording_of(
        &mut self,
        organization: OrganizationId,
        call: CallId,
    ) -> Result<Option<KeptRecording>, StoreError>;

    /// A page of the recordings, each with its call, in the order of their calls' ids.
    async fn recordings_page(
        &mut self,
        organization: OrganizationId,
        page: &PageRequest<CallId>,
    ) -> Result<Page<(CallId, KeptRecording), CallId>, StoreError>;
}

/// Changes recordings.
#[async_trait]
pub trait Recordings: RecordingsView {
    /// Makes an upload the recording of its call, which is locked, and gets another version. False when it is not as `version`
    /// says any more, or is gone.
    async fn recording_keep(
        &mut self,
        organization: OrganizationId,
        recording: RecordingId,
        version: i32,
        whole: &FinishedUpload,
    ) -> Result<bool, StoreError>;

    /// Removes a recording, and with it its key. Its segments are [remains](Remains) from then on. Its call, which is locked, gets
    /// another version. False when there is none.
    async fn recording_remove(
        &mut self,
        organization: OrganizationId,
        recording: RecordingId,
    ) -> Result<bool, StoreError>;

    /// Gives up whatever is being uploaded for a call, and says what that was. Its segments are [remains](Remains) from then on.
    async fn uploads_give_up(
        &mut self,
        organization: OrganizationId,
        call: CallId,
    ) -> Result<Vec<RecordingId>, StoreError>;

    /// Gives up all uploads of an organization that is locked. Their segments are [remains](Remains) from then on.
    async fn uploads_end(&mut self, organization: OrganizationId) -> Result<(), StoreError>;
}

/// What an upload has become.
#[derive(Debug)]
pub struct FinishedUpload {
    /// What it consists of.
    pub manifest: Sealed,
    /// How many bytes of audio.
    pub length: u64,
    /// When it became one.
    pub at: OffsetDateTime,
}

/// An upload, as far as it has come.
#[derive(Debug, Clone)]
pub struct KeptUpload {
    /// Names the recording that it becomes.
    pub id: RecordingId,
    /// Its key, wrapped by the organization's.
    pub key: Sealed,
    /// What it consists of so far.
    pub manifest: Sealed,
    /// Counts its changes.
    pub version: i32,
    /// Until when it is waited for.
    pub expires_at: OffsetDateTime,
    /// Whether another request may go on with it.
    pub resumable: bool,
}

/// What is noted of uploads while they go on. A narrow door of its own beside the units of work: nobody sees any of it, and what
/// leaves an event is that it has become a recording. Each call is about one organization, and sees no other.
#[async_trait]
pub trait Uploads: Send + Sync {
    /// The organization's key, wrapped by the keyring.
    async fn organization_key(&self, organization: OrganizationId) -> Result<Option<Sealed>, StoreError>;

    /// Keeps a key of the organization, unless there is one; gives back the one there is.
    async fn organization_key_add(
        &self,
        organization: OrganizationId,
        wrapped: &Sealed,
        now: OffsetDateTime,
    ) -> Result<Sealed, StoreError>;

    /// Notes an upload that begins. One that can be gone on with takes the place of another such one of its call. False when calls
    /// are not recorded any more.
    async fn upload_begin(
        &self,
        organization: OrganizationId,
        call: CallId,
        upload: &KeptUpload,
    ) -> Result<bool, StoreError>;

    /// The upload of a call that can be gone on with.
    async fn upload_find(
        &self,
        organization: OrganizationId,
        call: CallId,
    ) -> Result<Option<KeptUpload>, StoreError>;

    /// Notes how far an upload has come. False when it is not as `version` says any more, or is gone.
    async fn upload_advance(
        &self,
        organization: OrganizationId,
        upload: RecordingId,
        version: i32,
        manifest: &Sealed,
        expires_at: OffsetDateTime,
    ) -> Result<bool, StoreError>;

    /// Gives an upload up, unless that was done. Its segments are [remains](Remains) from then on. False when it is not as `version`
    /// says any more: another has it, or it has become a recording.
    async fn upload_give_up(
        &self,
        organization: OrganizationId,
        upload: RecordingId,
        version: i32,
    ) -> Result<bool, StoreError>;

    /// Those of these recordings that there is a row of, or a note that it [remains](Remains) to remove their segments.
    async fn known(
        &self,
        organization: OrganizationId,
        recordings: &[RecordingId],
    ) -> Result<HashSet<RecordingId>, StoreError>;
}

/// Segments of recordings that are no more: whatever removes the row of a recording leaves a note of what is to be removed from where
/// objects lie. Of whichever organization, those that are gone themselves among them. A narrow door of its own beside
/// the units of work.
#[async_trait]
pub trait Remains: Send + Sync {
    /// Up to `limit` organizations with uploads that nobody has gone on with in time. Those of suspended organizations wait until these
    /// are restored, and those of deleted ones for that or the purge. None of the organizations in `but`.
    async fn uploads_expired(
        &self,
        now: OffsetDateTime,
        but: &[OrganizationId],
        limit: u16,
    ) -> Result<Vec<OrganizationId>, StoreError>;

    /// Gives up such uploads of one organization, but for those that somebody holds; says how many.
    async fn expire_uploads(
        &self,
        organization: OrganizationId,
        now: OffsetDateTime,
    ) -> Result<u64, StoreError>;

    /// Takes up to `limit` recordings whose segments are to be removed; they come again at `again_at` unless they are settled before.
    async fn take(
        &self,
        now: OffsetDateTime,
        again_at: OffsetDateTime,
        limit: u16,
    ) -> Result<Vec<(OrganizationId, RecordingId)>, StoreError>;

    /// Notes that nothing is there any more. It is looked once more, at `again_at`, for what may have been written late.
    async fn settle(
        &self,
        organization: OrganizationId,
        recording: RecordingId,
        again_at: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// Up to `limit` recordings of organizations on a plan that were kept before a moment, the oldest of each organization first; none of
    /// the organizations in `but`.
    async fn outlived(
        &self,
        plan: Plan,
        before: OffsetDateTime,
        but: &[OrganizationId],
        limit: u16,
    ) -> Result<Vec<(OrganizationId, RecordingId, CallId)>, StoreError>;
}
