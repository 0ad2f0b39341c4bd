//! A hot standby that exports are read from.

use std::{fs::Permissions, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use rollcall_private_postgres::{Error, PrivatePostgres, Settings};
use rollcall_tests::{Caller, ManualClock, Service, TestDatabase, until};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tempfile::TempDir;

use crate::api_keys::make;

fn settings(folder: &Path, name: &str) -> Settings {
    Settings { data_dir: folder.join(name), durable: false, max_connections: 50, download: false }
}

/// A server of the test's own, and the folder that it is in; none where this machine has no PostgreSQL to start.
pub(crate) async fn primary() -> Option<(PrivatePostgres, TempDir)> {
    let open = Permissions::from_mode(0o755);
    let folder = tempfile::Builder::new().permissions(open).tempdir().unwrap();
    match PrivatePostgres::start(&settings(folder.path(), "primary")).await {
        Ok(primary) => Some((primary, folder)),
        Err(Error::NotFound { hint }) => {
            println!("LEFT OUT: {hint}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// A node that reads exports from somewhere else.
async fn node(database: &Arc<TestDatabase>, replica_url: &str) -> Service {
    let values = [("database.replica_url", replica_url)];
    Service::start_on(database.clone(), ManualClock::default(), &values).await
}

/// Makes something that is exported as of the moment when the export begins: an API key.
async fn make_key(owner: &Caller) -> Value {
    json!(make(owner, json!({})).await.0)
}

fn sorted(mut keys: Vec<Value>) -> Vec<Value> {
    keys.sort_by_key(ToString::to_string);
    keys
}

/// The API keys in an export, which must be whole.
async fn exported_keys(owner: &Caller) -> Vec<Value> {
    let export = owner.get("/v1/organization/export").await.expect(200).text;
    let lines: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.last().unwrap()["type"], "end", "{export}");
    let keys = lines.into_iter().filter(|line| line["type"] == "api_key");
    sorted(keys.map(|mut line| line["api_key"]["id"].take()).collect())
}

/// One value, as a superuser.
async fn asked<T>(url: &str, query: &str) -> T
where
    T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
{
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&mut connection).await.unwrap()
}

/// How often a server has read API keys, as far as it has told: it does so within ten seconds.
async fn reads_of_keys(url: &str) -> i64 {
    let query = "SELECT seq_scan + COALESCE(idx_scan, 0) FROM pg_stat_user_tables WHERE relname = 'api_keys'";
    asked(url, query).await
}

/// Where a server's log of changes has come to.
const POSITION: &str = "SELECT (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END - '0/0'::pg_lsn)::bigint";

#[tokio::test]
async fn exports_are_read_from_a_replica_that_has_what_is_committed_and_from_the_database_when_none_has() {
    let Some((primary, folder)) = primary().await else { return };
    let database = Arc::new(TestDatabase::create_on(&primary.url("postgres")).await);
    let replica = primary.start_replica(&settings(folder.path(), "replica")).await.unwrap();
    let replica_url = replica.url(database.name());
    let service = node(&database, &replica_url).await;
    let (owner, _) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    let mut expected = Vec::new();
    let mut made = async || {
        expected.push(make_key(&owner).await);
        sorted(expected.clone())
    };

    let first = made().await;
    let before = reads_of_keys(&replica_url).await;
    assert_eq!(exported_keys(&owner).await, first);
    until("the replica has read what was exported", async || {
        (reads_of_keys(&replica_url).await > before).then_some(())
    })
    .await;

    // One that stands still.
    let mut standing = PgConnection::connect(&replica_url).await.unwrap();
    standing.execute("SELECT pg_wal_replay_pause()").await.unwrap();
    let second = made().await;
    assert_eq!(exported_keys(&owner).await, second);
    standing.execute("SELECT pg_wal_replay_resume()").await.unwrap();

    // None at all.
    drop(standing);
    replica.stop().await.unwrap();
    let third = made().await;
    assert_eq!(exported_keys(&owner).await, third);

    drop(service);
    drop(database);
    primary.stop().await.unwrap();
}

#[tokio::test]
async fn what_follows_a_database_that_was_left_behind_or_none_is_not_read() {
    let Some((left, folder)) = primary().await else { return };
    let database = Arc::new(TestDatabase::create_on(&left.url("postgres")).await);
    let service = Service::start_on(database.clone(), ManualClock::default(), &[]).await;
    let (owner, _) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    let token = owner.token().to_owned();
    service.stop().await;
    let standby = left.start_replica(&settings(folder.path(), "standby")).await.unwrap();
    let promoted = left.start_replica(&settings(folder.path(), "promoted")).await.unwrap();
    let promoted_url = promoted.url("postgres");
    assert!(asked::<bool>(&promoted_url, "SELECT pg_promote()").await);
    // The old one goes on, and its standby with it, further than the new one has come.
    for _ in 0..3 {
        asked::<String>(&left.url("postgres"), "SELECT pg_switch_wal()::text").await;
        asked::<String>(&left.url("postgres"), "SELECT pg_current_xact_id()::text").await;
    }
    let standby_url = standby.url(database.name());
    let far = asked::<i64>(&left.url("postgres"), POSITION).await;
    until("the standby has what the old one has", async || {
        (asked::<i64>(&standby_url, POSITION).await >= far).then_some(())
    })
    .await;

    let new = Arc::new(TestDatabase::found_on(&promoted_url, database.name()));
    let service = node(&new, &standby_url).await;
    let owner = service.anonymous().with_token(&token);
    let mut expected = vec![make_key(&owner).await];
    assert!(asked::<i64>(&promoted_url, POSITION).await < far);
    assert_eq!(exported_keys(&owner).await, expected);

    service.stop().await;

    // Nor is one asked that follows nobody.
    let service = node(&new, &left.url(database.name())).await;
    let owner = service.anonymous().with_token(&token);
    expected.push(make_key(&owner).await);
    assert_eq!(exported_keys(&owner).await, sorted(expected));

    drop(service);
    drop((new, database));
    for postgres in [promoted, standby, left] {
        postgres.stop().await.unwrap();
    }
}
