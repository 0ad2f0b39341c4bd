//! The audit logs' trees as they are read, and what was signed of them.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use rollcall_application::{
    audit::{
        Hash, KeptCheckpoint, KeptTree, Log, Notary, PlacedEvent, Shard, Signing, Tile, TileId, TreeView,
    },
    ports::StoreError,
};
use rollcall_domain::{EventId, OrganizationId};
use serde_json::Value;
use sqlx::{PgConnection, Postgres};
use time::OffsetDateTime;

use crate::{
    audit::sequencer::{id_of, log_of, signed},
    bounds::LEAST_ID,
    error::{corrupt, exactly_one, store_error},
    row::count,
    store::PgStore,
    transaction::{Transaction, TransactionPurpose, begin, begin_task, task},
};

#[async_trait]
impl TreeView for Transaction {
    async fn audit_tree(&mut self, log: Log) -> Result<Option<KeptTree>, StoreError> {
        tree(self.connection(), log).await
    }

    async fn audit_tiles(
        &mut self,
        log: Log,
        wanted: &BTreeSet<TileId>,
    ) -> Result<BTreeMap<TileId, Tile>, StoreError> {
        tiles(self.connection(), log, wanted).await
    }

    async fn audit_place(&mut self, log: Log, event: EventId) -> Result<Option<u64>, StoreError> {
        let place = sqlx::query_scalar!(
            "SELECT idx FROM audit_leaves WHERE org_id = $1 AND event_id = $2",
            id_of(log),
            event.uuid()
        );
        place.fetch_optional(self.connection()).await.map_err(store_error)?.map(count).transpose()
    }

    async fn audit_places_between(
        &mut self,
        log: Log,
        since: Option<OffsetDateTime>,
        until: Option<OffsetDateTime>,
    ) -> Result<Option<(u64, u64)>, StoreError> {
        let places = sqlx::query!(
            "SELECT min(idx) AS first, max(idx) AS last FROM audit_leaves
              WHERE org_id = $1
                AND occurred_at >= CASE WHEN $2::timestamptz IS NULL THEN '-infinity' ELSE $2 END
                AND occurred_at < CASE WHEN $3::timestamptz IS NULL THEN 'infinity' ELSE $3 END",
            id_of(log),
            since,
            until,
        );
        let places = places.fetch_one(self.connection()).await.map_err(store_error)?;
        places.first.zip(places.last).map(|(first, last)| Ok((count(first)?, count(last)?))).transpose()
    }

