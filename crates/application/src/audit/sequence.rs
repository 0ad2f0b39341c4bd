//! Events get their places in the trees of their logs.
//!
//! Changes write events and wait for nothing. What has been committed is appended afterwards, by one sequencer at a time for each
//! shard: [0018](../../../../docs/decisions/0018-the-order-of-events.md).

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration as Wait,
};

use rollcall_audit_proof::{Full, Hash, Tile, TileId, Tree, WrongTile};
use time::{Duration, OffsetDateTime};

use super::{
    Growth, KeptTree, LockedTrees, Log, Placed, QueuedEvent, Round, RoundScope, Sequencer, Shard, Turn,
};
use crate::{Application, Error, ErrorChain, ports::StoreError};

/// The most events that get their places in one round.
pub const AT_ONCE: u16 = 4_096;
/// How long events that were written while their log was off are kept.
const UNOFFERED_KEPT: Duration = Duration::days(30);
/// How long a log whose tree is not whole is left alone, so that the others of its shard go on.
const LEFT_ALONE: Duration = Duration::minutes(1);
/// How long a log whose tree somebody holds is left alone: each try takes events of the whole shard out of the queue, and gives them back.
const HELD_LEFT_ALONE: Duration = Duration::seconds(3);
/// How many events are forgotten at once.
const FORGET_AT_ONCE: u32 = 1_000;

/// What this node does about the order of events. Cloning it is cheap.
#[derive(Clone)]
pub struct Sequencing {
    pub(super) sequencer: Arc<dyn Sequencer>,
    /// Logs whose trees are not whole, and when that was found out.
    broken: Arc<Mutex<BTreeMap<Log, OffsetDateTime>>>,
    /// Logs whose trees somebody held, and when that was found out.
    held: Arc<Mutex<BTreeMap<Log, OffsetDateTime>>>,
    sequenced: Arc<AtomicU64>,
}

/// A log's tree is not what was kept of it: somebody has changed it. Nothing is appended to it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenTree {
    /// Its right edge is not there.
    #[error(transparent)]
    Edge(#[from] WrongTile),
    /// Its tiles have another root.
    #[error("the tiles of {size} leaves have the root {found} instead of {kept}")]
    Root {
        /// How many leaves it has.
        size: u64,
        /// The root of the tiles.
        found: Hash,
        /// The root that was kept.
        kept: Hash,
    },
    /// It cannot have more leaves.
    #[error(transparent)]
    Full(#[from] Full),
    /// What was to be appended does not go with what is kept.
    #[error("nothing can be appended to it: {0}")]
    Refused(String),
}

/// What came of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sequenced {
    /// How many events have their places now, or are known to get none.
    pub events: usize,
    /// Whether more may wait.
    pub more: bool,
}

impl Sequencing {
    /// What keeps the order.
    pub fn new(sequencer: Arc<dyn Sequencer>) -> Self {
        Self { sequencer, broken: Arc::default(), held: Arc::default(), sequenced: Arc::default() }
    }

    /// What waits for its place.
    ///
    /// # Errors
    /// Only when something is out of order.
    pub async fn state(&self) -> Result<super::QueueState, Error> {
        Ok(self.sequencer.state().await?)
    }

    /// How many events this node has given their places since it started.
    pub fn sequenced(&self) -> u64 {
        self.sequenced.load(Ordering::Relaxed)
    }

    /// How many logs have trees that are not whole, as far as this node has come across them.
    pub fn broken(&self) -> usize {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Waits until there may be something to do; gives back where. What other nodes have left is found after `at_most`.
    ///
    /// # Errors
    /// Only when something is out of order.
    pub async fn wait(&self, at_most: Wait) -> Result<Vec<Shard>, Error> {
        self.sequencer.wait(at_most).await;
        Ok(self.sequencer.shards_waiting().await?)
    }

    fn left_alone(&self, now: OffsetDateTime) -> Vec<Log> {
        let mut logs = Vec::new();
        for (known, time) in [(&self.broken, LEFT_ALONE), (&self.held, HELD_LEFT_ALONE)] {
            let known = known.lock().unwrap_or_else(PoisonError::into_inner);
            logs.extend(known.iter().filter(|(_, found)| now - **found < time).map(|(log, _)| *log));
        }
        logs
    }

    /// Nothing is done about a log for now. That is told once, until it is over.
    fn note_held(&self, log: Log, now: OffsetDateTime) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        // What was not found held for so long, another node has gone on with.
        held.retain(|_, found| now - *found < LEFT_ALONE);
        if held.insert(log, now).is_none() {
            tracing::warn!(log = name(log), "somebody holds an audit log's tree; its events wait");
        }
    }

