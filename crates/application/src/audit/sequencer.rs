//! What is kept of the order of events, and how it is added to.

use std::{collections::BTreeMap, fmt, time::Duration};

use async_trait::async_trait;
use rollcall_audit_proof::{Hash, Tile, TileId};
use rollcall_domain::{EventId, OrganizationId};
use time::OffsetDateTime;

use crate::ports::StoreError;

/// Whose log: an organization's, or the platform's own.
pub type Log = Option<OrganizationId>;

/// One of sixteen parts of all logs. Each is sequenced by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard(u8);

impl Shard {
    /// How many shards there are: they are numbered from 0.
    pub const COUNT: u8 = 16;

    /// The one that a log is in: the last four bits of its id, which are random.
    pub fn of(log: Log) -> Self {
        Self(log.map_or(0, |organization| organization.uuid().as_bytes()[15]) % Self::COUNT)
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self)
    }

    /// From 0 to 15.
    pub fn number(self) -> u8 {
        self.0
    }

    /// The one with a number.
    pub fn from_number(number: u8) -> Option<Self> {
        (number < Self::COUNT).then_some(Self(number))
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An event that waits for its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedEvent {
    /// Its log.
    pub log: Log,
    /// In which order it was written.
    pub written: i64,
    /// Which event.
    pub event: EventId,
    /// When it happened.
    pub occurred_at: OffsetDateTime,
    /// The hash of its leaf.
    pub leaf_hash: Hash,
    /// What it turns its log, if it does: on, or off.
    pub turns: Option<bool>,
}

/// A log's tree, without its hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptTree {
    /// How many leaves it has.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// Whether events go into it.
    pub offered: bool,
}

/// An event at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Which event.
    pub event: EventId,
    /// When it happened.
    pub occurred_at: OffsetDateTime,
}

/// What becomes of one log in a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growth {
    /// Which log.
    pub log: Log,
    /// Its tree before; none when there was none.
    pub before: Option<KeptTree>,
    /// Its tree afterwards.
    pub after: KeptTree,
    /// The leaves from `before`'s size on.
    pub leaves: Vec<Placed>,
    /// What was written while it was off.
    pub unoffered: Vec<Placed>,
    /// The tiles that changed.
    pub tiles: BTreeMap<TileId, Tile>,
}

/// What of a shard a round is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoundScope<'a> {
    /// One log.
    Log(Log),
    /// All but these.
    AllBut(&'a [Log]),
}

/// How a round begins when another is at the shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Not at all.
    IfFree,
    /// After it.
    Next,
}

/// What waits for its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueState {
    /// How many events wait, of all logs together; no more than [`MOST_COUNTED`](crate::ports::MOST_COUNTED) are counted.
    pub queued: u64,
    /// When the oldest happened, of those that were written first in their shard.
    pub oldest: Option<OffsetDateTime>,
}

/// The order of events. A narrow door of its own beside the units of work: the database queues each event with the change that causes
/// it, and giving it its place afterwards is the platform's own bookkeeping, which leaves no event.
#[async_trait]
pub trait Sequencer: Send + Sync {
    /// Begins a round of a shard; none when another is at it, on whichever node, and it is not to be waited for.
    async fn begin(&self, shard: Shard, turn: Turn) -> Result<Option<Box<dyn Round>>, StoreError>;

    /// The last event of a log that has been committed and has no place yet, by the order of writing.
    async fn newest_waiting(&self, log: Log) -> Result<Option<i64>, StoreError>;

    /// The shards in which anything waits.
    async fn shards_waiting(&self) -> Result<Vec<Shard>, StoreError>;

    /// What waits in all of them.
    async fn state(&self) -> Result<QueueState, StoreError>;

    /// Waits until this node has committed events since it was last waited for, but not longer than `at_most`.
    async fn wait(&self, at_most: Duration);

    /// Forgets events from before a moment that were written while their log was off, at most so many; gives back how many. None of the
    /// last month by the database's own clock, and none of a suspended organization.
    async fn forget_unoffered(&self, before: OffsetDateTime, at_most: u32) -> Result<u64, StoreError>;
}

/// The trees of logs, locked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LockedTrees {
    /// Those that there are.
    pub trees: BTreeMap<Log, KeptTree>,
    /// The logs whose tree somebody else holds. No sequencer does.
    pub held: Vec<Log>,
}

/// A round: one sequencer at one shard, and nobody else. Dropped before it was finished, it never was.
#[async_trait]
pub trait Round: Send {
    /// Takes events from the queue, those first that were written first.
    async fn take(&mut self, of: RoundScope<'_>, at_most: u16) -> Result<Vec<QueuedEvent>, StoreError>;

    /// The trees of logs, locked. Logs that have none are left out. What somebody else holds is not waited for.
    async fn trees(&mut self, logs: &[Log]) -> Result<LockedTrees, StoreError>;

    /// Tiles of logs. Those that are not there, or are none, are left out.
    async fn tiles(&mut self, wanted: &[(Log, TileId)]) -> Result<BTreeMap<(Log, TileId), Tile>, StoreError>;

    /// Keeps what came of it: all or nothing.
    async fn finish(self: Box<Self>, growths: &[Growth]) -> Result<(), StoreError>;
}