    async fn audit_events_between(
        &mut self,
        log: Log,
        from: u64,
        to: u64,
        most_bytes: usize,
    ) -> Result<(Vec<PlacedEvent>, u64), StoreError> {
        // How long a value is is known without reading it.
        let rows = sqlx::query!(
            r#"SELECT p.idx AS "idx!", p.leaf AS "leaf?", p.personal AS "personal?: Value", p.bytes_to AS "bytes_to!"
                 FROM (SELECT l.idx, e.leaf, b.bytes,
                              -- Nothing of those who have left, also while it is being erased.
                              CASE WHEN (SELECT erasing())
                                   THEN personal_told(e.personal, e.actor_id, e.target_id, e.occurred_at)
                                   ELSE e.personal END AS personal,
                              sum(b.bytes) OVER (ORDER BY l.idx ROWS UNBOUNDED PRECEDING) AS bytes_to
                         FROM audit_leaves l
                         LEFT JOIN LATERAL (
                                  SELECT * FROM audit_events e
                                   WHERE e.org_id = $1 AND e.event_id = l.event_id OFFSET 0) e ON true
                        CROSS JOIN LATERAL (SELECT COALESCE(octet_length(e.leaf) + pg_column_size(e.personal), 0)) b (bytes)
                        WHERE l.org_id = $1 AND l.idx >= $2 AND l.idx < $3) p
                WHERE p.bytes_to - p.bytes < $4
                ORDER BY p.idx"#,
            id_of(log),
            signed(from)?,
            signed(to)?,
            i64::try_from(most_bytes).unwrap_or(i64::MAX),
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        let full =
            rows.last().filter(|row| count::<usize>(row.bytes_to).is_ok_and(|bytes| bytes >= most_bytes));
        let up_to = full.map(|row| count::<u64>(row.idx + 1)).transpose()?.unwrap_or(to);
        let events = rows.into_iter().map(|row| {
            Ok(PlacedEvent {
                index: count(row.idx)?,
                leaf: row.leaf,
                personal: row.personal.unwrap_or_default(),
            })
        });
        Ok((events.collect::<Result<_, StoreError>>()?, up_to))
    }

    async fn audit_checkpoint_last(
        &mut self,
        log: Log,
        origin: &str,
    ) -> Result<Option<KeptCheckpoint>, StoreError> {
        last(self.connection(), log, origin).await
    }

    async fn audit_checkpoints_between(
        &mut self,
        log: Log,
        origin: &str,
        from: u64,
        to: u64,
        limit: u16,
    ) -> Result<Vec<KeptCheckpoint>, StoreError> {
        let rows = sqlx::query_as!(
            CheckpointRow,
            "SELECT origin, size, root, note FROM audit_checkpoints
              WHERE org_id = $1 AND origin = $2 AND size >= $3 AND size <= $4
              ORDER BY size
              LIMIT $5",
            id_of(log),
            origin,
            signed(from)?,
            signed(to)?,
            i64::from(limit),
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        rows.into_iter().map(KeptCheckpoint::try_from).collect()
    }
}

#[async_trait]
impl Notary for PgStore {
    async fn begin(&self, log: Log) -> Result<Box<dyn Signing>, StoreError> {
        let mut transaction = begin_task(&self.pool, task::AUDIT).await?;
        // In a statement of its own: what comes after it sees what the one before has kept.
        let lock = sqlx::query!(
            "SELECT pg_advisory_xact_lock(hashtextextended('rollcall.audit_checkpoint:' || $1::text, 0))",
            id_of(log).to_string()
        );
        lock.execute(&mut *transaction).await.map_err(store_error)?;
        Ok(Box::new(LogSigning { transaction, log }))
    }

    async fn logs(&self) -> Result<Vec<Log>, StoreError> {
        let mut transaction = begin_task(&self.pool, task::AUDIT).await?;
        // From one log to the next by the index, however many checkpoints were signed of each.
        let logs = sqlx::query_scalar!(
            r#"WITH RECURSIVE signed (org_id) AS (
                   (SELECT c.org_id FROM audit_checkpoints c ORDER BY c.org_id LIMIT 1)
                    UNION ALL
                   SELECT n.org_id FROM signed s
                    CROSS JOIN LATERAL (SELECT c.org_id FROM audit_checkpoints c
                                         WHERE c.org_id > s.org_id ORDER BY c.org_id LIMIT 1) n)
               SELECT org_id AS "org_id!" FROM audit_trees UNION SELECT org_id FROM signed ORDER BY 1"#
        );
        let logs = logs.fetch_all(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(logs.into_iter().map(log_of).collect())
    }

    async fn last_origin(&self) -> Result<Option<String>, StoreError> {
        let mut transaction = begin_task(&self.pool, task::AUDIT).await?;
        let last =
            sqlx::query_scalar!("SELECT origin FROM audit_checkpoints ORDER BY signed_at DESC LIMIT 1");
        let last = last.fetch_optional(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(last)
    }

    async fn unplaced(&self, log: Log) -> Result<Option<EventId>, StoreError> {
        let mut after = LEAST_ID;
        // In portions, each as of a moment of its own: a log has any number of events, and a statement only so much time.
        loop {
            let mut transaction =
                begin(&self.pool, TransactionPurpose::Look, Some(id_of(log)), None, task::AUDIT).await?;
            // All in one statement, as events move from the queue to the tree meanwhile. Each event of a portion is looked up by itself:
            // for a join the planner might hash whole logs.
            let portion = sqlx::query!(
                r#"WITH portion AS MATERIALIZED (
                        SELECT e.event_id, e.written FROM audit_events e
                         WHERE e.org_id = $1 AND e.event_id > $2
                         ORDER BY e.event_id LIMIT 5000)
                   SELECT (SELECT p.event_id FROM portion p ORDER BY p.event_id DESC LIMIT 1) AS "last?",
                          (SELECT p.event_id FROM portion p
                            WHERE NOT EXISTS (SELECT FROM audit_leaves l
                                               WHERE l.org_id = $1 AND l.event_id = p.event_id OFFSET 0)
                              AND NOT EXISTS (SELECT FROM audit_unoffered u
                                               WHERE u.org_id = $1 AND u.event_id = p.event_id OFFSET 0)
                              AND NOT EXISTS (SELECT FROM audit_queue q
                                               WHERE q.org_id = $1 AND q.shard = $3 AND q.written = p.written
                                                 AND q.event_id = p.event_id OFFSET 0)
                            ORDER BY p.event_id LIMIT 1) AS "unplaced?""#,
                id_of(log),
                after,
                i16::from(Shard::of(log).number()),
            );
            let portion = portion.fetch_one(&mut *transaction).await.map_err(store_error)?;
            transaction.commit().await.map_err(store_error)?;
            match (portion.unplaced, portion.last) {
                (Some(event), _) => return Ok(Some(EventId::from_uuid(event))),
                (None, Some(last)) => after = last,
                (None, None) => return Ok(None),
            }
        }
    }

    async fn purge_has_begun(&self, organization: OrganizationId) -> Result<bool, StoreError> {
        let mut transaction =
            begin(&self.pool, TransactionPurpose::Look, Some(organization.uuid()), None, "").await?;
        // Nothing is purged before its time by this clock, so being marked as purged does not count before then.
        let is_going = sqlx::query_scalar!(
            r#"SELECT COALESCE(purged IS NOT NULL AND purge_at <= now(), false) AS "is_going!" FROM organizations WHERE org_id = $1"#,
            organization.uuid(),
        );
        let is_going = is_going.fetch_optional(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(is_going != Some(false))
    }
}

/// A checkpoint in the making, of a log whose lock it holds.
struct LogSigning {
    transaction: sqlx::Transaction<'static, Postgres>,
    log: Log,
}

#[async_trait]
impl Signing for LogSigning {
    async fn last(&mut self, origin: &str) -> Result<Option<KeptCheckpoint>, StoreError> {
        last(&mut self.transaction, self.log, origin).await
    }

    async fn tree(&mut self) -> Result<Option<KeptTree>, StoreError> {
        tree(&mut self.transaction, self.log).await
    }

    async fn tiles(&mut self, wanted: &BTreeSet<TileId>) -> Result<BTreeMap<TileId, Tile>, StoreError> {
        tiles(&mut self.transaction, self.log, wanted).await
    }

    async fn keep(
        mut self: Box<Self>,
        checkpoint: &KeptCheckpoint,
        signed_at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let insert = sqlx::query!(
            "INSERT INTO audit_checkpoints (org_id, size, origin, root, note, signed_at) VALUES ($1, $2, $3, $4, $5, $6)",
            id_of(self.log),
            signed(checkpoint.size)?,
            checkpoint.origin,
            checkpoint.root.as_bytes().as_slice(),
            checkpoint.note,
            signed_at,
        );
        exactly_one(insert.execute(&mut *self.transaction).await)?;
        self.transaction.commit().await.map_err(store_error)
    }
}

async fn tree(connection: &mut PgConnection, log: Log) -> Result<Option<KeptTree>, StoreError> {
    let row = sqlx::query!("SELECT size, root, offered FROM audit_trees WHERE org_id = $1", id_of(log));
    let row = row.fetch_optional(connection).await.map_err(store_error)?;
    row.map(|row| {
        let root = Hash::try_from(row.root.as_slice()).map_err(corrupt)?;
        Ok(KeptTree { size: count(row.size)?, root, offered: row.offered })
    })
    .transpose()
}

async fn tiles(
    connection: &mut PgConnection,
    log: Log,
    wanted: &BTreeSet<TileId>,
) -> Result<BTreeMap<TileId, Tile>, StoreError> {
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let levels: Vec<i16> = wanted.iter().map(|tile| i16::from(tile.level)).collect();
    let indexes = wanted.iter().map(|tile| signed(tile.index)).collect::<Result<Vec<_>, _>>()?;
    let rows = sqlx::query!(
        "SELECT t.level, t.tile, t.hashes
           FROM unnest($2::smallint[], $3::bigint[]) AS w (level, tile)
           JOIN audit_tiles t ON t.org_id = $1 AND t.level = w.level AND t.tile = w.tile",
        id_of(log),
        &levels,
        &indexes,
    );
    let rows = rows.fetch_all(connection).await.map_err(store_error)?;
    let tiles = rows.into_iter().filter_map(|row| {
        let id = TileId { level: u8::try_from(row.level).ok()?, index: u64::try_from(row.tile).ok()? };
        Some((id, Tile::from_bytes(&row.hashes).ok()?))
    });
    Ok(tiles.collect())
}

struct CheckpointRow {
    origin: String,
    size: i64,
    root: Vec<u8>,
    note: String,
}

impl TryFrom<CheckpointRow> for KeptCheckpoint {
    type Error = StoreError;

    fn try_from(CheckpointRow { origin, size, root, note }: CheckpointRow) -> Result<Self, StoreError> {
        let root = Hash::try_from(root.as_slice()).map_err(corrupt)?;
        Ok(Self { origin, size: count(size)?, root, note })
    }
}

async fn last(
    connection: &mut PgConnection,
    log: Log,
    origin: &str,
) -> Result<Option<KeptCheckpoint>, StoreError> {
    let row = sqlx::query_as!(
        CheckpointRow,
        "SELECT origin, size, root, note FROM audit_checkpoints
          WHERE org_id = $1
          ORDER BY size DESC, origin = $2 DESC
          LIMIT 1",
        id_of(log),
        origin,
    );
    row.fetch_optional(connection).await.map_err(store_error)?.map(KeptCheckpoint::try_from).transpose()
}