    fn note(&self, logs: impl IntoIterator<Item = (Log, BrokenTree)>, now: OffsetDateTime) {
        for (log, broken) in logs {
            let known = self.broken.lock().unwrap_or_else(PoisonError::into_inner).insert(log, now).is_some();
            if !known {
                let log = name(log);
                tracing::error!(
                    log,
                    broken = %ErrorChain(&broken),
                    "an audit log's tree is not what was kept of it; nothing is appended to it"
                );
            }
        }
    }

    fn note_whole(&self, growths: &[Growth]) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        for growth in growths {
            held.remove(&growth.log);
            if broken.remove(&growth.log).is_some() {
                tracing::info!(log = name(growth.log), "an audit log's tree is whole again");
            }
        }
    }
}

fn name(log: Log) -> String {
    log.map_or_else(|| "platform".to_owned(), |organization| organization.to_string())
}

/// One round of a shard, as [`Sequencing::sequence`] has it.
///
/// # Errors
/// Only when something is out of order; then nothing has changed, or, if only the answer was lost, all of it.
pub async fn sequence(app: &Application, shard: Shard) -> Result<Sequenced, Error> {
    Ok(app.sequencing.sequence(shard, app.now()).await?)
}

/// Makes all of a log's events that were committed before this was called be in its tree, or known to get no place, when it returns.
/// Whoever reads a log calls this first, and not from within a transaction.
///
/// # Errors
/// Only when something is out of order, the log's tree itself for example.
pub async fn catch_up(app: &Application, log: Log) -> Result<(), Error> {
    Ok(app.sequencing.catch_up(log, app.now()).await?)
}

/// Forgets events that were written while their log was off, once that is long enough ago; gives back how many.
///
/// # Errors
/// Only when something is out of order.
pub async fn forget_unoffered(app: &Application) -> Result<u64, Error> {
    let before = app.now() - UNOFFERED_KEPT;
    let mut forgotten = 0;
    loop {
        let some = app.sequencing.sequencer.forget_unoffered(before, FORGET_AT_ONCE).await?;
        forgotten += some;
        if some < u64::from(FORGET_AT_ONCE) {
            return Ok(forgotten);
        }
    }
}

impl Sequencing {
    /// One round of a shard: takes up to [`AT_ONCE`] events that were committed, and appends them to the trees of their logs. Does
    /// nothing when another is at it.
    ///
    /// # Errors
    /// Only when something is out of order; then nothing has changed, or, if only the answer was lost, all of it.
    pub async fn sequence(&self, shard: Shard, now: OffsetDateTime) -> Result<Sequenced, StoreError> {
        let mut turn = Turn::IfFree;
        loop {
            let left_alone = self.left_alone(now);
            match self.attempt(shard, turn, RoundScope::AllBut(&left_alone)).await? {
                TurnOutcome::Done { sequenced, .. } => return Ok(sequenced),
                TurnOutcome::Broken(logs) => self.note(logs, now),
                // They are tried again in a while; the others of the shard go on.
                TurnOutcome::Held(logs) => logs.into_iter().for_each(|log| self.note_held(log, now)),
                // One of them is in the way of all. Each by itself, then.
                TurnOutcome::Refused(logs, _) => {
                    for log in logs {
                        match self.attempt(shard, Turn::Next, RoundScope::Log(log)).await? {
                            TurnOutcome::Done { .. } => {}
                            TurnOutcome::Broken(logs) => self.note(logs, now),
                            TurnOutcome::Held(_) => self.note_held(log, now),
                            TurnOutcome::Refused(_, why) => {
                                let why = ErrorChain(why.as_ref()).to_string();
                                self.note([(log, BrokenTree::Refused(why))], now);
                            }
                        }
                    }
                }
            }
            // What came to nothing may have the shard for a moment more, until it is rolled back.
            turn = Turn::Next;
        }
    }

    /// Makes all of a log's events that were committed before this was called be in its tree, or known to get no place, when it
    /// returns.
    ///
    /// # Errors
    /// Only when something is out of order, the log's tree itself for example.
    pub async fn catch_up(&self, log: Log, now: OffsetDateTime) -> Result<(), StoreError> {
        let Some(newest) = self.sequencer.newest_waiting(log).await? else { return Ok(()) };
        loop {
            match self.attempt(Shard::of(log), Turn::Next, RoundScope::Log(log)).await? {
                TurnOutcome::Done { sequenced, last } => {
                    if !sequenced.more || last.is_none_or(|last| last >= newest) {
                        return Ok(());
                    }
                }
                TurnOutcome::Broken(logs) => {
                    self.note(logs, now);
                    return Err(StoreError::Internal("the audit log's tree is not whole".into()));
                }
                TurnOutcome::Held(_) => {
                    return Err(StoreError::Unavailable("somebody holds the audit log's tree".into()));
                }
                TurnOutcome::Refused(_, why) => return Err(StoreError::Internal(why)),
            }
        }
    }

