//! What this node has read of what an organization is told, for all who watch there: read once, written once, kept until everybody has
//! it, and never more than so much.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use rollcall_domain::{OrganizationId, PermissionSet};
use tokio::{sync::Notify, time::timeout};

use super::{
    KeptNotice, StreamPlace,
    reader::{BEHIND, Reader},
};

/// The most that is read at once,
pub(super) const PAGE: u16 = 128;
/// and the most that is kept for those who are slow.
const MOST: usize = 256;
/// How long everybody else waits for somebody who takes nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// Something that was told.
#[derive(Debug)]
pub struct Frame {
    /// What was told, as it is kept.
    pub kept: KeptNotice,
    wire: OnceLock<Bytes>,
}

impl Frame {
    pub(super) fn new(kept: KeptNotice) -> Self {
        Self { kept, wire: OnceLock::new() }
    }

    /// Where it stands in what its organization is told: whoever comes back names it, and is told what came after it.
    pub fn place(&self) -> StreamPlace {
        StreamPlace { sequence: self.kept.sequence, event: Some(self.kept.event) }
    }

    /// How it goes over the wire, which is written once for all who watch.
    pub fn wire(&self, write: impl FnOnce(&KeptNotice) -> Bytes) -> Bytes {
        self.wire.get_or_init(|| write(&self.kept)).clone()
    }

    /// Whether somebody with these permissions is told.
    pub(super) fn is_for(&self, permissions: PermissionSet) -> bool {
        self.kept.permission.is_some_and(|needed| permissions.contains(needed))
    }
}

/// What there is for a reader.
pub(super) enum Next {
    /// This.
    Frame(Arc<Frame>),
    /// Nothing after this place yet.
    Nothing(StreamPlace),
    /// What is not kept any more. It goes on after this place.
    Behind(StreamPlace),
}

/// What is read for those who watch an organization.
pub(super) struct Channel {
    pub(super) organization: OrganizationId,
    inner: Mutex<Inner>,
    /// Told when somebody has read all there is.
    read: Notify,
}

#[derive(Default)]
struct Inner {
    /// The last that was read; none before it is known where to begin.
    head: Option<StreamPlace>,
    frames: VecDeque<Arc<Frame>>,
    readers: HashMap<u64, Arc<Reader>>,
    /// Whether somebody reads at the moment,
    reading: bool,
    /// and whether there may be more than they see.
    more: bool,
}

/// That somebody reads, until this is dropped.
pub(super) struct Reading<'a> {
    channel: &'a Channel,
    over: bool,
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        // Once it was over, somebody else may have begun.
        if !self.over {
            self.channel.inner().reading = false;
        }
    }
}

impl Channel {
    pub(super) fn new(organization: OrganizationId) -> Self {
        Self { organization, inner: Mutex::default(), read: Notify::new() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, reader: Arc<Reader>) {
        self.inner().readers.insert(reader.number, reader);
    }

    /// Gives back whether nobody is left.
    pub(super) fn remove(&self, reader: &Reader) -> bool {
        let mut inner = self.inner();
        inner.readers.remove(&reader.number);
        inner.readers.is_empty()
    }

    pub(super) fn readers(&self) -> Vec<Arc<Reader>> {
        self.inner().readers.values().cloned().collect()
    }

    /// The last that was read, if it is known where to begin.
    pub(super) fn head(&self) -> Option<StreamPlace> {
        self.inner().head
    }

    /// Begins after a place, unless it has begun.
    pub(super) fn begin(&self, place: StreamPlace) {
        self.inner().head.get_or_insert(place);
    }

    /// From here on what is read is kept for a reader. Gives back after which place that is.
    pub(super) fn join(&self, reader: &Reader) -> Option<StreamPlace> {
        let inner = self.inner();
        let head = inner.head?;
        reader.position.store(head.sequence, Ordering::Release);
        Some(head)
    }

    /// What comes for a reader with these permissions.
    pub(super) fn next(&self, reader: &Reader, permissions: PermissionSet) -> Next {
        let inner = self.inner();
        let head = inner.head.unwrap_or(StreamPlace::START);
        let at = reader.position();
        let first = inner.frames.front().map_or(head.sequence + 1, |frame| frame.kept.sequence);
        let skip = usize::try_from(at.saturating_add(1) - first).ok().filter(|_| at != BEHIND);
        let Some(skip) = skip else { return Next::Behind(head) };
        let frame = inner.frames.iter().skip(skip).find(|frame| frame.is_for(permissions)).cloned();
        let position = frame.as_ref().map_or(head.sequence, |frame| frame.kept.sequence);
        reader.position.store(position, Ordering::Release);
        drop(inner);
        if position == head.sequence {
            self.read.notify_one();
        }
        frame.map_or(Next::Nothing(head), Next::Frame)
    }

    /// Begins to read, unless somebody is at it, who then looks once more.
    pub(super) fn read(&self) -> Option<Reading<'_>> {
        let mut inner = self.inner();
        inner.more = true;
        if inner.reading || inner.head.is_none() {
            return None;
        }
        inner.reading = true;
        Some(Reading { channel: self, over: false })
    }

