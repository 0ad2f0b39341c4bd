//! Logs and their queue in memory, which fail when they are told to.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use rollcall_audit_proof::{Hash, Tile, TileId, root_of};
use rollcall_domain::EventId;
use time::OffsetDateTime;

use super::{Answer, NOW};
use crate::{
    audit::{
        Growth, KeptTree, LockedTrees, Log, QueueState, QueuedEvent, Round, RoundScope, Sequencer, Shard,
        Turn,
    },
    ports::StoreError,
};

/// What fails, and whether it is done nevertheless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) step: &'static str,
    pub(crate) persisted: bool,
}

impl Fault {
    pub(crate) const STEPS: [&'static str; 5] = ["begin", "take", "trees", "tiles", "finish"];
}

/// Events are known by the numbers they were written under, from 1.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    written: i64,
    queue: Vec<QueuedEvent>,
    trees: BTreeMap<Log, KeptTree>,
    tiles: BTreeMap<(Log, TileId), Tile>,
    leaves: BTreeMap<Log, Vec<EventId>>,
    unoffered: BTreeMap<Log, Vec<EventId>>,
    refused: BTreeSet<Log>,
    held: BTreeSet<Log>,
    busy: Option<Log>,
    /// Whether rounds that come to nothing have their shard for a moment more.
    lingers: bool,
    /// Whether one has it now.
    lingering: bool,
    fault: Option<Fault>,
}

#[derive(Clone, Default)]
pub(crate) struct KeptLogs(Arc<Mutex<State>>);

fn event(written: i64) -> EventId {
    EventId::from_parts(u64::try_from(written).expect("a number"), &[0; 10])
}

impl KeptLogs {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no panic")
    }

    pub(crate) fn hash(written: i64) -> Hash {
        Hash::of_leaf(&written.to_be_bytes())
    }

    pub(crate) fn write(&self, log: Log, turns: Option<bool>) {
        self.state().write(log, turns);
    }

    /// From now on another event comes while a round is at work.
    pub(crate) fn write_in_each_round(&self, log: Log) {
        self.state().busy = Some(log);
    }

    pub(crate) fn fail_once(&self, fault: Fault) {
        self.state().fault = Some(fault);
    }

    /// Takes no leaves of a log.
    pub(crate) fn refuse(&self, log: Log) {
        self.state().refused.insert(log);
    }

    /// Somebody holds a log's tree, or not any more.
    pub(crate) fn hold(&self, log: Log, held: bool) {
        let mut state = self.state();
        state.held.retain(|other| *other != log);
        state.held.extend(held.then_some(log));
    }

    /// From now on, whoever does not wait finds the shard taken after a round that has come to nothing.
    pub(crate) fn linger(&self) {
        self.state().lingers = true;
    }

    fn numbers(events: Option<&Vec<EventId>>) -> Vec<i64> {
        let number =
            |id: &EventId| (0..20_000).find(|n| event(*n) == *id).expect("an event that was written");
        events.into_iter().flatten().map(number).collect()
    }

    pub(crate) fn leaves(&self, log: Log) -> Vec<i64> {
        Self::numbers(self.state().leaves.get(&log))
    }

    pub(crate) fn unoffered(&self, log: Log) -> Vec<i64> {
        Self::numbers(self.state().unoffered.get(&log))
    }

    pub(crate) fn tree(&self, log: Log) -> Option<KeptTree> {
        self.state().trees.get(&log).copied()
    }

    /// The leaves are in the order of writing, none is there twice, and the tree is theirs.
    pub(crate) fn assert_whole(&self, log: Log) {
        let leaves = self.leaves(log);
        assert!(leaves.is_sorted_by(|one, next| one < next), "{leaves:?}");
        let hashes: Vec<Hash> = leaves.iter().map(|written| Self::hash(*written)).collect();
        let tree = self.tree(log).expect("a tree");
        assert_eq!((tree.size, tree.root), (hashes.len() as u64, root_of(&hashes)));
    }

    pub(crate) fn clone_state(&self) -> State {
        self.state().clone()
    }

    pub(crate) fn restore(&self, before: &State) {
        *self.state() = before.clone();
    }

    /// Makes a log's tree what it was.
    pub(crate) fn mend(&self, before: &State, log: Log) {
        let mut state = self.state();
        state.trees.insert(log, before.trees[&log]);
        state.tiles.retain(|(of, _), _| *of != log);
        state.tiles.extend(
            before.tiles.iter().filter(|((of, _), _)| *of == log).map(|(id, tile)| (*id, tile.clone())),
        );
    }

    pub(crate) fn change_tile(&self, log: Log) {
        let mut state = self.state();
        let tile = state.tiles.iter_mut().find(|((of, _), _)| *of == log).expect("a tile").1;
        *tile = Tile::from(vec![Hash::of_leaf(b"another"); tile.hashes().len()]);
    }

    pub(crate) fn forget_tiles(&self, log: Log) {
        self.state().tiles.retain(|(of, _), _| *of != log);
    }

    pub(crate) fn change_size(&self, log: Log) {
        self.state().trees.get_mut(&log).expect("a tree").size -= 1;
    }

    /// Whether it is to be done, and whether it is to seem so.
    fn at(&self, step: &'static str) -> (bool, Answer<()>) {
        let mut state = self.state();
        match state.fault.take_if(|fault| fault.step == step) {
            Some(fault) => (fault.persisted, Err(StoreError::Unavailable(step.into()))),
            None => (true, Ok(())),
        }
    }
}

