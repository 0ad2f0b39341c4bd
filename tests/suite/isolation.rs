//! Isolation in the database: what holds even when a query forgets to ask for one organization only.

use std::collections::BTreeSet;

use rollcall_tests::{HookServer, Service, Team, TestDatabase};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use uuid::Uuid;

use crate::catalogue::{DEFINERS, OF_ORGANIZATIONS, OTHERS, OWN_ORGANIZATION, POLICIES, RIGHTS};

/// Those of them that name everything in full instead of having their search path pinned; `search_path.rs` sees to that.
const IN_FULL: [&str; 5] =
    ["directory_api_key", "directory_session", "queue_audit_event", "team_page", "team_seat"];

async fn catalogue(database: &TestDatabase, query: &str) -> Vec<Vec<String>> {
    let rows =
        sqlx::query(AssertSqlSafe(query.to_owned())).fetch_all(&mut database.connect().await).await.unwrap();
    rows.iter()
        .map(|row| (0..row.len()).map(|n| row.get::<Option<String>, _>(n).unwrap_or_default()).collect())
        .collect()
}

#[tokio::test]
async fn every_table_has_row_level_security_that_holds_its_owner_too() {
    let database = TestDatabase::create().await;
    let tables = catalogue(
        &database,
        "SELECT relname::text, relrowsecurity::text, relforcerowsecurity::text, relowner::regrole::text FROM pg_class
          WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> '_sqlx_migrations' ORDER BY 1",
    )
    .await;
    let listed: BTreeSet<&str> = OF_ORGANIZATIONS.iter().map(|(table, _)| *table).chain(OTHERS).collect();
    let found: BTreeSet<&str> = tables.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(found, listed, "a new table goes on the list in tests/suite/catalogue.rs, with its policies");
    for row in &tables {
        assert_eq!((row[1].as_str(), row[2].as_str()), ("true", "true"), "{}", row[0]);
        assert!(
            !["rollcall_app", "rollcall_directory", "rollcall_purge"].contains(&row[3].as_str()),
            "{} has the wrong owner",
            row[0]
        );
    }
    let views = catalogue(&database, "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')").await;
    assert!(views.is_empty(), "views run with their owner's rights: {views:?}");
}

#[tokio::test]
async fn what_belongs_to_organizations_leads_with_the_organization_in_every_key() {
    let database = TestDatabase::create().await;
    let keys = catalogue(
        &database,
        "SELECT c.conrelid::regclass::text, string_agg(a.attname::text, ', ' ORDER BY k.position) FROM pg_constraint c
           CROSS JOIN LATERAL unnest(c.conkey) WITH ORDINALITY AS k(number, position)
           JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number
          WHERE c.contype = 'p' AND c.connamespace = 'public'::regnamespace GROUP BY c.oid, c.conrelid",
    )
    .await;
    for (table, columns) in OF_ORGANIZATIONS {
        assert!(
            keys.contains(&vec![table.to_owned(), columns.to_owned()]),
            "{table} has another key: {keys:?}"
        );
    }
    let foreign = catalogue(
        &database,
        "SELECT c.conrelid::regclass::text, c.confrelid::regclass::text, pg_get_constraintdef(c.oid) FROM pg_constraint c
          WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace",
    )
    .await;
    let of_organizations: Vec<&str> = OF_ORGANIZATIONS.iter().map(|(table, _)| *table).collect();
    for key in foreign.iter().filter(|key| of_organizations.contains(&key[1].as_str())) {
        assert!(key[2].starts_with("FOREIGN KEY (org_id"), "{key:?}");
    }
}

