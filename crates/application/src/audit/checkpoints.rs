//! What is kept of a log's tree for proofs, and of what was signed of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use rollcall_audit_proof::{Hash, Tile, TileId};
use rollcall_domain::{EventId, OrganizationId};
use serde_json::Value;
use time::OffsetDateTime;

use super::{KeptTree, Log};
use crate::{
    Error,
    ports::{Scope, StoreError},
};

/// A checkpoint that was given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCheckpoint {
    /// What it calls the log.
    pub origin: String,
    /// How many events there were.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
    /// The signed note.
    pub note: String,
}

/// An event at its place, as far as it is there: it may have been tampered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedEvent {
    /// Its place in the tree, from 0.
    pub index: u64,
    /// Its leaf; none when there is no such event.
    pub leaf: Option<Vec<u8>>,
    /// What identifies a person in it, by field: each value with the salt of its commitment.
    pub personal: Value,
}

/// Reads the trees of the scope's log.
#[async_trait]
pub trait TreeView {
    /// The log's tree; none when it is empty.
    async fn audit_tree(&mut self, log: Log) -> Result<Option<KeptTree>, StoreError>;

    /// Tiles of the tree. Those that are not there, or are none, are left out.
    async fn audit_tiles(
        &mut self,
        log: Log,
        wanted: &BTreeSet<TileId>,
    ) -> Result<BTreeMap<TileId, Tile>, StoreError>;

    /// The place of an event in the tree.
    async fn audit_place(&mut self, log: Log, event: EventId) -> Result<Option<u64>, StoreError>;

    /// The places of the first and the last event of a time, from `since` on and before `until`.
    async fn audit_places_between(
        &mut self,
        log: Log,
        since: Option<OffsetDateTime>,
        until: Option<OffsetDateTime>,
    ) -> Result<Option<(u64, u64)>, StoreError>;

    /// The events from `from` on and before `to`, in the order of their places, but none after those with so many bytes; and the place
    /// up to which they go. A place without an event is left out.
    async fn audit_events_between(
        &mut self,
        log: Log,
        from: u64,
        to: u64,
        most_bytes: usize,
    ) -> Result<(Vec<PlacedEvent>, u64), StoreError>;

    /// The last checkpoint that was given out: the largest, and of those of a size the one of `origin`.
    async fn audit_checkpoint_last(
        &mut self,
        log: Log,
        origin: &str,
    ) -> Result<Option<KeptCheckpoint>, StoreError>;

    /// The checkpoints of `origin` that were given out of sizes from `from` on and up to `to`, the smallest first; at most so many.
    async fn audit_checkpoints_between(
        &mut self,
        log: Log,
        origin: &str,
        from: u64,
        to: u64,
        limit: u16,
    ) -> Result<Vec<KeptCheckpoint>, StoreError>;
}

/// Signing of checkpoints. A narrow door of its own beside the units of work: it says what is there, changes nothing about it, and
/// leaves no event.
#[async_trait]
pub trait Notary: Send + Sync {
    /// Begins to sign for a log. Nobody else does until it is over.
    async fn begin(&self, log: Log) -> Result<Box<dyn Signing>, StoreError>;

    /// Every log that has a tree, or of which anything was signed.
    async fn logs(&self) -> Result<Vec<Log>, StoreError>;

    /// What the last checkpoint that was signed, of whichever log, calls that log.
    async fn last_origin(&self) -> Result<Option<String>, StoreError>;

    /// The first event of a log, by id, that is neither in its tree nor queued for it, and was not written while the log was off:
    /// somebody has removed it from the queue.
    async fn unplaced(&self, log: Log) -> Result<Option<EventId>, StoreError>;

    /// Whether an organization's purge has begun, or is over. Its log goes with the rest, piece by piece.
    async fn purge_has_begun(&self, organization: OrganizationId) -> Result<bool, StoreError>;
}

/// A checkpoint in the making. Dropped before it is kept, it never was.
#[async_trait]
pub trait Signing: Send {
    /// The last one, as [`TreeView::audit_checkpoint_last`].
    async fn last(&mut self, origin: &str) -> Result<Option<KeptCheckpoint>, StoreError>;

    /// The log's tree; none when it is empty.
    async fn tree(&mut self) -> Result<Option<KeptTree>, StoreError>;

    /// Tiles of the tree. Those that are not there, or are none, are left out.
    async fn tiles(&mut self, wanted: &BTreeSet<TileId>) -> Result<BTreeMap<TileId, Tile>, StoreError>;

    /// Keeps it.
    async fn keep(
        self: Box<Self>,
        checkpoint: &KeptCheckpoint,
        signed_at: OffsetDateTime,
    ) -> Result<(), StoreError>;
}

/// What this node signs checkpoints as. Cloning it is cheap.
#[derive(Clone)]
pub struct Checkpoints {
    pub(super) notary: Arc<dyn Notary>,
    origin: Arc<str>,
    refused: Arc<AtomicU64>,
}

impl Checkpoints {
    /// Logs are called `origin/` and the organization's id, or `origin/platform`.
    pub fn new(origin: &str, notary: Arc<dyn Notary>) -> Self {
        Self { notary, origin: origin.into(), refused: Arc::default() }
    }

    /// How often this node has refused to sign, because a log does not continue what was signed of it before.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    pub(super) fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// What checkpoints called this deployment when the last one was signed, if that was something else than now. Whoever keeps
    /// checkpoints takes another name for another log.
    ///
    /// # Errors
    /// Only when something is out of order.
    pub async fn renamed_from(&self) -> Result<Option<String>, Error> {
        let last = self.notary.last_origin().await?;
        let deployment = last.as_deref().and_then(|origin| origin.rsplit_once('/')).map(|(name, _)| name);
        Ok(deployment.filter(|name| *name != &*self.origin).map(str::to_owned))
    }

    /// Every log that has a tree, or of which anything was signed.
    ///
    /// # Errors
    /// Only when something is out of order.
    pub async fn logs(&self) -> Result<Vec<Log>, Error> {
        Ok(self.notary.logs().await?)
    }

    /// The first event that was kept from getting into a log, as [`Notary::unplaced`].
    ///
    /// # Errors
    /// Only when something is out of order.
    pub async fn unplaced(&self, log: Log) -> Result<Option<EventId>, Error> {
        Ok(self.notary.unplaced(log).await?)
    }

    /// As [`Notary::purge_has_begun`], of the organization whose log it is. The platform's own is never purged.
    ///
    /// # Errors
    /// Only when something is out of order.
    pub async fn purge_has_begun(&self, log: Log) -> Result<bool, Error> {
        match log {
            Some(organization) => Ok(self.notary.purge_has_begun(organization).await?),
            None => Ok(false),
        }
    }

    /// The origin of a log's checkpoints, which is the name of its key.
    pub(crate) fn origin_of(&self, log: Log) -> String {
        format!("{}/{}", self.origin, name_of(log))
    }
}

/// What a log's leaves call it.
pub fn name_of(log: Log) -> String {
    log.map_or_else(|| "platform".to_owned(), |organization| organization.to_string())
}

/// Where a log is read.
pub(super) fn scope_of(log: Log) -> Scope {
    log.map_or(Scope::Platform, Scope::Organization)
}
