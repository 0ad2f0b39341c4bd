//! Migrations by somebody who owns the database, may make roles and is no superuser, as docs/operations.md has it. All other tests migrate as
//! a superuser, whom no policy holds.

use std::sync::Arc;

use rollcall_adapter_postgres::{MigrateError, migrate};
use rollcall_private_postgres::PrivatePostgres;
use rollcall_tests::{ManualClock, Service, Team, TestDatabase, store_at, until};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use time::Duration;

use crate::{api_keys::make, replica::primary};

/// Does one thing on a server, as a superuser.
async fn execute(postgres: &PrivatePostgres, statement: &str) {
    let mut superuser = PgConnection::connect(&postgres.url("postgres")).await.unwrap();
    superuser.execute(AssertSqlSafe(statement.to_owned())).await.unwrap();
}

/// Makes somebody who may make roles, and a database of theirs that is called as they are.
pub(crate) async fn database_of(owner: &str, postgres: &PrivatePostgres) -> Arc<TestDatabase> {
    execute(postgres, &format!("CREATE ROLE {owner} LOGIN CREATEROLE")).await;
    execute(postgres, &format!("CREATE DATABASE {owner} OWNER {owner}")).await;
    Arc::new(TestDatabase::found_on(&postgres.url("postgres"), owner))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_who_is_no_superuser_migrates_and_nodes_then_do_what_goes_across_organizations() {
    let Some((postgres, _folder)) = primary().await else { return };
    let database = database_of("keeper", &postgres).await;
    // The roles are not there yet, either.
    for _ in 0..2 {
        migrate(&postgres.url_as("keeper", "keeper")).await.unwrap();
    }
    let of_others = "SELECT relname::text AS name FROM pg_class
                      WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relowner <> 'keeper'::regrole";
    assert_eq!(database.rows(of_others).await, [Value::Null; 0]);

    let url = postgres.url_as("rollcall_app", "keeper");
    let values = [("database.url", url.as_str()), ("database.migrate_on_start", "false")];
    let service = Service::start_on(database.clone(), ManualClock::default(), &values).await;
    service.anonymous().get("/readyz").await.expect(200);
    let team = Team::assemble(&service, "Acme").await;
    let (_, secret) = make(team.owner(), json!({})).await;
    service.anonymous().with_token(&secret).get("/v1/session").await.expect(200);
    service.turn_audit_log_on(&team).await;
    team.owner().get("/v1/audit/checkpoint").await.expect(200);

    // What functions with rights of their own do: they belong to roles that the owner is a member of.
    let named = "SELECT 1 AS one FROM audit_events WHERE strpos(personal::text, 'The viewer') > 0";
    assert!(!database.rows(named).await.is_empty());
    team.caller("viewer").delete("/v1/me").await.expect(204);
    assert_eq!(database.rows(named).await, [Value::Null; 0]);
    team.owner().delete_with("/v1/organization", json!({"confirm_name": "Acme"})).await.expect(204);
    service.clock.advance(Duration::days(30));
    let purging = Service::start_on(database.clone(), service.clock.clone(), &values).await;
    until("the organization is purged", async || {
        let left = format!("SELECT 1 AS one FROM organizations WHERE org_id = '{}'", team.uuid());
        database.rows(&left).await.is_empty().then_some(())
    })
    .await;
    let events = format!("SELECT 1 AS one FROM audit_events WHERE org_id = '{}'", team.uuid());
    assert_eq!(database.rows(&events).await, [Value::Null; 0]);

    purging.stop().await;
    service.stop().await;
    drop(database);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn an_owner_who_has_not_made_the_roles_needs_the_right_to_grant_them() {
    let Some((postgres, _folder)) = primary().await else { return };
    let first = database_of("keeper", &postgres).await;
    migrate(&postgres.url_as("keeper", "keeper")).await.unwrap();

    let second = database_of("newcomer", &postgres).await;
    let url = postgres.url_as("newcomer", "newcomer");
    let version = second.rows("SELECT current_setting('server_version_num')::integer AS number").await;
    let migrated = migrate(&url).await;
    // Up to PostgreSQL 15 whoever may make roles may grant any.
    if version[0]["number"].as_i64().unwrap() >= 160_000 {
        let refused = migrated.unwrap_err();
        assert!(matches!(refused, MigrateError::Failed(_)), "{refused}");
        assert!(refused.to_string().contains("permission denied to grant role"), "{refused}");
        assert_eq!(second.rows("SELECT version FROM _sqlx_migrations").await, [Value::Null; 0]);
    } else {
        migrated.unwrap();
    }
    execute(&postgres, "GRANT rollcall_directory, rollcall_purge TO newcomer WITH ADMIN OPTION").await;
    migrate(&url).await.unwrap();
    let store = store_at(&postgres.url_as("rollcall_app", "newcomer"), 1).await;
    assert_eq!(store.readiness().await, Ok(()));
    store.close().await;

    drop((first, second));
    postgres.stop().await.unwrap();
}
