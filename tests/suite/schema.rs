//! What the schema itself holds, and how it comes to be.

use rollcall_domain::OrganizationId;
use rollcall_tests::{Service, Team, TestDatabase};
use sqlx::{AssertSqlSafe, Executor};

#[tokio::test]
async fn the_database_itself_keeps_an_owner() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let organization = team.organization.parse::<OrganizationId>().unwrap().uuid();
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
    use rollcall_adapter_postgres::{ConnectError, Connection, PgStore};
    let database = TestDatabase::create_empty().await;
    // No role of the service's here yet: the migration makes it.
    let connection = Connection {
        url: rollcall_domain::secret::Secret::new(database.url()),
        pooler_url: None,
        replica_url: None,
        max_connections: 1,
        acquire_timeout: std::time::Duration::from_secs(30),
        statement_timeout: std::time::Duration::from_secs(30),
    };
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

#[tokio::test]
async fn the_database_writes_ids_as_we_do() {
    let database = TestDatabase::create().await;
    let random = (0..50).map(|_| uuid::Uuid::from_u128(rollcall_tests::random()));
    for id in random.chain([uuid::Uuid::nil(), uuid::Uuid::max()]) {
        let rows = database.rows(&format!("SELECT type_id('user', '{id}') AS id")).await;
        assert_eq!(rows[0]["id"], rollcall_domain::UserId::from_uuid(id).to_string());
    }
}
