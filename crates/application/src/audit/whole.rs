//! A whole log, to be checked beside the database.

use rollcall_audit_proof::{MissingNode, Plan, TILE_WIDTH, Tile, TileId, Tree};

use super::{
    Hash, Log,
    checkpoints::scope_of,
    export::{ExportEntry, LogExportPart},
    walk::{PAGE, Walk, catch_up_if_whole},
};
use crate::{Application, Error, ports::View};

/// A whole log in the form of an export, for whoever checks it beside the database. It asks nobody's permission, and gives nothing away.
pub struct WholeLog {
    app: Application,
    log: Log,
    walk: Walk,
    /// Grows over the hashes that are read, as long as they are there: its tiles are what those that are kept must be.
    tree: Option<Tree>,
    broken: Option<TileId>,
}

/// Begins to read a whole log.
///
/// # Errors
/// [`Error::AuditLogDisabled`] when it is empty and off.
pub async fn whole(app: &Application, log: Log) -> Result<WholeLog, Error> {
    catch_up_if_whole(app, log).await?;
    let walk = Walk::begin(app, log, None, None).await?;
    Ok(WholeLog { app: app.clone(), log, walk, tree: Some(Tree::default()), broken: None })
}

impl WholeLog {
    /// The next part; none after the last.
    ///
    /// # Errors
    /// Only when something is out of order, or when it [is overtaken](super::is_overtaken).
    pub async fn next(&mut self) -> Result<Option<LogExportPart>, Error> {
        let mut view = self.app.store.view(scope_of(self.log)).await?;
        let part = self.walk.read(view.as_mut()).await?;
        match &part {
            Some(LogExportPart::Begin(begin)) => self.compare_gone(view.as_mut(), begin.first).await?,
            Some(LogExportPart::Events(entries)) => {
                let hashes = entries.iter().filter_map(|entry| match entry {
                    ExportEntry::Event { index, hash, .. } => Some(hash.ok_or(tile_of(*index))),
                    ExportEntry::Checkpoint(_) => None,
                });
                self.compare(view.as_mut(), hashes.collect()).await?;
            }
            Some(LogExportPart::End(_)) | None => {}
        }
        Ok(part)
    }

    /// The first tile that is missing or does not match the leaf hashes, as far as has been read.
    pub fn broken_tile(&self) -> Option<TileId> {
        self.broken
    }

    /// Compares the tiles of events that retention has taken: the hashes of their leaves stay.
    async fn compare_gone(&mut self, view: &mut dyn View, first: u64) -> Result<(), Error> {
        let mut from = 0;
        while from < first && self.tree.is_some() {
            let to = first.min(from + PAGE);
            let leaves = Plan::leaves(from, to);
            let tiles = view.audit_tiles(self.log, &leaves.tiles()).await?;
            let hashes = leaves.hashes(&tiles).map_err(|MissingNode(tile)| tile);
            self.compare(view, hashes).await?;
            from = to;
        }
        Ok(())
    }

    /// Compares the kept tiles with those that the next leaf hashes make. A missing hash ends the comparison.
    async fn compare(&mut self, view: &mut dyn View, hashes: Result<Vec<Hash>, TileId>) -> Result<(), Error> {
        let Some(tree) = self.tree.as_mut() else { return Ok(()) };
        let changed = match hashes {
            Ok(hashes) => tree.append(hashes.into_iter()).ok(),
            Err(missing) => {
                self.broken = self.broken.or(Some(missing));
                None
            }
        };
        let Some(changed) = changed else {
            self.tree = None;
            return Ok(());
        };
        let kept = view.audit_tiles(self.log, &changed.keys().copied().collect()).await?;
        let holds = |(id, tile): &(&TileId, &Tile)| {
            kept.get(id).is_some_and(|kept| kept.hashes().starts_with(tile.hashes()))
        };
        let wrong = changed.iter().find(|tile| !holds(tile)).map(|(id, _)| *id);
        self.broken = self.broken.or(wrong);
        Ok(())
    }
}

/// The tile that has the hash of an event's leaf.
const fn tile_of(index: u64) -> TileId {
    TileId { level: 0, index: index / TILE_WIDTH as u64 }
}
