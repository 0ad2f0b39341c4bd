//! The streams that are open on this node.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration as Wait,
};

use rollcall_domain::OrganizationId;
use time::Duration;
use tokio::{
    sync::{Notify, Semaphore},
    time::Instant,
};

use super::{
    StreamEvents,
    channel::Channel,
    clearance::PresentedCredential,
    reader::{Reader, StreamHolder},
};
use crate::{Application, Error, Limit};

/// How long it is kept what was told, for whoever comes back.
const KEPT: Duration = Duration::HOUR;
/// How long it is certain who may know what after it was last looked.
const CERTAIN: Wait = Wait::from_secs(1);
/// How many look-ups for streams go on at a time, so that they never take all connections to the database.
const AT_ONCE: usize = 6;
/// When it makes sense to try again where there are too many streams.
const AGAIN: Duration = Duration::seconds(5);

/// The streams that are open on this node. Cloning it is cheap.
#[derive(Clone)]
pub struct Streams(Arc<Joined>);

struct Joined {
    events: Arc<dyn StreamEvents>,
    at_once: usize,
    at_once_of_one: u32,
    at_once_of_organization: u32,
    beat_every: Wait,
    resyncs: AtomicU64,
    open: Mutex<Open>,
    numbers: AtomicU64,
    wanted: Notify,
    certain_until: Mutex<Option<Instant>>,
    closed: AtomicBool,
    turns: Semaphore,
}

#[derive(Default)]
struct Open {
    channels: HashMap<OrganizationId, Arc<Channel>>,
    held: HashMap<StreamHolder, u32>,
    held_in: HashMap<OrganizationId, u32>,
    count: usize,
}

/// A stream that is open, until this is dropped.
pub(super) struct OpenStream {
    pub(super) streams: Streams,
    pub(super) channel: Arc<Channel>,
    pub(super) reader: Arc<Reader>,
}

impl Streams {
    /// At most so many streams, so many of one organization, and so many of one session or API key; each gives a sign of life so often.
    pub fn new(
        events: Arc<dyn StreamEvents>,
        at_once: usize,
        at_once_of_organization: u32,
        at_once_of_one: u32,
        beat_every: Wait,
    ) -> Self {
        Self(Arc::new(Joined {
            events,
            at_once,
            at_once_of_one,
            at_once_of_organization,
            beat_every,
            resyncs: AtomicU64::new(0),
            open: Mutex::default(),
            numbers: AtomicU64::new(0),
            wanted: Notify::new(),
            certain_until: Mutex::new(None),
            closed: AtomicBool::new(false),
            turns: Semaphore::new(AT_ONCE),
        }))
    }

    /// What is kept.
    pub(super) fn events(&self) -> &dyn StreamEvents {
        self.0.events.as_ref()
    }

    pub(super) fn beat_every(&self) -> Wait {
        self.0.beat_every
    }

    pub(super) fn turns(&self) -> &Semaphore {
        &self.0.turns
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many streams are open on this node, of all organizations together.
    pub fn count(&self) -> usize {
        self.open().count
    }

    /// How often somebody was told to look again.
    pub fn resyncs(&self) -> u64 {
        self.0.resyncs.load(Ordering::Relaxed)
    }

    pub(super) fn note_resync(&self) {
        self.0.resyncs.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn channels(&self) -> Vec<Arc<Channel>> {
        self.open().channels.values().cloned().collect()
    }

    pub(super) fn channel(&self, organization: OrganizationId) -> Option<Arc<Channel>> {
        self.open().channels.get(&organization).cloned()
    }

    /// One more, if there is room for it.
    pub(super) fn seat(
        &self,
        organization: OrganizationId,
        holder: StreamHolder,
        shown: PresentedCredential,
    ) -> Result<OpenStream, Error> {
        let mut open = self.open();
        if open.count >= self.0.at_once || self.0.closed.load(Ordering::Acquire) {
            return Err(Error::Busy);
        }
        let held = open.held.get(&holder).copied().unwrap_or(0);
        let held_in = open.held_in.get(&organization).copied().unwrap_or(0);
        for (held, quota, name, what) in [
            (held, self.0.at_once_of_one, "streams", "open streams"),
            (
                held_in,
                self.0.at_once_of_organization,
                "organization_streams",
                "open streams of the organization",
            ),
        ] {
            if held >= quota {
                let limit = Limit { name, what, quota, window: AGAIN };
                return Err(Error::LimitReached { limit, retry_after: AGAIN });
            }
        }
        open.held.insert(holder, held + 1);
        open.held_in.insert(organization, held_in + 1);
        open.count += 1;
        let number = self.0.numbers.fetch_add(1, Ordering::Relaxed);
        let reader = Arc::new(Reader::new(number, organization, holder, shown));
        let channel =
            open.channels.entry(organization).or_insert_with(|| Arc::new(Channel::new(organization)));
        let channel = channel.clone();
        channel.add(reader.clone());
        drop(open);
        self.0.wanted.notify_waiters();
        Ok(OpenStream { streams: self.clone(), channel, reader })
    }

    /// Waits until there is a stream.
    pub(super) async fn wanted(&self) {
        loop {
            // From here on it is woken, whoever else waits.
            let wanted = self.0.wanted.notified();
            if self.count() > 0 {
                return;
            }
            wanted.await;
        }
    }

    /// Whether all that has ended had been heard of a moment ago.
    pub(super) fn is_certain(&self) -> bool {
        let until = *self.0.certain_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    /// All that has ended was heard of just now.
    pub(super) fn certain(&self) {
        let lapsed = !self.is_certain();
        let until = Instant::now() + CERTAIN;
        *self.0.certain_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
        if lapsed {
            for reader in self.readers() {
                reader.wake.notify_one();
            }
        }
    }

    pub(super) fn readers(&self) -> Vec<Arc<Reader>> {
        self.channels().iter().flat_map(|channel| channel.readers()).collect()
    }

    /// Ends every stream: this node stops.
    pub fn close(&self) {
        self.0.closed.store(true, Ordering::Release);
        for reader in self.readers() {
            reader.end();
        }
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let mut open = self.streams.open();
        open.count -= 1;
        let holder = self.reader.holder;
        if let Some(held) = open.held.get_mut(&holder) {
            *held -= 1;
            if *held == 0 {
                open.held.remove(&holder);
            }
        }
        let organization = self.channel.organization;
        if let Some(held) = open.held_in.get_mut(&organization) {
            *held -= 1;
            if *held == 0 {
                open.held_in.remove(&organization);
            }
        }
        if self.channel.remove(&self.reader) {
            open.channels.remove(&organization);
        }
    }
}

/// Forgets what was told so long ago that nobody should come back for it; gives back how many.
///
/// # Errors
/// Only when something is out of order.
pub async fn forget(app: &Application) -> Result<u64, Error> {
    Ok(app.streams.events().forget(app.now() - KEPT).await?)
}
