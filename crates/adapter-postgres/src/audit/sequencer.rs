//! The order of audit events: the queue, and the trees.
//!
//! A round is one transaction. It begins with the lock of its shard, in a statement of its own, so that the next one sees what the round
//! before has committed; and what it takes from the queue nobody else can take.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use rollcall_application::{
    audit::{
        Growth, Hash, KeptTree, LockedTrees, Log, QueueState, QueuedEvent, Round, RoundScope, Sequencer,
        Shard, Tile, TileId, Turn,
    },
    ports::{MOST_COUNTED, StoreError},
};
use rollcall_domain::{EventId, OrganizationId};
use sqlx::Postgres;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    connection::Pool,
    error::{corrupt, store_error},
    row::{count, moment},
    store::PgStore,
    transaction::{NO_ORGANIZATION, begin_task, settings, task},
};

/// Separates the shards' locks from every other advisory lock.
const LOCKS: i32 = 0x5ea1;
/// How long events gather after the first, so that many changes are one round.
const GATHER: Duration = Duration::from_millis(100);

pub(crate) fn id_of(log: Log) -> Uuid {
    log.map_or(NO_ORGANIZATION, |organization| organization.uuid())
}

pub(crate) fn log_of(id: Uuid) -> Log {
    Some(id).filter(|id| *id != NO_ORGANIZATION).map(OrganizationId::from_uuid)
}

/// Begins what asks for the queue. A plan is cached, and may be made while next to nothing waits. So an index and its order are asked for:
/// otherwise each statement might look at all that waits.
async fn begin_by_index(pool: &Pool) -> Result<sqlx::Transaction<'static, Postgres>, StoreError> {
    let task = settings(None, None, task::AUDIT);
    pool.begin("", &format!("{task}; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")).await
}

/// The database counts in signed numbers.
pub(crate) fn signed(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(corrupt)
}

#[async_trait]
impl Sequencer for PgStore {
    async fn begin(&self, shard: Shard, turn: Turn) -> Result<Option<Box<dyn Round>>, StoreError> {
        let mut transaction = begin_by_index(&self.pool).await?;
        let number = i32::from(shard.number());
        let locked = match turn {
            Turn::IfFree => {
                let lock = sqlx::query_scalar!(
                    r#"SELECT pg_try_advisory_xact_lock($1, $2) AS "locked!""#,
                    LOCKS,
                    number
                );
                lock.fetch_one(&mut *transaction).await.map_err(store_error)?
            }
            Turn::Next => {
                let lock = sqlx::query!("SELECT pg_advisory_xact_lock($1, $2)", LOCKS, number);
                lock.execute(&mut *transaction).await.map_err(store_error)?;
                true
            }
        };
        if !locked {
            transaction.rollback().await.map_err(store_error)?;
            return Ok(None);
        }
        Ok(Some(Box::new(ShardRound { transaction, shard })))
    }

