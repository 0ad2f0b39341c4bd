//! Where recordings lie, and what is noted of uploads, in memory.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    ops::Range,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use rollcall_domain::{CallId, OrganizationId, RecordingId};
use time::{Duration, OffsetDateTime};

use super::{NOW, organization};
use crate::{
    Sealed,
    ports::{Clock, StoreError},
    recordings::{Footprint, KeptUpload, Objects, ObjectsError, SegmentName, SegmentPath, Uploads},
};

/// So many seconds after [`NOW`].
#[derive(Default)]
pub(crate) struct Moving(AtomicI64);

impl Moving {
    pub(crate) fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::Relaxed);
    }
}

impl Clock for Moving {
    fn now(&self) -> OffsetDateTime {
        NOW + Duration::seconds(self.0.load(Ordering::Relaxed))
    }
}

/// Objects, the key of one organization, and uploads.
#[derive(Default)]
pub(crate) struct InMemory {
    pub(crate) objects: Mutex<HashMap<(RecordingId, SegmentName), Bytes>>,
    /// Whether nothing can be put.
    pub(crate) unwritable: AtomicBool,
    /// How many reads there were.
    pub(crate) reads: AtomicUsize,
    key: Mutex<Option<Sealed>>,
    pub(crate) uploads: Mutex<HashMap<RecordingId, KeptUpload>>,
    /// Whether what is noted of uploads is out of reach.
    pub(crate) out_of_reach: AtomicBool,
}

#[async_trait]
impl Objects for InMemory {
    async fn put(&self, segment: &SegmentPath, bytes: Bytes) -> Result<(), ObjectsError> {
        if self.unwritable.load(Ordering::Relaxed) {
            return Err(ObjectsError::Unavailable("there is no such directory".into()));
        }
        self.objects.lock().expect("no panic").insert((segment.recording, segment.name), bytes);
        Ok(())
    }

    async fn get(&self, segment: &SegmentPath, range: Range<u64>) -> Result<Bytes, ObjectsError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let objects = self.objects.lock().expect("no panic");
        let object = objects.get(&(segment.recording, segment.name)).ok_or(ObjectsError::Missing)?;
        let range = range.start as usize..range.end as usize;
        object.get(range).map(Bytes::copy_from_slice).ok_or(ObjectsError::Missing)
    }

    async fn prune(
        &self,
        _: OrganizationId,
        recording: RecordingId,
        kept: &[SegmentName],
    ) -> Result<(), ObjectsError> {
        let mut objects = self.objects.lock().expect("no panic");
        objects.retain(|(of, name), _| *of != recording || kept.contains(name));
        Ok(())
    }

    async fn remove(&self, _: OrganizationId, recording: RecordingId) -> Result<(), ObjectsError> {
        self.objects.lock().expect("no panic").retain(|(of, _), _| *of != recording);
        Ok(())
    }

    async fn organizations(&self) -> Result<Vec<OrganizationId>, ObjectsError> {
        Ok(vec![organization().id])
    }

    async fn recordings(&self, _: OrganizationId) -> Result<Vec<RecordingId>, ObjectsError> {
        let objects = self.objects.lock().expect("no panic");
        let recordings: BTreeSet<_> = objects.keys().map(|(recording, _)| *recording).collect();
        Ok(recordings.into_iter().collect())
    }

    async fn footprint(&self, _: OrganizationId, recording: RecordingId) -> Result<Footprint, ObjectsError> {
        let objects = self.objects.lock().expect("no panic");
        let of_it = objects.iter().filter(|((of, _), _)| *of == recording);
        let lengths: Vec<u64> = of_it.map(|(_, bytes)| bytes.len() as u64).collect();
        let last_written = (!lengths.is_empty()).then_some(NOW);
        let (segments, bytes) = (lengths.len() as u64, lengths.iter().sum());
        Ok(Footprint { segments, bytes, last_written, is_foreign: false })
    }
}

#[async_trait]
impl Uploads for InMemory {
    async fn organization_key(&self, _: OrganizationId) -> Result<Option<Sealed>, StoreError> {
        Ok(self.key.lock().expect("no panic").clone())
    }

    async fn organization_key_add(
        &self,
        _: OrganizationId,
        wrapped: &Sealed,
        _: OffsetDateTime,
    ) -> Result<Sealed, StoreError> {
        Ok(self.key.lock().expect("no panic").get_or_insert_with(|| wrapped.clone()).clone())
    }

    async fn upload_begin(
        &self,
        _: OrganizationId,
        _: CallId,
        upload: &KeptUpload,
    ) -> Result<bool, StoreError> {
        self.uploads.lock().expect("no panic").insert(upload.id, upload.clone());
        Ok(true)
    }

    async fn upload_find(&self, _: OrganizationId, _: CallId) -> Result<Option<KeptUpload>, StoreError> {
        let uploads = self.uploads.lock().expect("no panic");
        Ok(uploads.values().find(|upload| upload.resumable).cloned())
    }

    async fn upload_advance(
        &self,
        _: OrganizationId,
        upload: RecordingId,
        version: i32,
        manifest: &Sealed,
        expires_at: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        if self.out_of_reach.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable("the database restarts".into()));
        }
        let mut uploads = self.uploads.lock().expect("no panic");
        let Some(upload) = uploads.get_mut(&upload).filter(|upload| upload.version == version) else {
            return Ok(false);
        };
        upload.manifest = manifest.clone();
        upload.version += 1;
        upload.expires_at = expires_at;
        Ok(true)
    }

    async fn upload_give_up(
        &self,
        _: OrganizationId,
        upload: RecordingId,
        version: i32,
    ) -> Result<bool, StoreError> {
        let mut uploads = self.uploads.lock().expect("no panic");
        let is_as_known = uploads.get(&upload).is_none_or(|upload| upload.version == version);
        if is_as_known {
            uploads.remove(&upload);
        }
        Ok(is_as_known)
    }

    async fn known(
        &self,
        _: OrganizationId,
        recordings: &[RecordingId],
    ) -> Result<HashSet<RecordingId>, StoreError> {
        let uploads = self.uploads.lock().expect("no panic");
        Ok(recordings.iter().copied().filter(|id| uploads.contains_key(id)).collect())
    }
}