    async fn attempt(&self, shard: Shard, turn: Turn, of: RoundScope<'_>) -> Result<TurnOutcome, StoreError> {
        let nothing = TurnOutcome::Done { sequenced: Sequenced { events: 0, more: false }, last: None };
        let Some(mut round) = self.sequencer.begin(shard, turn).await? else { return Ok(nothing) };
        let waiting = round.take(of, AT_ONCE).await?;
        let Some(last) = waiting.last().map(|event| event.written) else { return Ok(nothing) };
        let growths = match grow(round.as_mut(), &waiting).await? {
            Grown::All(growths) => growths,
            Grown::Broken(broken) => return Ok(TurnOutcome::Broken(broken)),
            Grown::Held(held) => return Ok(TurnOutcome::Held(held)),
        };
        match round.finish(&growths).await {
            Ok(()) => {}
            Err(StoreError::Internal(why)) => {
                return Ok(TurnOutcome::Refused(growths.into_iter().map(|growth| growth.log).collect(), why));
            }
            Err(error) => return Err(error),
        }
        let events = waiting.len();
        self.sequenced.fetch_add(u64::try_from(events).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.note_whole(&growths);
        let sequenced = Sequenced { events, more: events == usize::from(AT_ONCE) };
        Ok(TurnOutcome::Done { sequenced, last: Some(last) })
    }
}

/// What came of an attempt at a round.
enum TurnOutcome {
    /// Done, up to the last event by the order of writing; or another was at it.
    Done { sequenced: Sequenced, last: Option<i64> },
    /// Nothing: these logs' trees are not whole.
    Broken(Vec<(Log, BrokenTree)>),
    /// Nothing: somebody holds these logs' trees.
    Held(Vec<Log>),
    /// Nothing: what was to be kept of these logs does not go with what is.
    Refused(Vec<Log>, Box<dyn std::error::Error + Send + Sync>),
}

/// What becomes of the logs that events wait for, or of which logs nothing can become.
enum Grown {
    /// Of all of them.
    All(Vec<Growth>),
    /// These are not whole.
    Broken(Vec<(Log, BrokenTree)>),
    /// Somebody holds these.
    Held(Vec<Log>),
}

async fn grow(round: &mut dyn Round, waiting: &[QueuedEvent]) -> Result<Grown, StoreError> {
    let mut by_log: BTreeMap<Log, Vec<&QueuedEvent>> = BTreeMap::new();
    for event in waiting {
        by_log.entry(event.log).or_default().push(event);
    }
    let logs: Vec<Log> = by_log.keys().copied().collect();
    let LockedTrees { trees, held } = round.trees(&logs).await?;
    if !held.is_empty() {
        return Ok(Grown::Held(held));
    }
    let edges = trees.iter().flat_map(|(log, tree)| TileId::edge(tree.size).map(|tile| (*log, tile)));
    let edges: Vec<_> = edges.collect();
    let mut tiles = if edges.is_empty() { BTreeMap::new() } else { round.tiles(&edges).await? };
    let (mut growths, mut broken) = (Vec::with_capacity(by_log.len()), Vec::new());
    for (log, events) in by_log {
        match growth(log, trees.get(&log).copied(), |tile| tiles.remove(&(log, tile)), &events) {
            Ok(growth) => growths.push(growth),
            Err(found) => broken.push((log, found)),
        }
    }
    Ok(if broken.is_empty() { Grown::All(growths) } else { Grown::Broken(broken) })
}

/// What becomes of one log when events come, in this order.
fn growth(
    log: Log,
    before: Option<KeptTree>,
    tile: impl FnMut(TileId) -> Option<Tile>,
    events: &[&QueuedEvent],
) -> Result<Growth, BrokenTree> {
    // The platform's own log is on. An organization's is off until somebody turns it on.
    let new = KeptTree { size: 0, root: Hash::of_nothing(), offered: log.is_none() };
    let KeptTree { size, root: kept, mut offered } = before.unwrap_or(new);
    let mut tree = Tree::at(size, tile)?;
    let found = tree.root();
    if found != kept {
        return Err(BrokenTree::Root { size, found, kept });
    }
    let (mut leaves, mut unoffered, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
    for event in events {
        let placed = Placed { event: event.event, occurred_at: event.occurred_at };
        // What turns it on is the first event in it, and what turns it off the last.
        if offered || event.turns == Some(true) {
            leaves.push(placed);
            hashes.push(event.leaf_hash);
        } else {
            unoffered.push(placed);
        }
        offered = event.turns.unwrap_or(offered);
    }
    let tiles = tree.append(hashes.into_iter())?;
    let after = KeptTree { size: tree.size(), root: tree.root(), offered };
    Ok(Growth { log, before, after, leaves, unoffered, tiles })
}

#[cfg(test)]
#[path = "sequence_tests.rs"]
mod tests;
