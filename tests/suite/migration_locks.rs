//! Migrations beside whoever works with the tables that they change: nobody waits for long, and nothing stays half done.

use std::{collections::BTreeSet, time::Duration};

use rollcall_adapter_postgres::{LockWaits, MigrateError, migrate_with};
use rollcall_tests::{TestDatabase, until};
use serde_json::json;
use sqlx::{
    AssertSqlSafe, SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

/// Waits for next to nothing, again and again.
const IMPATIENT: LockWaits =
    LockWaits { timeout: Duration::from_millis(50), attempts: u32::MAX, pause: Duration::from_millis(10) };

/// What others hold.
const MAKE: &str = "CREATE TABLE held (id integer)";
/// What a migration does to it, and something beside it.
const CHANGE: &str = "CREATE TABLE beside (id integer); ALTER TABLE held ADD COLUMN more integer";
/// How an index is built while others write.
const INDEX: &str =
    "-- no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS held_by_id ON held (id)";

/// Migrations of a test's own, in their order.
fn migrations(texts: &[&str]) -> Migrator {
    let migrations = (1..).zip(texts).map(|(version, text)| {
        let sql = AssertSqlSafe((*text).to_owned()).into_sql_str();
        let no_transaction = text.starts_with("-- no-transaction");
        Migration::new(version, "a test's own".into(), MigrationType::Simple, sql, no_transaction)
    });
    Migrator::with_migrations(migrations.collect())
}

async fn migrated(database: &TestDatabase, texts: &[&str]) -> Result<(), MigrateError> {
    migrate_with(database.url(), &migrations(texts), IMPATIENT).await
}

/// What is there of what the migrations make, and which of them are noted.
async fn there(database: &TestDatabase) -> serde_json::Value {
    let mut rows = database
        .rows(
            "SELECT to_regclass('beside') IS NOT NULL AS beside,
                    EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'held'::regclass AND attname = 'more') AS more,
                    (SELECT max(version) FROM _sqlx_migrations) AS newest",
        )
        .await;
    rows.remove(0)
}

/// Whether the index is one that queries use; null where there is none.
async fn is_valid(database: &TestDatabase) -> serde_json::Value {
    let mut rows = database
        .rows(
            "SELECT (SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('held_by_id')) AS valid",
        )
        .await;
    rows.remove(0)["valid"].take()
}

#[tokio::test]
async fn whoever_reads_a_table_goes_on_while_a_migration_waits_for_it() {
    let database = TestDatabase::create_empty().await;
    migrated(&database, &[MAKE]).await.unwrap();
    let held = database.open_transaction("SELECT FROM held").await;
    let others = async {
        // Each attempt is another transaction, and has given up what it waited for before.
        let waiting = "SELECT xact_start AS began FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let mut seen = BTreeSet::new();
        until("a second attempt", async || {
            seen.extend(database.rows(waiting).await.iter().map(|row| row["began"].to_string()));
            (seen.len() > 1).then_some(())
        })
        .await;
        database.rows("SELECT id FROM held").await;
        assert_eq!(there(&database).await, json!({"beside": false, "more": false, "newest": 1}));
        held.roll_back().await;
    };
    let (done, ()) = tokio::join!(migrated(&database, &[MAKE, CHANGE]), others);
    done.unwrap();
    assert_eq!(there(&database).await, json!({"beside": true, "more": true, "newest": 2}));
}

#[tokio::test]
async fn a_migration_that_never_gets_its_lock_does_nothing_and_says_so() {
    let database = TestDatabase::create_empty().await;
    migrated(&database, &[MAKE]).await.unwrap();
    let held = database.open_transaction("SELECT FROM held").await;
    let waits = LockWaits { attempts: 3, ..IMPATIENT };
    let both = migrations(&[MAKE, CHANGE]);
    let refused = migrate_with(database.url(), &both, waits).await.unwrap_err();
    assert!(matches!(refused, MigrateError::HeldUp { migration: 2, attempts: 3, .. }), "{refused}");
    assert!(refused.to_string().contains("migration 2"), "{refused}");
    assert_eq!(there(&database).await, json!({"beside": false, "more": false, "newest": 1}));
    held.roll_back().await;
    migrate_with(database.url(), &both, waits).await.unwrap();
    assert_eq!(there(&database).await, json!({"beside": true, "more": true, "newest": 2}));
}

#[tokio::test]
async fn a_migration_is_tried_again_where_others_were_in_the_way_and_for_nothing_else() {
    let database = TestDatabase::create_empty().await;
    let waits = LockWaits { attempts: 2, ..IMPATIENT };
    for (code, others) in
        [("55P03", true), ("40P01", true), ("57014", false), ("23505", false), ("42501", false)]
    {
        let fail = format!("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$");
        let failed = migrate_with(database.url(), &migrations(&[&fail]), waits).await.unwrap_err();
        match failed {
            MigrateError::HeldUp { migration: 1, attempts: 2, .. } => assert!(others, "{code}"),
            MigrateError::Failed(_) => assert!(!others, "{code}"),
            other => panic!("{code}: {other}"),
        }
    }
}

#[tokio::test]
async fn an_index_is_built_however_long_a_writer_takes_and_whoever_waits_for_their_turn_is_in_nobody_s_way() {
    let database = TestDatabase::create_empty().await;
    migrated(&database, &[MAKE]).await.unwrap();
    let held = database.open_transaction("INSERT INTO held VALUES (1)").await;
    let others = async {
        // Waiting in a statement would be a statement that the index waits for.
        until("one that builds the index, and one that waits for its turn", async || {
            let sessions = "SELECT count(*) FILTER (WHERE query LIKE '%INDEX CONCURRENTLY%' AND wait_event_type = 'Lock') AS builds,
                                   count(*) FILTER (WHERE query LIKE '%advisory_lock%') AS waits
                              FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
            (database.rows(sessions).await == [json!({"builds": 1, "waits": 1})]).then_some(())
        })
        .await;
        held.commit().await;
    };
    let both = [MAKE, INDEX];
    let (first, second, ()) = tokio::join!(migrated(&database, &both), migrated(&database, &both), others);
    first.unwrap();
    second.unwrap();
    assert_eq!(is_valid(&database).await, true);
}

#[tokio::test]
async fn an_index_whose_build_was_broken_off_is_built_anew() {
    let database = TestDatabase::create_empty().await;
    migrated(&database, &[MAKE]).await.unwrap();
    database.execute("INSERT INTO held VALUES (1), (1)").await;
    let failed = migrated(&database, &[MAKE, INDEX]).await.unwrap_err();
    assert!(matches!(failed, MigrateError::Failed(_)), "{failed}");
    assert_eq!(is_valid(&database).await, false, "the test has left nothing that is unfinished");
    database.execute("DELETE FROM held").await;
    migrated(&database, &[MAKE, INDEX]).await.unwrap();
    assert_eq!(is_valid(&database).await, true);
}
