//! A schema from before with rows in it, migrated to the newest one: what was kept is what it should be.

use std::{collections::BTreeMap, path::Path};

use rollcall_adapter_postgres::migrate;
use rollcall_tests::{TestDatabase, store_at};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, migrate::Migrator};

use crate::{database_owner::database_of, replica::primary};

/// The oldest schema whose nodes are served by later ones.
const BEFORE: i64 = 48;

/// Rows as that schema has them, in the tables that later migrations change or read. Of the events in the queue the first has gone with time
/// and was told again; the second waits once more though it has a place, and has not gone; the third waits for its first.
const ROWS: &str = r#"
    SET session_replication_role = replica;
    INSERT INTO organizations (org_id, name, slug, plan, created_at)
    VALUES ('00000000-0000-7000-8000-000000000001', 'Acme', 'acme', 'pro', '2026-02-01T00:00Z');
    INSERT INTO users (user_id, email, email_key, name, password_hash, locale, time_zone, created_at)
    VALUES ('00000000-0000-7000-8000-000000000002', 'Grace@example.com', 'grace@example.com', 'Grace', 'none', 'en', 'UTC', '2026-02-01T00:00Z');
    INSERT INTO members (org_id, user_id, role, joined_at)
    VALUES ('00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002', 'owner', '2026-02-01T00:00Z');
    INSERT INTO invitations (org_id, invitation_id, email, email_key, role, state, created_at, expires_at)
    VALUES ('00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000003', 'a@b.example', 'a@b.example', 'viewer', 'pending',
            '2026-02-01T00:00Z', '2026-02-08T00:00Z');
    INSERT INTO api_keys (org_id, key_id, prefix, name, scopes, created_at, last_used_at, calls_by_day)
    VALUES ('00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000004', 'rck_0123456789ab', 'Importer', '{calls:read}',
            '2026-02-01T00:00Z', '2026-02-02T00:00Z', '{"2026-02-02": 7}');
    INSERT INTO api_key_secrets (org_id, key_id, secret_hash)
    VALUES ('00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000004', decode(repeat('01', 33), 'hex'));
    INSERT INTO idempotency_keys (caller, key, fingerprint, running_until, answer, expires_at)
    SELECT decode(repeat('02', 32), 'hex'), 'k' || n, decode(repeat('03', 32), 'hex'), '2026-02-01T00:01Z', answer, '2026-02-02T00:00Z'
      FROM (VALUES (1, NULL), (2, '\x0405'::bytea)) AS k (n, answer);
    INSERT INTO calls (org_id, call_id, external_id, direction, started_at, ended_at, metadata, made_as, created_at, version)
    SELECT '00000000-0000-7000-8000-000000000001', gen_random_uuid(), name, 'inbound', started_at, ended_at, '{"a": 1}',
           decode(repeat('06', 33), 'hex'), '2026-02-01T00:00Z', 3
      FROM (VALUES ('ancient', '0044-03-15 00:00:00+00 BC'::timestamptz, '0044-03-16 00:00:00+00 BC'::timestamptz),
                   ('going on', '0044-03-15 00:00:00+00 BC', NULL),
                   ('of today', '2026-02-01T00:00Z', '2026-02-01T00:05Z')) AS c (name, started_at, ended_at);
    INSERT INTO media_key_holders (org_id, call_id, generation, sender, user_id, permission, issued_at)
    SELECT org_id, call_id, 1, 0, '00000000-0000-7000-8000-000000000002', 'calls:join', '2026-02-01T00:00Z' FROM calls WHERE external_id = 'of today';
    INSERT INTO subscribers (org_id, topic, kind, address, set_at, next_at)
    VALUES ('00000000-0000-7000-8000-000000000001', 'checkpoints', 'mail', 'auditor@example.com', '2026-02-01T00:00Z', '2026-02-02T00:00Z');
    INSERT INTO deliveries (org_id, delivery_id, topic, action, data, created_at, due_at)
    VALUES ('00000000-0000-7000-8000-000000000001', gen_random_uuid(), 'checkpoints', 'audit.checkpoint', '{"size": 2}', '2026-02-01T00:00Z', '2026-02-01T00:00Z');
    INSERT INTO audit_events (org_id, event_id, occurred_at, actor_kind, actor_id, action, target_kind, target_id, outcome, leaf, personal)
    SELECT '00000000-0000-7000-8000-000000000001', id::uuid, '2026-02-01T00:00Z', 'user', 'user_1', action, 'user', 'user_1', 'success', '\x07',
           '{"email": {"salt": "00", "value": "Grace@example.com"}}'
      FROM (VALUES ('00000000-0000-7000-8000-0000000000e0', 'agent.told_again'),
                   ('00000000-0000-7000-8000-0000000000e1', 'member.left'),
                   ('00000000-0000-7000-8000-0000000000e2', 'account.email_changed')) AS e (id, action);
    INSERT INTO audit_queue (shard, written, org_id, event_id, occurred_at, leaf_hash)
    SELECT 1, written, org_id, event_id, occurred_at, sha256(leaf) FROM audit_events;
    INSERT INTO audit_leaves (org_id, idx, event_id, occurred_at)
    VALUES ('00000000-0000-7000-8000-000000000001', 0, '00000000-0000-7000-8000-0000000000e0', '2026-02-01T00:00Z'),
           ('00000000-0000-7000-8000-000000000001', 1, '00000000-0000-7000-8000-0000000000e1', '2026-02-01T00:00Z');
    INSERT INTO audit_trees (org_id, size, root, offered)
    VALUES ('00000000-0000-7000-8000-000000000001', 2, decode(repeat('08', 32), 'hex'), true);
    INSERT INTO audit_retention (org_id, cleared, removed) VALUES ('00000000-0000-7000-8000-000000000001', 1, 1);
    INSERT INTO audit_unoffered (org_id, event_id, occurred_at)
    VALUES ('00000000-0000-7000-8000-000000000001', gen_random_uuid(), '2026-02-01T00:00Z')"#;