    /// Whether somebody should read who does not.
    pub(super) fn is_left(&self) -> bool {
        let inner = self.inner();
        inner.more && !inner.reading && inner.head.is_some()
    }
}

impl Reading<'_> {
    /// After which number there may be more; none when there is nothing, and nobody reads any more.
    pub(super) fn from(&mut self) -> Option<i64> {
        let mut inner = self.channel.inner();
        if !std::mem::take(&mut inner.more) {
            (inner.reading, self.over) = (false, true);
            return None;
        }
        inner.head.map(|head| head.sequence)
    }

    /// It could not be read, and has to be tried again.
    pub(super) fn failed(&self) {
        self.channel.inner().more = true;
    }

    /// Keeps what was read, and tells everybody.
    pub(super) fn keep(&self, page: Vec<KeptNotice>) {
        let mut inner = self.channel.inner();
        let mut head = inner.head.map_or(0, |head| head.sequence);
        inner.more |= page.len() == usize::from(PAGE);
        for kept in page {
            if kept.sequence != head + 1 {
                // Something was forgotten in between: nobody goes on from before.
                inner.frames.clear();
            }
            head = kept.sequence;
            let frame = Frame::new(kept);
            inner.head = Some(frame.place());
            inner.frames.push_back(Arc::new(frame));
        }
        for reader in inner.readers.values() {
            reader.wake.notify_one();
        }
    }

    /// Waits until there is room for another page. Whoever takes nothing for a while is left behind.
    pub(super) async fn room(&self) {
        let mut before = self.channel.drop_read();
        while before.kept + usize::from(PAGE) > MOST {
            let waited = timeout(PATIENCE, self.channel.read.notified()).await;
            let now = self.channel.drop_read();
            if waited.is_err() && now.slowest == before.slowest {
                return self.channel.drop_oldest(MOST - usize::from(PAGE));
            }
            before = now;
        }
    }
}

/// How full it is, and how far the slowest has come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fill {
    kept: usize,
    slowest: i64,
}

impl Channel {
    /// Forgets what everybody has.
    pub(super) fn drop_read(&self) -> Fill {
        let mut inner = self.inner();
        let slowest = inner.readers.values().map(|reader| reader.position()).min().unwrap_or(i64::MAX);
        while inner.frames.front().is_some_and(|frame| frame.kept.sequence <= slowest) {
            inner.frames.pop_front();
        }
        Fill { kept: inner.frames.len(), slowest }
    }