#[tokio::test]
async fn policies_are_those_on_the_list() {
    let database = TestDatabase::create().await;
    let policies = catalogue(
        &database,
        "SELECT tablename::text, policyname::text, array_to_string(roles, ','), cmd, permissive, qual, with_check FROM pg_policies
          WHERE schemaname = 'public' ORDER BY 1, 2",
    )
    .await;
    let found: Vec<_> =
        policies.iter().map(|p| (p[0].as_str(), p[1].as_str(), p[2].as_str(), p[3].as_str())).collect();
    assert_eq!(found, POLICIES, "a new policy goes on the list in tests/suite/catalogue.rs, on purpose");
    for policy in &policies {
        assert_eq!(policy[6], "", "{policy:?}: one expression for reading and writing");
        match (policy[1].as_str(), policy[2].as_str()) {
            ("own_organization", _) => assert_eq!(policy[5], OWN_ORGANIZATION, "{policy:?}"),
            (_, "rollcall_app") => assert!(policy[5].contains("current_setting('rollcall."), "{policy:?}"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn roles_have_no_rights_beyond_those_on_the_list() {
    let database = TestDatabase::create().await;
    let roles = catalogue(
        &database,
        "SELECT rolname::text, rolsuper::text, rolbypassrls::text, rolcreaterole::text, rolcreatedb::text, rolinherit::text,
                (SELECT count(*) FROM pg_auth_members WHERE member = pg_roles.oid)::text
           FROM pg_roles WHERE rolname LIKE 'rollcall_%' AND rolname <> 'rollcall_superuser' ORDER BY 1",
    )
    .await;
    let plain =
        |name: &str| [name, "false", "false", "false", "false", "true", "0"].map(str::to_owned).to_vec();
    assert_eq!(roles, [plain("rollcall_app"), plain("rollcall_directory"), plain("rollcall_purge")]);

    // Whole-table rights, and rights on columns, of the service.
    let rights = catalogue(
        &database,
        "SELECT table_name::text, string_agg(privilege_type::text, ' ' ORDER BY privilege_type::text) FROM information_schema.table_privileges
          WHERE grantee = 'rollcall_app' AND table_schema = 'public' GROUP BY 1 ORDER BY 1",
    )
    .await;
    let rights: Vec<String> = rights.iter().map(|row| row.join(": ")).collect();
    assert_eq!(rights, RIGHTS);
    let readable = catalogue(
        &database,
        "SELECT table_name::text, column_name::text FROM information_schema.column_privileges
          WHERE grantee = 'rollcall_app' AND privilege_type = 'SELECT' AND column_name IN ('password_hash', 'secret_hash', 'token_hash')",
    )
    .await;
    assert!(readable.is_empty(), "the service reads hashes only through the directory: {readable:?}");
    let public = catalogue(
        &database,
        "SELECT table_name::text, privilege_type::text FROM information_schema.table_privileges WHERE grantee = 'PUBLIC' AND table_schema = 'public'",
    )
    .await;
    assert!(public.is_empty(), "{public:?}");
    // What the standard's views do not show, whatever a version of PostgreSQL adds: MAINTAIN came with 17.
    let others = catalogue(
        &database,
        "SELECT c.relname::text, a.grantee::regrole::text, a.privilege_type FROM pg_class c, aclexplode(c.relacl) a
          WHERE c.relnamespace = 'public'::regnamespace AND a.grantee <> c.relowner
            AND a.privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')",
    )
    .await;
    assert!(others.is_empty(), "{others:?}");
    let schema = catalogue(
        &database,
        "SELECT has_schema_privilege(rolname, 'public', 'CREATE')::text FROM pg_roles
          WHERE rolname IN ('rollcall_app', 'rollcall_directory', 'rollcall_purge')",
    )
    .await;
    assert_eq!(schema, [["false"], ["false"], ["false"]]);
}

#[tokio::test]
async fn what_purges_and_retention_may_read_and_remove_is_on_this_list() {
    let database = TestDatabase::create().await;
    let rights = catalogue(
        &database,
        "SELECT table_name::text, privilege_type::text, string_agg(column_name::text, ' ' ORDER BY column_name::text)
           FROM information_schema.column_privileges WHERE grantee = 'rollcall_purge' GROUP BY 1, 2
          UNION ALL
         SELECT table_name::text, privilege_type::text, '' FROM information_schema.table_privileges WHERE grantee = 'rollcall_purge'
          ORDER BY 1, 2, 3",
    )
    .await;
    let rights: Vec<String> = rights.iter().map(|row| row.join(": ")).collect();
    let expected = [
        "api_keys: DELETE: ",
        "api_keys: SELECT: key_id org_id",
        "audit_checkpoints: DELETE: ",
        "audit_checkpoints: SELECT: org_id size",
        "audit_events: DELETE: ",
        "audit_events: SELECT: event_id org_id personal",
        "audit_events: UPDATE: personal",
        "audit_leaves: DELETE: ",
        "audit_leaves: SELECT: event_id idx occurred_at org_id",
        "audit_queue: DELETE: ",
        "audit_queue: SELECT: org_id written",
        "audit_retention: DELETE: ",
        "audit_retention: INSERT: ",
        "audit_retention: INSERT: cleared org_id removed",
        "audit_retention: SELECT: ",
        "audit_retention: SELECT: cleared org_id removed",
        "audit_retention: UPDATE: cleared removed",
        "audit_sketches: DELETE: ",
        "audit_sketches: SELECT: org_id stretch",
        "audit_sketches: UPDATE: newest oldest sketch",
        "audit_tiles: DELETE: ",
        "audit_tiles: SELECT: org_id tile",
        "audit_trees: DELETE: ",
        "audit_trees: SELECT: org_id",
        "audit_unoffered: DELETE: ",
        "audit_unoffered: SELECT: event_id occurred_at org_id",
        "availability_changes: DELETE: ",
        "availability_changes: SELECT: at org_id user_id version",
        "calls: DELETE: ",
        "calls: SELECT: call_id org_id",
        "deliveries: DELETE: ",
        "deliveries: SELECT: org_id",
        "escalation_settings: DELETE: ",
        "escalation_settings: SELECT: org_id",
        "escalations: DELETE: ",
        "escalations: SELECT: escalation_id org_id",
        "human_agents: DELETE: ",
        "human_agents: SELECT: org_id user_id",
        "invitations: DELETE: ",
        "invitations: SELECT: invitation_id org_id",
        "mails: DELETE: ",
        "mails: SELECT: mail_id org_id",
        "members: DELETE: ",
        "members: SELECT: org_id user_id",
        "mfa_deadlines: DELETE: ",
        "mfa_deadlines: SELECT: org_id user_id",
        "organization_keys: DELETE: ",
        "organization_keys: SELECT: org_id",
        "organizations: DELETE: ",
        "organizations: SELECT: deleted_at org_id purge_at purged suspended_at",
        "organizations: UPDATE: purged",
        "plan_changes: DELETE: ",
        "plan_changes: SELECT: change_id org_id",
        "purge_order: SELECT: ",
        "purge_order: SELECT: name position",
        "recordings: DELETE: ",
        "recordings: SELECT: org_id recording_id",
        "security_controls: DELETE: ",
        "security_controls: SELECT: control org_id",
        "sessions: DELETE: ",
        "sessions: SELECT: org_id session_id",
        "stream_events: DELETE: ",
        "stream_events: SELECT: org_id sequence",
        "stream_heads: DELETE: ",
        "stream_heads: SELECT: org_id",
        "subscribers: DELETE: ",
        "subscribers: SELECT: org_id",
    ];
    assert_eq!(rights, expected);
}

#[tokio::test]
async fn functions_with_rights_of_their_own_are_those_on_the_list() {
    let database = TestDatabase::create().await;
    let functions = catalogue(
        &database,
        "SELECT proname::text, proowner::regrole::text, has_function_privilege('rollcall_app', oid, 'EXECUTE')::text,
                array_to_string(proconfig, ';'), has_function_privilege('public', oid, 'EXECUTE')::text
           FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef ORDER BY 1",
    )
    .await;
    let found: Vec<_> = functions
        .iter()
        .map(|function| (function[0].as_str(), function[1].as_str(), function[2] == "true"))
        .collect();
    assert_eq!(
        found, DEFINERS,
        "a new one goes on the list in tests/suite/catalogue.rs and in ARCHITECTURE.md, on purpose"
    );
    for function in &functions {
        let pinned = function[3].starts_with("search_path=pg_catalog, public, pg_temp");
        assert_eq!(pinned, !IN_FULL.contains(&function[0].as_str()), "{function:?}");
        assert_eq!(function[4], "false", "{function:?}");
    }
}

/// Every query that could be asked without saying which organization: all columns that the service may read.
async fn readable_columns(database: &TestDatabase) -> Vec<(String, String)> {
    let rows = catalogue(
        database,
        "SELECT table_name::text, string_agg(column_name::text, ', ' ORDER BY ordinal_position) FROM information_schema.columns c
          WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'
            AND has_column_privilege('rollcall_app', format('public.%I', table_name), column_name, 'SELECT') GROUP BY 1",
    )
    .await;
    rows.into_iter().map(|row| (row[0].clone(), row[1].clone())).collect()
}

async fn rows_of(connection: &mut PgConnection, table: &str, columns: &str) -> Vec<Value> {
    let query = format!("SELECT to_jsonb(q) FROM (SELECT {columns} FROM {table}) q");
    sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(connection).await.unwrap()
}

#[tokio::test]
async fn a_query_without_its_filter_still_sees_one_organization_only() {
    let service = Service::start().await;
    let (ours, theirs) = (Team::assemble(&service, "Ours").await, Team::assemble(&service, "Theirs").await);
    service.invite(ours.owner(), &Service::new_address("x"), "viewer").await;
    service.invite(theirs.owner(), &Service::new_address("y"), "viewer").await;
    let hook = HookServer::start().await;
    for team in [&ours, &theirs] {
        crate::api_keys::make(team.owner(), serde_json::json!({})).await;
        crate::agents::choose(team.owner(), "available").await.expect(200);
        let webhook = serde_json::json!({"url": hook.base()});
        team.owner().put("/v1/escalations/webhook", webhook).await.expect(200);
        crate::escalations::escalate(team.owner(), "CA1", 5).await;
        let settings = serde_json::json!({"offer_seconds": 30});
        team.owner().put("/v1/escalations/settings", settings).await.expect(200);
        service.turn_audit_log_on(team).await;
    }
    let (our_id, their_id) = (ours.uuid(), theirs.uuid());
    let their_people: Vec<String> = theirs.members.values().map(|(_, _, email)| email.clone()).collect();
    let mut connection = service.database.connect_as_service().await;
    let mut seen = 0;
    for (table, columns) in readable_columns(&service.database).await {
        let mut transaction = connection.begin().await.unwrap();
        transaction.execute(AssertSqlSafe(format!("SET LOCAL rollcall.org_id = '{our_id}'"))).await.unwrap();
        let rows = rows_of(&mut transaction, &table, &columns).await;
        for row in &rows {
            let text = row.to_string();
            assert!(!text.contains(&their_id.to_string()), "{table}: {text}");
            assert!(!their_people.iter().any(|email| text.contains(email)), "{table}: {text}");
        }
        seen += rows.len();
        transaction.rollback().await.unwrap();
    }
    assert!(seen > 20, "the test looked at {seen} rows only");

    // Nor can anything be changed there, or moved over.
    for change in [
        format!("UPDATE members SET role = 'viewer' WHERE org_id = '{their_id}'"),
        format!("DELETE FROM members WHERE org_id = '{their_id}'"),
        format!("UPDATE organizations SET name = 'Ours' WHERE org_id = '{their_id}'"),
        format!("UPDATE invitations SET state = 'revoked', token_hash = NULL WHERE org_id = '{their_id}'"),
        format!("DELETE FROM sessions WHERE org_id = '{their_id}'"),
        format!(
            "UPDATE api_keys SET scopes = '{{calls:read}}', revoked_at = NULL WHERE org_id = '{their_id}'"
        ),
        format!("DELETE FROM api_key_secrets WHERE org_id = '{their_id}'"),
        format!("UPDATE human_agents SET chosen = 'offline' WHERE org_id = '{their_id}'"),
        format!("UPDATE escalations SET status = 'resolved' WHERE org_id = '{their_id}'"),
        format!("UPDATE escalation_settings SET automatic = true WHERE org_id = '{their_id}'"),
        format!("UPDATE subscribers SET address = 'https://example.com' WHERE org_id = '{their_id}'"),
        format!("DELETE FROM deliveries WHERE org_id = '{their_id}'"),
        format!("DELETE FROM audit_queue WHERE org_id = '{their_id}'"),
        format!("UPDATE audit_trees SET offered = false WHERE org_id = '{their_id}'"),
        format!("UPDATE audit_tiles SET hashes = hashes || hashes WHERE org_id = '{their_id}'"),
    ] {
        let mut transaction = connection.begin().await.unwrap();
        transaction.execute(AssertSqlSafe(format!("SET LOCAL rollcall.org_id = '{our_id}'"))).await.unwrap();
        let changed = transaction.execute(AssertSqlSafe(change.clone())).await.unwrap().rows_affected();
        assert_eq!(changed, 0, "{change}");
    }
    let insert = format!(
        "INSERT INTO members (org_id, user_id, role, joined_at) SELECT '{their_id}', user_id, 'owner', joined_at FROM members LIMIT 1"
    );
    let mut transaction = connection.begin().await.unwrap();
    transaction.execute(AssertSqlSafe(format!("SET LOCAL rollcall.org_id = '{our_id}'"))).await.unwrap();
    let refused = transaction.execute(AssertSqlSafe(insert)).await.unwrap_err().to_string();
    assert!(refused.contains("row-level security"), "{refused}");
}

#[tokio::test]
async fn a_connection_that_has_not_said_what_it_may_touch_sees_nothing() {
    let service = Service::start().await;
    Team::assemble(&service, "Acme").await;
    let mut connection = service.database.connect_as_service().await;
    for (table, columns) in readable_columns(&service.database).await {
        assert_eq!(rows_of(&mut connection, &table, &columns).await, [Value::Null; 0], "{table}");
    }
    // A scope ends with its transaction, however it ends; one that a statement declares itself, with the statement.
    let organization = Uuid::max();
    let begin = format!("BEGIN; SET LOCAL rollcall.org_id = '{organization}'");
    let itself = format!("SELECT set_config('rollcall.org_id', '{organization}', true)");
    for (begin, end) in [(&begin, "COMMIT"), (&begin, "ROLLBACK"), (&itself, "SELECT 1")] {
        connection.execute(AssertSqlSafe(begin.clone())).await.unwrap();
        connection.execute(end).await.unwrap();
        assert_eq!(declared(&mut connection).await, None, "{end}");
    }
}

/// The organization that a connection may touch.
pub(crate) async fn declared(connection: &mut PgConnection) -> Option<Uuid> {
    sqlx::query_scalar("SELECT NULLIF(current_setting('rollcall.org_id', true), '')::uuid")
        .fetch_one(connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn attack_32_the_audit_log_takes_no_change_whoever_asks() {
    let service = Service::start().await;
    let team = Team::assemble(&service, "Acme").await;
    let organization = team.uuid();
    let statements =
        ["UPDATE audit_events SET outcome = 'refused'", "DELETE FROM audit_events", "TRUNCATE audit_events"];
    for statement in statements {
        let mut as_service = service.database.connect_as_service().await;
        as_service.execute(AssertSqlSafe(format!("SET rollcall.org_id = '{organization}'"))).await.unwrap();
        let refused = as_service.execute(statement).await.unwrap_err().to_string();
        assert!(refused.contains("permission denied"), "{statement}: {refused}");
        // Not even the tables' owner, who could only take the trigger away first.
        let refused = service.database.connect().await.execute(statement).await.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{statement}: {refused}");
    }
}

#[tokio::test]
async fn what_identifies_a_person_can_be_erased_from_the_audit_log_and_nothing_else() {
    let service = Service::start().await;
    Team::assemble(&service, "Acme").await;
    let log = "SELECT * FROM audit_events ORDER BY written";
    let before = service.database.rows(log).await;
    let as_directory = async |statement: &str| {
        let mut connection = service.database.connect().await;
        connection.execute("SET ROLE rollcall_directory").await.unwrap();
        connection.execute(AssertSqlSafe(statement.to_owned())).await.map(|done| done.rows_affected())
    };
    for personal in [
        "'null'",
        "'[]'",
        r#"personal || '{"ip": {"value": "192.0.2.99", "salt": "00"}}'"#,
        r#"personal || '{"more": {"value": "x", "salt": "00"}}'"#,
        "personal #- '{ip,salt}'",
        "personal #- '{ip,value}'",
    ] {
        let statement = format!("UPDATE audit_events SET personal = {personal} WHERE personal ? 'ip'");
        let refused = as_directory(&statement).await.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{statement}: {refused}");
    }
    for column in ["leaf = '\\x00'", "outcome = 'refused'", "actor_id = NULL", "org_id = gen_random_uuid()"] {
        let statement = format!("UPDATE audit_events SET {column}");
        // Not even the tables' owner; the directory lacks the right besides.
        for refused in [
            as_directory(&statement).await.unwrap_err().to_string(),
            service
                .database
                .connect()
                .await
                .execute(AssertSqlSafe(statement.clone()))
                .await
                .unwrap_err()
                .to_string(),
        ] {
            assert!(
                refused.contains("append-only") || refused.contains("permission denied"),
                "{statement}: {refused}"
            );
        }
    }
    let emptied = "UPDATE audit_events SET personal = '{}'";
    let refused = service.database.connect().await.execute(emptied).await.unwrap_err().to_string();
    assert!(refused.contains("append-only"), "{refused}");
    // Without a scope there is nobody to erase.
    service.database.connect_as_service().await.execute("SELECT erase_account()").await.unwrap();
    assert_eq!(service.database.rows(log).await, before);
    let erased =
        as_directory("UPDATE audit_events SET personal = personal - 'ip' WHERE personal ? 'ip'").await;
    assert!(erased.unwrap() > 5);
}