    async fn newest_waiting(&self, log: Log) -> Result<Option<i64>, StoreError> {
        let mut transaction = begin_by_index(&self.pool).await?;
        // Nothing is said of the shard: by that, all that waits in it would be looked at.
        let newest = sqlx::query_scalar!(
            "SELECT written FROM audit_queue WHERE org_id = $1 ORDER BY written DESC LIMIT 1",
            id_of(log),
        );
        let newest = newest.fetch_optional(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(newest)
    }

    async fn shards_waiting(&self) -> Result<Vec<Shard>, StoreError> {
        let mut transaction = begin_by_index(&self.pool).await?;
        let waiting = sqlx::query_scalar!(
            r#"SELECT s.shard AS "shard!" FROM generate_series(0, $1::integer) AS s (shard)
                CROSS JOIN LATERAL (SELECT 1 AS one FROM audit_queue q WHERE q.shard = s.shard LIMIT 1) AS waiting"#,
            i32::from(Shard::COUNT) - 1,
        );
        let waiting = waiting.fetch_all(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(waiting.into_iter().filter_map(|shard| Shard::from_number(u8::try_from(shard).ok()?)).collect())
    }

    async fn state(&self) -> Result<QueueState, StoreError> {
        let mut transaction = begin_by_index(&self.pool).await?;
        let state = sqlx::query!(
            r#"SELECT (SELECT count(*) FROM (SELECT FROM audit_queue LIMIT $2) q) AS "queued!",
                      (SELECT min(f.occurred_at)
                         FROM generate_series(0, $1::integer) AS s (shard)
                        CROSS JOIN LATERAL (SELECT q.occurred_at FROM audit_queue q
                                             WHERE q.shard = s.shard ORDER BY q.written LIMIT 1) f) AS oldest"#,
            i32::from(Shard::COUNT) - 1,
            i64::from(MOST_COUNTED),
        );
        let state = state.fetch_one(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(QueueState { queued: count(state.queued)?, oldest: state.oldest.map(moment) })
    }

    async fn wait(&self, at_most: Duration) {
        // Time that passes is no news.
        if tokio::time::timeout(at_most, self.events_written.notified()).await.is_ok() {
            tokio::time::sleep(GATHER).await;
        }
    }

    async fn forget_unoffered(&self, before: OffsetDateTime, at_most: u32) -> Result<u64, StoreError> {
        let mut transaction = begin_task(&self.pool, task::AUDIT).await?;
        let forget = sqlx::query_scalar!(
            r#"SELECT forget_unoffered_events($1, $2) AS "forgotten!""#,
            before,
            i32::try_from(at_most).unwrap_or(i32::MAX),
        );
        let forgotten = forget.fetch_one(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        count(forgotten)
    }
}

/// A round at a shard whose lock it holds.
struct ShardRound {
    transaction: sqlx::Transaction<'static, Postgres>,
    shard: Shard,
}

#[async_trait]
impl Round for ShardRound {
    async fn take(&mut self, of: RoundScope<'_>, at_most: u16) -> Result<Vec<QueuedEvent>, StoreError> {
        let rows = match of {
            RoundScope::Log(log) => self.take_of(log, at_most).await?,
            RoundScope::AllBut([]) => self.take_all(at_most).await?,
            RoundScope::AllBut(logs) => self.take_all_but(logs, at_most).await?,
        };
        let waiting = rows.into_iter().map(QueuedEvent::try_from);
        let mut waiting = waiting.collect::<Result<Vec<_>, StoreError>>()?;
        waiting.sort_unstable_by_key(|event| event.written);
        Ok(waiting)
    }

    async fn trees(&mut self, logs: &[Log]) -> Result<LockedTrees, StoreError> {
        let ids: Vec<Uuid> = logs.iter().map(|log| id_of(*log)).collect();
        let rows = sqlx::query!(
            "SELECT org_id, size, root, offered FROM audit_trees WHERE org_id = ANY ($1)
              ORDER BY org_id FOR UPDATE SKIP LOCKED",
            &ids
        );
        let rows = rows.fetch_all(&mut *self.transaction).await.map_err(store_error)?;
        let trees = rows.into_iter().map(|row| {
            let tree = KeptTree {
                size: count(row.size)?,
                root: Hash::try_from(row.root.as_slice()).map_err(corrupt)?,
                offered: row.offered,
            };
            Ok((log_of(row.org_id), tree))
        });
        let trees = trees.collect::<Result<BTreeMap<_, _>, StoreError>>()?;
        let missing: Vec<Uuid> =
            logs.iter().copied().filter(|log| !trees.contains_key(log)).map(id_of).collect();
        if missing.is_empty() {
            return Ok(LockedTrees { trees, held: Vec::new() });
        }
        // Only the shard's sequencer adds trees. So one that is there all the same has been skipped.
        let held = sqlx::query_scalar!("SELECT org_id FROM audit_trees WHERE org_id = ANY ($1)", &missing);
        let held = held.fetch_all(&mut *self.transaction).await.map_err(store_error)?;
        Ok(LockedTrees { trees, held: held.into_iter().map(log_of).collect() })
    }

    async fn tiles(&mut self, wanted: &[(Log, TileId)]) -> Result<BTreeMap<(Log, TileId), Tile>, StoreError> {
        let logs: Vec<Uuid> = wanted.iter().map(|(log, _)| id_of(*log)).collect();
        let levels: Vec<i16> = wanted.iter().map(|(_, tile)| i16::from(tile.level)).collect();
        let tiles = wanted.iter().map(|(_, tile)| signed(tile.index)).collect::<Result<Vec<_>, _>>()?;
        let rows = sqlx::query!(
            "SELECT t.org_id, t.level, t.tile, t.hashes
               FROM unnest($1::uuid[], $2::smallint[], $3::bigint[]) AS w (org_id, level, tile)
               JOIN audit_tiles t ON t.org_id = w.org_id AND t.level = w.level AND t.tile = w.tile",
            &logs,
            &levels,
            &tiles,
        );
        let rows = rows.fetch_all(&mut *self.transaction).await.map_err(store_error)?;
        let tiles = rows.into_iter().filter_map(|row| {
            let id = TileId { level: u8::try_from(row.level).ok()?, index: u64::try_from(row.tile).ok()? };
            Some(((log_of(row.org_id), id), Tile::from_bytes(&row.hashes).ok()?))
        });
        Ok(tiles.collect())
    }

    async fn finish(mut self: Box<Self>, growths: &[Growth]) -> Result<(), StoreError> {
        self.add_leaves(growths).await?;
        self.add_unoffered(growths).await?;
        self.save_tiles(growths).await?;
        self.save_trees(growths).await?;
        self.transaction.commit().await.map_err(store_error)
    }
}

/// An event as it waits in the queue.
struct QueueRow {
    written: i64,
    org_id: Uuid,
    event_id: Uuid,
    occurred_at: OffsetDateTime,
    leaf_hash: Vec<u8>,
    turns: Option<String>,
}

impl TryFrom<QueueRow> for QueuedEvent {
    type Error = StoreError;

    fn try_from(row: QueueRow) -> Result<Self, StoreError> {
        Ok(Self {
            log: log_of(row.org_id),
            written: row.written,
            event: EventId::from_uuid(row.event_id),
            occurred_at: row.occurred_at,
            leaf_hash: Hash::try_from(row.leaf_hash.as_slice()).map_err(corrupt)?,
            turns: row.turns.map(|turns| turns == "on"),
        })
    }
}

impl ShardRound {
    async fn take_all(&mut self, at_most: u16) -> Result<Vec<QueueRow>, StoreError> {
        let take = sqlx::query_as!(
            QueueRow,
            "DELETE FROM audit_queue
              WHERE ctid = ANY (ARRAY(SELECT ctid FROM audit_queue WHERE shard = $1 ORDER BY written LIMIT $2))
             RETURNING written, org_id, event_id, occurred_at, leaf_hash, turns",
            i16::from(self.shard.number()),
            i64::from(at_most),
        );
        take.fetch_all(&mut *self.transaction).await.map_err(store_error)
    }

    async fn take_of(&mut self, log: Log, at_most: u16) -> Result<Vec<QueueRow>, StoreError> {
        // Nothing is said of the shard: by that, all that waits in it would be looked at.
        let take = sqlx::query_as!(
            QueueRow,
            "DELETE FROM audit_queue
              WHERE ctid = ANY (ARRAY(SELECT ctid FROM audit_queue WHERE org_id = $1 ORDER BY written LIMIT $2))
             RETURNING written, org_id, event_id, occurred_at, leaf_hash, turns",
            id_of(log),
            i64::from(at_most),
        );
        take.fetch_all(&mut *self.transaction).await.map_err(store_error)
    }

    async fn take_all_but(&mut self, logs: &[Log], at_most: u16) -> Result<Vec<QueueRow>, StoreError> {
        let but: Vec<Uuid> = logs.iter().map(|log| id_of(*log)).collect();
        // What waits of those logs may be millions of events, and all that waits of others has mostly been written after it. So it begins with
        // the first event of another log, which is looked for from log to log, and in the same statement: what is committed meanwhile
        // could come before it.
        let take = sqlx::query_as!(
            QueueRow,
            "WITH RECURSIVE logs (shard, org_id, written) AS (
                 (SELECT q.shard, q.org_id, q.written FROM audit_queue q ORDER BY q.org_id, q.written LIMIT 1)
                  UNION ALL
                 SELECT n.shard, n.org_id, n.written
                   FROM logs l
                  CROSS JOIN LATERAL (
                        SELECT q.shard, q.org_id, q.written FROM audit_queue q WHERE q.org_id > l.org_id
                         ORDER BY q.org_id, q.written LIMIT 1) n)
             DELETE FROM audit_queue
              WHERE ctid = ANY (ARRAY(SELECT ctid FROM audit_queue
                                       WHERE shard = $1 AND NOT org_id = ANY ($2)
                                         AND written >= (SELECT min(l.written) FROM logs l WHERE l.shard = $1 AND NOT l.org_id = ANY ($2))
                                       ORDER BY written LIMIT $3))
             RETURNING written, org_id, event_id, occurred_at, leaf_hash, turns",
            i16::from(self.shard.number()),
            &but,
            i64::from(at_most),
        );
        take.fetch_all(&mut *self.transaction).await.map_err(store_error)
    }

    async fn add_leaves(&mut self, growths: &[Growth]) -> Result<(), StoreError> {
        let (mut logs, mut places, mut events, mut times) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for growth in growths {
            for (place, leaf) in (growth.before.map_or(0, |tree| tree.size)..).zip(&growth.leaves) {
                logs.push(id_of(growth.log));
                places.push(signed(place)?);
                events.push(leaf.event.uuid());
                times.push(leaf.occurred_at);
            }
        }
        if logs.is_empty() {
            return Ok(());
        }
        let insert = sqlx::query!(
            "INSERT INTO audit_leaves (org_id, idx, event_id, occurred_at)
             SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::timestamptz[])",
            &logs,
            &places,
            &events,
            &times,
        );
        insert.execute(&mut *self.transaction).await.map_err(store_error)?;
        Ok(())
    }

    async fn add_unoffered(&mut self, growths: &[Growth]) -> Result<(), StoreError> {
        let (mut logs, mut events, mut times) = (Vec::new(), Vec::new(), Vec::new());
        for growth in growths {
            for event in &growth.unoffered {
                logs.push(id_of(growth.log));
                events.push(event.event.uuid());
                times.push(event.occurred_at);
            }
        }
        if logs.is_empty() {
            return Ok(());
        }
        let insert = sqlx::query!(
            "INSERT INTO audit_unoffered (org_id, event_id, occurred_at)
             SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[])",
            &logs,
            &events,
            &times,
        );
        insert.execute(&mut *self.transaction).await.map_err(store_error)?;
        Ok(())
    }

    async fn save_tiles(&mut self, growths: &[Growth]) -> Result<(), StoreError> {
        let (mut logs, mut levels, mut tiles, mut hashes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for growth in growths {
            for (id, tile) in &growth.tiles {
                logs.push(id_of(growth.log));
                levels.push(i16::from(id.level));
                tiles.push(signed(id.index)?);
                hashes.push(tile.to_bytes());
            }
        }
        if logs.is_empty() {
            return Ok(());
        }
        let save = sqlx::query!(
            "INSERT INTO audit_tiles (org_id, level, tile, hashes)
             SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::bigint[], $4::bytea[])
             ON CONFLICT (org_id, level, tile) DO UPDATE SET hashes = EXCLUDED.hashes",
            &logs,
            &levels,
            &tiles,
            &hashes,
        );
        save.execute(&mut *self.transaction).await.map_err(store_error)?;
        Ok(())
    }

    /// Trees that were not there are added, and those that were are the ones that were read: whatever else there is now, is refused.
    async fn save_trees(&mut self, growths: &[Growth]) -> Result<(), StoreError> {
        let (old, new): (Vec<&Growth>, Vec<&Growth>) = growths
            .iter()
            .filter(|growth| match growth.before {
                Some(before) => before != growth.after,
                // A log that is off and was never on has no tree.
                None => growth.after.size > 0 || growth.after.offered,
            })
            .partition(|growth| growth.before.is_some());
        if !new.is_empty() {
            let (logs, sizes, roots, offered) = columns(&new)?;
            let insert = sqlx::query!(
                "INSERT INTO audit_trees (org_id, size, root, offered)
                 SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::boolean[])",
                &logs,
                &sizes,
                &roots,
                &offered,
            );
            insert.execute(&mut *self.transaction).await.map_err(store_error)?;
        }
        if !old.is_empty() {
            let (logs, sizes, roots, offered) = columns(&old)?;
            let update = sqlx::query!(
                "UPDATE audit_trees t SET size = n.size, root = n.root, offered = n.offered
                   FROM unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::boolean[]) AS n (org_id, size, root, offered)
                  WHERE t.org_id = n.org_id",
                &logs,
                &sizes,
                &roots,
                &offered,
            );
            let updated = update.execute(&mut *self.transaction).await.map_err(store_error)?.rows_affected();
            if usize::try_from(updated) != Ok(logs.len()) {
                return Err(corrupt(format!("{updated} trees changed instead of {}", logs.len())));
            }
        }
        Ok(())
    }
}

type Columns = (Vec<Uuid>, Vec<i64>, Vec<Vec<u8>>, Vec<bool>);

fn columns(growths: &[&Growth]) -> Result<Columns, StoreError> {
    let (mut logs, mut sizes, mut roots, mut offered) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for Growth { log, after, .. } in growths {
        logs.push(id_of(*log));
        sizes.push(signed(after.size)?);
        roots.push(after.root.as_bytes().to_vec());
        offered.push(after.offered);
    }
    Ok((logs, sizes, roots, offered))
}