    fn drop_oldest(&self, most: usize) {
        let mut inner = self.inner();
        let over = inner.frames.len().saturating_sub(most);
        let Some(last) = inner.frames.drain(..over).next_back().map(|frame| frame.kept.sequence) else {
            return;
        };
        for reader in inner.readers.values().filter(|reader| reader.position() < last) {
            // They find out, if they ever look again; nobody waits for them any more.
            reader.position.store(BEHIND, Ordering::Release);
            reader.wake.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{ApiKeyId, Permission, secret::TokenHash};

    use super::*;
    use crate::{
        stream::{StreamEvents, clearance::PresentedCredential, reader::StreamHolder},
        testing::{StreamInMemory, organization},
    };

    const EVERYTHING: [Permission; 2] = [Permission::TeamRead, Permission::SecurityRead];

    fn reader(channel: &Channel, number: u64) -> Arc<Reader> {
        let holder = StreamHolder::Key(ApiKeyId::from_parts(number, &[1; 10]));
        let shown = PresentedCredential::Session(TokenHash([1; 32]));
        let reader = Arc::new(Reader::new(number, channel.organization, holder, shown));
        channel.add(reader.clone());
        channel.join(&reader).expect("a beginning");
        reader
    }

    /// Reads what was told, as the keeper does.
    async fn read(channel: &Channel, told: &StreamInMemory) {
        let mut reading = channel.read().expect("nobody reads");
        while let Some(from) = reading.from() {
            reading.keep(told.after(channel.organization, from, PAGE).await.expect("a page"));
            reading.room().await;
        }
    }

    fn numbers(channel: &Channel, reader: &Reader, permissions: &[Permission]) -> Vec<i64> {
        let permissions: PermissionSet = permissions.iter().copied().collect();
        let mut numbers = Vec::new();
        while let Next::Frame(frame) = channel.next(reader, permissions) {
            numbers.push(frame.kept.sequence);
        }
        numbers
    }

    #[tokio::test]
    async fn attack_14_each_is_told_what_they_may_know_and_what_all_have_is_forgotten() {
        let (told, channel) = (StreamInMemory::default(), Channel::new(organization().id));
        channel.begin(StreamPlace::START);
        let (all, team) = (reader(&channel, 1), reader(&channel, 2));
        for permission in [Permission::TeamRead, Permission::SecurityRead, Permission::TeamRead] {
            told.tell(channel.organization, permission);
        }
        read(&channel, &told).await;
        assert_eq!(numbers(&channel, &all, &EVERYTHING), [1, 2, 3]);
        assert_eq!(channel.drop_read().kept, 3);
        assert_eq!(numbers(&channel, &team, &[Permission::TeamRead]), [1, 3]);
        assert_eq!(channel.drop_read().kept, 0);
        assert_eq!(numbers(&channel, &team, &EVERYTHING), [0; 0]);
    }

    #[tokio::test]
    async fn whoever_takes_nothing_is_left_behind_and_no_more_than_so_much_is_kept_for_them() {
        let (told, channel) = (StreamInMemory::default(), Channel::new(organization().id));
        channel.begin(StreamPlace::START);
        let (quick, slow) = (reader(&channel, 1), reader(&channel, 2));
        for _ in 0..1_000 {
            told.tell(channel.organization, Permission::TeamRead);
        }
        let quickly = async {
            let mut read = Vec::new();
            while read.len() < 1_000 {
                read.extend(numbers(&channel, &quick, &EVERYTHING));
                quick.wake.notified().await;
            }
            read
        };
        let ((), read) = tokio::join!(read(&channel, &told), quickly);
        assert_eq!(read, (1..=1_000).collect::<Vec<_>>());
        assert!(channel.drop_read().kept <= MOST);
        assert!(matches!(
            channel.next(&slow, EVERYTHING.into_iter().collect()),
            Next::Behind(StreamPlace { sequence: 1_000, .. })
        ));
    }

    #[tokio::test]
    async fn what_was_forgotten_before_it_was_read_is_gone_on_from_by_nobody() {
        let (told, channel) = (StreamInMemory::default(), Channel::new(organization().id));
        channel.begin(StreamPlace::START);
        let early = reader(&channel, 1);
        for _ in 0..3 {
            told.tell(channel.organization, Permission::TeamRead);
        }
        let mut page = told.after(channel.organization, 0, PAGE).await.expect("a page");
        page.remove(0);
        channel.read().expect("nobody reads").keep(page);
        assert!(matches!(channel.next(&early, EVERYTHING.into_iter().collect()), Next::Behind(_)));
    }
}