impl State {
    fn write(&mut self, log: Log, turns: Option<bool>) {
        self.written += 1;
        let written = self.written;
        let leaf_hash = KeptLogs::hash(written);
        self.queue.push(QueuedEvent {
            log,
            written,
            event: event(written),
            occurred_at: NOW,
            leaf_hash,
            turns,
        });
    }
}

#[async_trait]
impl Sequencer for KeptLogs {
    async fn begin(&self, shard: Shard, turn: Turn) -> Answer<Option<Box<dyn Round>>> {
        self.at("begin").1?;
        if std::mem::take(&mut self.state().lingering) && turn == Turn::IfFree {
            return Ok(None);
        }
        Ok(Some(Box::new(TestRound { kept: self.clone(), shard, taken: Vec::new(), finished: false })))
    }

    async fn newest_waiting(&self, log: Log) -> Answer<Option<i64>> {
        Ok(self.state().queue.iter().filter(|event| event.log == log).map(|event| event.written).max())
    }

    async fn shards_waiting(&self) -> Answer<Vec<Shard>> {
        Ok(Shard::all().collect())
    }

    async fn state(&self) -> Answer<QueueState> {
        Ok(QueueState::default())
    }

    async fn wait(&self, _: Duration) {}

    async fn forget_unoffered(&self, _: OffsetDateTime, _: u32) -> Answer<u64> {
        Ok(0)
    }
}

struct TestRound {
    kept: KeptLogs,
    shard: Shard,
    taken: Vec<QueuedEvent>,
    finished: bool,
}

impl Drop for TestRound {
    fn drop(&mut self) {
        // A test that has failed is told so by its own panic.
        let Ok(mut state) = self.kept.0.lock() else { return };
        state.lingering = state.lingers && !self.finished;
    }
}

#[async_trait]
impl Round for TestRound {
    async fn take(&mut self, of: RoundScope<'_>, at_most: u16) -> Answer<Vec<QueuedEvent>> {
        self.kept.at("take").1?;
        let mut state = self.kept.state();
        let wanted = |log: Log| match of {
            RoundScope::Log(one) => log == one,
            RoundScope::AllBut(others) => !others.contains(&log),
        };
        let here = state.queue.iter().filter(|event| Shard::of(event.log) == self.shard && wanted(event.log));
        self.taken = here.take(at_most.into()).cloned().collect();
        if let Some(log) = state.busy {
            state.write(log, None);
        }
        Ok(self.taken.clone())
    }

    async fn trees(&mut self, logs: &[Log]) -> Answer<LockedTrees> {
        self.kept.at("trees").1?;
        let state = self.kept.state();
        let (held, free): (Vec<Log>, Vec<Log>) =
            logs.iter().copied().partition(|log| state.held.contains(log));
        let trees = free.into_iter().filter_map(|log| Some((log, *state.trees.get(&log)?))).collect();
        Ok(LockedTrees { trees, held })
    }

    async fn tiles(&mut self, wanted: &[(Log, TileId)]) -> Answer<BTreeMap<(Log, TileId), Tile>> {
        self.kept.at("tiles").1?;
        let state = self.kept.state();
        Ok(wanted.iter().filter_map(|id| Some((*id, state.tiles.get(id)?.clone()))).collect())
    }

    async fn finish(mut self: Box<Self>, growths: &[Growth]) -> Answer<()> {
        let (done, answer) = self.kept.at("finish");
        let mut state = self.kept.state();
        if growths.iter().any(|growth| state.refused.contains(&growth.log)) {
            return Err(StoreError::Internal("refused".into()));
        }
        self.finished = done;
        if done {
            state.queue.retain(|event| !self.taken.contains(event));
            for growth in growths {
                assert_eq!(state.trees.get(&growth.log).copied(), growth.before);
                state.trees.insert(growth.log, growth.after);
                state
                    .leaves
                    .entry(growth.log)
                    .or_default()
                    .extend(growth.leaves.iter().map(|leaf| leaf.event));
                let unoffered = growth.unoffered.iter().map(|event| event.event);
                state.unoffered.entry(growth.log).or_default().extend(unoffered);
                state.tiles.extend(growth.tiles.iter().map(|(id, tile)| ((growth.log, *id), tile.clone())));
            }
        }
        answer
    }
}
