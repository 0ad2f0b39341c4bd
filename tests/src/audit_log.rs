//! Audit logs, behind the scenes.

use std::collections::BTreeMap;

use rollcall_audit_proof::{Change, Hash, Leaf, Reference, Tile, TileId, Tree, VERSION};
use rollcall_domain::{EventId, OrganizationId};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use uuid::Uuid;

use crate::{TestDatabase, until};

/// What the shards' locks have in common.
const LOCKS: i32 = 0x5ea1;

impl TestDatabase {
    /// Keeps every node from giving events their places, for as long as the connection is there.
    pub async fn hold_sequencing(&self) -> PgConnection {
        let mut connection = self.connect().await;
        let lock =
            format!("SELECT pg_advisory_lock({LOCKS}, shard) FROM generate_series(0, 15) AS s (shard)");
        connection.execute(AssertSqlSafe(lock)).await.unwrap();
        connection
    }

    /// Waits until every event has its place.
    pub async fn all_sequenced(&self) {
        until("an empty queue of audit events", async || {
            self.rows("SELECT 1 AS one FROM audit_queue LIMIT 1").await.is_empty().then_some(())
        })
        .await;
    }

    /// Takes the first events out of a log as retention does when their time is over. They are gone only with a `COMMIT` on the
    /// connection.
    pub async fn begin_retention(&self, log: Uuid, events: u32) -> PgConnection {
        let mut connection = self.connect().await;
        let retain = format!(
            "BEGIN;
             SET LOCAL session_replication_role = replica;
             UPDATE audit_leaves SET occurred_at = '2000-01-01' WHERE org_id = '{log}' AND idx < {events};
             SET LOCAL session_replication_role = origin;
             SET LOCAL rollcall.task = 'audit_retention';
             SELECT retain_audit_events('{log}', '2001-01-01', '2001-01-01', {events})"
        );
        connection.execute(AssertSqlSafe(retain)).await.unwrap();
        connection
    }

    /// Writes events into a log, in one transaction.
    pub async fn write_events(&self, log: Uuid, count: u32) {
        let write = format!(
            r#"INSERT INTO audit_events (org_id, event_id, occurred_at, actor_kind, action, target_kind, outcome, leaf, personal)
             SELECT '{log}', id, '2026-03-01T00:00Z', 'system', 'test', 'nothing', 'success',
                    convert_to('{{"action":"test","actor":{{"id":null,"kind":"system"}},"at":"2026-03-01T00:00:00.000000Z","changes":[],"id":"'
                               || type_id('evt', id) || '","log":"' || type_id('org', '{log}')
                               || '","outcome":"success","personal":{{}},"request_id":null,"session":null,"target":{{"id":null,"kind":"nothing"}},"v":1}}',
                               'UTF8'), '{{}}'
               FROM (SELECT gen_random_uuid() FROM generate_series(1, {count})) AS ids (id)"#
        );
        self.execute(&write).await;
    }

    /// Writes the event that turns a log on, or off.
    pub async fn write_switch(&self, log: Uuid, on: bool) {
        let (before, after) = if on { ("off", "on") } else { ("on", "off") };
        let event = EventId::from_uuid(Uuid::from_u128(crate::random()));
        let (id, log_id) = (event.to_string(), OrganizationId::from_uuid(log).to_string());
        let leaf = Leaf {
            action: "security.control_changed",
            actor: Reference { id: None, kind: "system" },
            at: "2026-03-01T00:00:00.000000Z",
            changes: vec![Change { after: Some(after), before: Some(before), field: "audit_log" }],
            id: &id,
            log: if log.is_nil() { "platform" } else { &log_id },
            outcome: "success",
            personal: BTreeMap::new(),
            request_id: None,
            session: None,
            target: Reference { id: None, kind: "nothing" },
            v: VERSION,
        };
        let leaf = String::from_utf8(leaf.encode().unwrap()).unwrap();
        let write = format!(
            "INSERT INTO audit_events (org_id, event_id, occurred_at, actor_kind, action, target_kind, outcome, leaf, personal)
             VALUES ('{log}', '{}', '2026-03-01T00:00Z', 'system', 'security.control_changed', 'nothing', 'success',
                     convert_to('{leaf}', 'UTF8'), '{{}}')",
            event.uuid()
        );
        self.execute(&write).await;
    }

    /// The events in a log's tree, in order. Every leaf, tile and size has been computed anew from the events, and is what it should be.
    pub async fn whole_log(&self, log: Uuid) -> Vec<Uuid> {
        let mut connection = self.connect().await;
        let mut transaction = connection.begin().await.unwrap();
        transaction.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").await.unwrap();
        let leaves: Vec<(i64, Uuid, Vec<u8>)> = sqlx::query_as(
            "SELECT l.idx, l.event_id, e.leaf FROM audit_leaves l JOIN audit_events e USING (org_id, event_id)
              WHERE l.org_id = $1 ORDER BY l.idx",
        )
        .bind(log)
        .fetch_all(&mut *transaction)
        .await
        .unwrap();
        for (expected, (place, ..)) in (0..).zip(&leaves) {
            assert_eq!(*place, expected, "a gap in {log}");
        }
        let kept: Option<(i64, Vec<u8>)> =
            sqlx::query_as("SELECT size, root FROM audit_trees WHERE org_id = $1")
                .bind(log)
                .fetch_optional(&mut *transaction)
                .await
                .unwrap();
        let mut tree = Tree::default();
        let tiles = tree.append(leaves.iter().map(|(.., leaf)| Hash::of_leaf(leaf))).unwrap();
        let (size, root) = kept.unwrap_or((0, Hash::of_nothing().as_bytes().to_vec()));
        assert_eq!(
            (size as u64, root.as_slice()),
            (tree.size(), tree.root().as_bytes().as_slice()),
            "of {log}"
        );
        let kept: Vec<(i16, i64, Vec<u8>)> =
            sqlx::query_as("SELECT level, tile, hashes FROM audit_tiles WHERE org_id = $1")
                .bind(log)
                .fetch_all(&mut *transaction)
                .await
                .unwrap();
        let kept: BTreeMap<TileId, Tile> = kept
            .into_iter()
            .map(|(level, index, hashes)| {
                (TileId { level: level as u8, index: index as u64 }, Tile::from_bytes(&hashes).unwrap())
            })
            .collect();
        assert!(kept == tiles, "the tiles of {log} are {:?} instead of {:?}", kept.keys(), tiles.keys());
        transaction.rollback().await.unwrap();
        leaves.into_iter().map(|(_, event, _)| event).collect()
    }
}
