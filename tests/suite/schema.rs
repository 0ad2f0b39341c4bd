//! What the schema itself holds, and how it comes to be.

use rollcall_tests::{Service, Team, TestDatabase};
use serde_json::json;
use sqlx::{AssertSqlSafe, Executor};

#[tokio::test]
async fn the_database_itself_keeps_an_owner() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let organization = team.uuid();
    for statement in [
        "DELETE FROM members WHERE role = 'owner'",
        "UPDATE members SET role = 'admin' WHERE role = 'owner'",
        "DELETE FROM members",
    ] {
        let mut connection = service.database.connect_as_service().await;
        connection.execute(AssertSqlSafe(format!("SET rollcall.org_id = '{organization}'"))).await.unwrap();
        let refused = connection.execute(statement).await.unwrap_err().to_string();
        assert!(refused.contains("at least one Owner"), "{statement}: {refused}");
    }
    team.owner().get("/v1/members").await.expect(200);
}

#[tokio::test]
async fn a_service_that_could_get_around_row_level_security_does_not_start() {
    use rollcall_adapter_postgres::{ConnectError, PgStore};
    let database = TestDatabase::create_empty().await;
    // No role of the service's here yet: the migration makes it.
    let connection = rollcall_tests::connection_settings(database.url(), 1);
    rollcall_adapter_postgres::migrate(database.url()).await.unwrap();
    let entropy = std::sync::Arc::new(rollcall_server::SystemEntropy);
    PgStore::connect(&connection, entropy.clone()).await.unwrap().close().await;
    database
        .connect()
        .await
        .execute("CREATE TABLE hers (); ALTER TABLE hers OWNER TO rollcall_app")
        .await
        .unwrap();
    let refused = PgStore::connect(&connection, entropy).await.map(|_| ());
    assert!(matches!(refused, Err(ConnectError::TooPowerful)), "{refused:?}");
}

#[tokio::test]
async fn migrating_again_does_nothing_and_two_at_once_take_turns() {
    let (first, second) = (TestDatabase::create_empty().await, TestDatabase::create_empty().await);
    // Two on one database, and one on another of the same cluster, whose roles are the same.
    let migrated = futures_util::future::join_all(
        [&first, &first, &second].map(|database| rollcall_adapter_postgres::migrate(database.url())),
    );
    for result in migrated.await {
        result.unwrap();
    }
    rollcall_adapter_postgres::migrate(first.url()).await.unwrap();
    let applied = first.rows("SELECT version FROM _sqlx_migrations").await;
    let migrations =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/adapter-postgres/migrations"))
            .unwrap()
            .count();
    assert_eq!(applied.len(), migrations);
}

/// Applies the migrations whose numbers are in a range, as they stand in their files.
async fn migrate_by_hand(database: &TestDatabase, versions: std::ops::Range<u32>) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/adapter-postgres/migrations");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let number =
        |path: &std::path::Path| path.file_name().unwrap().to_str().unwrap()[..4].parse::<u32>().unwrap();
    for file in files.iter().filter(|file| versions.contains(&number(file))) {
        database.execute(&std::fs::read_to_string(file).unwrap()).await;
    }
}

#[tokio::test]
async fn witnesses_and_webhooks_survive_the_migration_to_one_table_of_subscribers() {
    let database = TestDatabase::create_empty().await;
    // Nodes look there; a migration grants it to them.
    database.execute("CREATE TABLE _sqlx_migrations (version bigint)").await;
    migrate_by_hand(&database, 0..45).await;
    let (id, when) = ("01890a5d-ac96-774b-bcce-b302099a8057", "'2026-02-01T00:00:00Z'");
    database
        .execute(&format!(
            "SET session_replication_role = replica;
             INSERT INTO organizations (org_id, name, slug, plan, created_at) VALUES ('{id}', 'Acme', 'acme', 'pro', {when});
             INSERT INTO audit_witnesses (org_id, kind, address, secret, set_at, next_at, score, misses, paused_until)
             VALUES ('{id}', 'webhook', 'https://example.com/w', 'w', {when}, {when}, -2, 1, {when});
             INSERT INTO audit_deliveries (org_id, delivery_id, kind, size, note, attempts, created_at, due_at)
             VALUES ('{id}', '{id}', 'webhook', 7, 'a note', 3, {when}, {when});
             INSERT INTO escalation_webhooks (org_id, url, secret, set_at, score) VALUES ('{id}', 'https://example.com/e', 'e', {when}, 1);
             INSERT INTO escalation_deliveries (org_id, delivery_id, action, data, state, created_at, due_at, settled_at, last_error)
             VALUES ('{id}', gen_random_uuid(), 'escalation.created', '{{\"id\": 1}}', 'failed', {when}, {when}, {when}, 'no')"
        ))
        .await;
    migrate_by_hand(&database, 45..46).await;
    let subscribers = database
        .rows(
            "SELECT topic, kind, address, encode(secret, 'escape') AS secret, score, misses, next_at = paused_until AS same
               FROM subscribers ORDER BY topic",
        )
        .await;
    assert_eq!(
        subscribers,
        [
            json!({"topic": "checkpoints", "kind": "webhook", "address": "https://example.com/w",
                   "secret": "w", "score": -2, "misses": 1, "same": true}),
            json!({"topic": "escalations", "kind": "webhook", "address": "https://example.com/e",
                   "secret": "e", "score": 1, "misses": 0, "same": null}),
        ]
    );
    let deliveries = database
        .rows("SELECT topic, action, data, state, attempts, last_error FROM deliveries ORDER BY topic")
        .await;
    let checkpoint =
        json!({"organization_id": "org_01h455vb4pex5vsknk084sn02q", "size": 7, "checkpoint": "a note"});
    assert_eq!(
        deliveries,
        [
            json!({"topic": "checkpoints", "action": "audit.checkpoint", "data": checkpoint,
                   "state": "queued", "attempts": 3, "last_error": null}),
            json!({"topic": "escalations", "action": "escalation.created", "data": {"id": 1},
                   "state": "failed", "attempts": 0, "last_error": "no"}),
        ]
    );
}

#[tokio::test]
async fn the_database_writes_ids_as_we_do() {
    let database = TestDatabase::create().await;
    let random = (0..50).map(|_| uuid::Uuid::from_u128(rollcall_tests::random()));
    for id in random.chain([uuid::Uuid::nil(), uuid::Uuid::max()]) {
        let rows = database.rows(&format!("SELECT type_id('user', '{id}') AS id")).await;
        assert_eq!(rows[0]["id"], rollcall_domain::UserId::from_uuid(id).to_string());
    }
}