/// The event that goes for good.
const GONE: &str = "00000000-0000-7000-8000-0000000000e0";

/// Every table's columns, but for those that say what there is to migrate and to purge.
async fn columns(database: &TestDatabase) -> BTreeMap<String, String> {
    let query = "SELECT c.relname::text AS name, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns
                   FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
                    AND c.relname NOT IN ('_sqlx_migrations', 'purge_order') GROUP BY c.relname";
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let rows = database.rows(query).await;
    rows.iter().map(|row| (text(&row["name"]), text(&row["columns"]))).collect()
}

/// What is in these columns of the tables that have any rows.
async fn rows(database: &TestDatabase, columns: &BTreeMap<String, String>) -> BTreeMap<String, Vec<Value>> {
    let mut rows = BTreeMap::new();
    for (table, columns) in columns {
        let mut found = database.rows(&format!("SELECT {columns} FROM {table}")).await;
        found.sort_by_key(Value::to_string);
        rows.insert(table.clone(), found);
    }
    rows.retain(|_, rows| !rows.is_empty());
    rows
}

/// Makes the schema of before, as whoever comes by the URL, fills it, and migrates it, as the same.
async fn migrate_rows_of_before(database: &TestDatabase, url: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/adapter-postgres/migrations");
    let migrator = Migrator::new(folder.as_path()).await.unwrap();
    let mut connection = PgConnection::connect(url).await.unwrap();
    migrator.run_direct(Some(BEFORE), &mut connection, false).await.unwrap();
    connection.close().await.unwrap();
    database.execute(ROWS).await;
    let columns = columns(database).await;
    let mut before = rows(database, &columns).await;
    assert_eq!(before.len(), 17, "{:?}", before.keys());

    migrate(url).await.unwrap();
    let mut after = rows(database, &columns).await;
    for table in ["audit_events", "audit_queue"] {
        let stay = before.get_mut(table).unwrap();
        stay.retain(|row| row["event_id"] != GONE);
        assert_eq!(stay.len(), 2);
    }
    // Years that nobody can write down have become the first one that can.
    let [old, new] = [&mut before, &mut after].map(|rows| rows.remove("calls").unwrap());
    let of_today = |calls: &[Value]| calls.iter().find(|call| call["external_id"] == "of today").cloned();
    assert_eq!(of_today(&new), of_today(&old));
    let first = "SELECT external_id AS name, version, started_at = '0001-01-01 00:00:00+00 BC' AS started, ended_at = '0001-01-01 00:00:00+00 BC' AS ended
                   FROM calls ORDER BY external_id";
    let expected = [
        json!({"name": "ancient", "version": 4, "started": true, "ended": true}),
        json!({"name": "going on", "version": 4, "started": true, "ended": null}),
        json!({"name": "of today", "version": 3, "started": false, "ended": false}),
    ];
    assert_eq!(database.rows(first).await, expected);
    assert_eq!(after, before);

    // What is new says of rows from before what was so.
    let keyed = "SELECT DISTINCT attempt, done, precondition FROM idempotency_keys";
    assert_eq!(database.rows(keyed).await, [json!({"attempt": 1, "done": false, "precondition": null})]);
    let chosen = "SELECT version FROM subscribers";
    assert_eq!(database.rows(chosen).await, [json!({"version": 1})]);
    let held = "SELECT session_id FROM media_key_holders";
    assert_eq!(database.rows(held).await, [json!({"session_id": null})]);
    let unforced = "SELECT relname::text AS name FROM pg_class
                     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> '_sqlx_migrations'
                       AND NOT (relrowsecurity AND relforcerowsecurity)";
    assert_eq!(database.rows(unforced).await, [Value::Null; 0]);

    // It is found by whoever may look for it.
    let mut service = database.connect_as_service().await;
    let found: (String, String) = sqlx::query_as(
        "SELECT k.name, c.email FROM directory_api_key(ARRAY[decode(repeat('01', 33), 'hex')]) k,
                directory_credentials('grace@example.com') c",
    )
    .fetch_one(&mut service)
    .await
    .unwrap();
    assert_eq!(found, ("Importer".to_owned(), "Grace@example.com".to_owned()));
}

#[tokio::test]
async fn rows_of_the_last_release_are_what_they_should_be_once_they_are_migrated() {
    let database = TestDatabase::create_empty().await;
    migrate_rows_of_before(&database, database.url()).await;
    let store = store_at(database.url(), 1).await;
    assert_eq!(store.readiness().await, Ok(()));
    store.close().await;
}

#[tokio::test]
async fn an_owner_who_is_no_superuser_migrates_rows_that_policies_hide_from_them() {
    let Some((postgres, _folder)) = primary().await else { return };
    let database = database_of("keeper", &postgres).await;
    migrate_rows_of_before(&database, &postgres.url_as("keeper", "keeper")).await;
    let store = store_at(&postgres.url_as("rollcall_app", "keeper"), 1).await;
    assert_eq!(store.readiness().await, Ok(()));
    store.close().await;
    drop(database);
    postgres.stop().await.unwrap();
}
