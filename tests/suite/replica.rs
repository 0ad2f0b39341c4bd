//! A hot standby that exports are read from.

use std::{fs::Permissions, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use rollcall_private_postgres::{Error, PrivatePostgres, Settings};
use rollcall_tests::{Caller, ManualClock, Service, TestDatabase};
use serde_json::{Value, json};
use sqlx::{Connection, Executor, PgConnection};

fn settings(folder: &Path, name: &str) -> Settings {
    Settings { data_dir: folder.join(name), durable: false, max_connections: 50, download: false }
}

/// The invited addresses in an export, which must be whole.
async fn exported_invitations(owner: &Caller) -> Vec<Value> {
    let export = owner.get("/v1/organization/export").await.expect(200).text;
    let lines: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.last().unwrap()["type"], "end", "{export}");
    let invitations = lines.into_iter().filter(|line| line["type"] == "invitation");
    invitations.map(|mut line| line["invitation"]["email"].take()).collect()
}

/// How many connections are there for exports.
async fn connections_for_exports(url: &str) -> i64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'rollcall exports'";
    sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap()
}

#[tokio::test]
async fn exports_are_read_from_a_replica_that_has_what_is_committed_and_from_the_database_when_none_has() {
    let open = Permissions::from_mode(0o755);
    let folder = tempfile::Builder::new().permissions(open).tempdir().unwrap();
    let primary = match PrivatePostgres::start(&settings(folder.path(), "primary")).await {
        Ok(primary) => primary,
        Err(Error::NotFound { hint }) => return println!("LEFT OUT: {hint}"),
        Err(error) => panic!("{error}"),
    };
    let database = Arc::new(TestDatabase::create_on(&primary.url("postgres")).await);
    let replica = primary.start_replica(&settings(folder.path(), "replica")).await.unwrap();
    let replica_url = replica.url(database.name());
    let values = [("database.replica_url", replica_url.as_str())];
    let service = Service::start_on(database.clone(), ManualClock::default(), &values).await;
    let (owner, _) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    let mut expected = Vec::new();
    let mut invite = async || {
        let email = Service::new_address("new");
        owner.post("/v1/invitations", json!({"email": email, "role": "viewer"})).await.expect(201);
        expected.push(json!(email));
        expected.clone()
    };
    let sorted = |mut addresses: Vec<Value>| {
        addresses.sort_by_key(ToString::to_string);
        addresses
    };

    let invited = invite().await;
    assert_eq!(sorted(exported_invitations(&owner).await), sorted(invited));
    assert!(connections_for_exports(&replica_url).await > 0, "the replica has not been asked");
    assert_eq!(connections_for_exports(database.url()).await, 0);

    // One that stands still.
    let mut standing = PgConnection::connect(&replica_url).await.unwrap();
    standing.execute("SELECT pg_wal_replay_pause()").await.unwrap();
    let invited = invite().await;
    assert_eq!(sorted(exported_invitations(&owner).await), sorted(invited));
    standing.execute("SELECT pg_wal_replay_resume()").await.unwrap();

    // None at all.
    drop(standing);
    replica.stop().await.unwrap();
    let invited = invite().await;
    assert_eq!(sorted(exported_invitations(&owner).await), sorted(invited));

    drop(service);
    drop(database);
    primary.stop().await.unwrap();
}
