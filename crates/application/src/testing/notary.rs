//! A log's tree in memory, of which checkpoints are signed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
};

use async_trait::async_trait;
use rollcall_audit_proof::{Hash, Tile, TileId, Tree};
use rollcall_domain::{EventId, OrganizationId};
use time::OffsetDateTime;

use super::Answer;
use crate::audit::{KeptCheckpoint, KeptTree, Log, Notary, Signing};

#[derive(Default)]
struct State {
    tree: Option<KeptTree>,
    leaves: u64,
    tiles: BTreeMap<TileId, Tile>,
    kept: Vec<KeptCheckpoint>,
}

/// One log, whatever it is called.
#[derive(Clone, Default)]
pub(crate) struct KeptNotary(Arc<Mutex<State>>);

impl KeptNotary {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no panic")
    }

    /// Appends so many events.
    pub(crate) fn grow(&self, events: u64, leaf: impl Fn(u64) -> Hash) {
        let leaves = self.state().leaves;
        self.rewrite(leaves + events, leaf);
    }

    /// Makes it a log of so many events, whatever it was.
    pub(crate) fn rewrite(&self, events: u64, leaf: impl Fn(u64) -> Hash) {
        let mut state = self.state();
        let mut tree = Tree::default();
        let leaves: Vec<Hash> = (0..events).map(leaf).collect();
        state.tiles = tree.append(leaves.into_iter()).expect("not full");
        state.leaves = events;
        state.tree = (events > 0).then(|| KeptTree { size: events, root: tree.root(), offered: true });
    }

    pub(crate) fn change_root(&self) {
        self.state().tree.as_mut().expect("a tree").root = Hash::of_nothing();
    }

    pub(crate) fn forget_tiles(&self) {
        self.state().tiles.clear();
    }

    pub(crate) fn kept(&self) -> Vec<KeptCheckpoint> {
        self.state().kept.clone()
    }
}

#[async_trait]
impl Notary for KeptNotary {
    async fn begin(&self, _: Log) -> Answer<Box<dyn Signing>> {
        Ok(Box::new(self.clone()))
    }

    async fn logs(&self) -> Answer<Vec<Log>> {
        Ok(Vec::new())
    }

    async fn last_origin(&self) -> Answer<Option<String>> {
        Ok(self.kept().last().map(|checkpoint| checkpoint.origin.clone()))
    }

    async fn unplaced(&self, _: Log) -> Answer<Option<EventId>> {
        Ok(None)
    }

    async fn purge_has_begun(&self, _: OrganizationId) -> Answer<bool> {
        Ok(false)
    }
}

#[async_trait]
impl Signing for KeptNotary {
    async fn last(&mut self, origin: &str) -> Answer<Option<KeptCheckpoint>> {
        let kept = self.kept();
        Ok(kept.into_iter().max_by_key(|checkpoint| (checkpoint.size, checkpoint.origin == origin)))
    }

    async fn tree(&mut self) -> Answer<Option<KeptTree>> {
        Ok(self.state().tree)
    }

    async fn tiles(&mut self, wanted: &BTreeSet<TileId>) -> Answer<BTreeMap<TileId, Tile>> {
        let state = self.state();
        let wanted = wanted.iter().filter_map(|id| Some((*id, state.tiles.get(id)?.clone())));
        Ok(wanted.collect())
    }

    async fn keep(self: Box<Self>, checkpoint: &KeptCheckpoint, _: OffsetDateTime) -> Answer<()> {
        self.state().kept.push(checkpoint.clone());
        Ok(())
    }
}
