//! Nodes of the last release go on beside those of this one: the schema still answers what they ask.
//!
//! What they ask is kept in `last_release.json`, which `cargo xtask released` makes anew for a release. Queries are not run: the database
//! plans each of them as the service, which fails where a name, a type or a right is not what it was.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
};

use reqwest::Method;
use rollcall_tests::{Answer, Service, TestDatabase};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{
    AssertSqlSafe, Column, Connection, Either, Executor, PgConnection, Row, SqlSafeStr, Statement, TypeInfo,
};

use crate::conventions::LOSE_ANSWERS;

/// Makes the file anew, where it is set.
const KEEP: &str = "ROLLCALL_KEEP_RELEASE";

/// What nodes of a release ask of the database.
#[derive(Serialize, Deserialize)]
struct Release {
    /// The newest migration that it knows.
    schema: i64,
    /// The columns of each table.
    tables: BTreeMap<String, BTreeSet<String>>,
    /// Every query that it may send, each with the types that it sends and expects.
    queries: BTreeMap<String, Shape>,
}

/// The types of a query's parameters, and of its columns by name, as PostgreSQL calls them.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Shape {
    parameters: Vec<String>,
    columns: Vec<(String, String)>,
}

pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

impl Release {
    fn path() -> PathBuf {
        workspace().join("crates/adapter-postgres/last_release.json")
    }

    /// The last one.
    fn last() -> Self {
        serde_json::from_str(&fs::read_to_string(Self::path()).unwrap()).unwrap()
    }

    /// This version as one.
    async fn this(connection: &mut PgConnection) -> Self {
        let mut queries = BTreeMap::new();
        for file in fs::read_dir(workspace().join(".sqlx")).unwrap() {
            let file: serde_json::Value =
                serde_json::from_str(&fs::read_to_string(file.unwrap().path()).unwrap()).unwrap();
            let query = file["query"].as_str().unwrap().to_owned();
            let shape = shape(connection, &query).await.unwrap();
            queries.insert(query, shape);
        }
        let schema =
            sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(&mut *connection).await;
        Self { schema: schema.unwrap(), tables: tables(connection, "true").await, queries }
    }

    /// What would keep nodes of it from working with a database.
    async fn complaints(&self, connection: &mut PgConnection) -> Vec<String> {
        let mut complaints = Vec::new();
        for (query, expected) in &self.queries {
            match shape(connection, query).await {
                Ok(shape) if shape == *expected => {}
                Ok(shape) => {
                    complaints.push(format!("{query}\n  has become {shape:?}\n  from       {expected:?}"))
                }
                Err(error) => complaints.push(format!("{query}\n  {error}")),
            }
        }
        // They write rows that do not name columns which they do not know.
        let demanding = "a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''";
        for (table, demanded) in tables(connection, demanding).await {
            let Some(known) = self.tables.get(&table) else { continue };
            for column in demanded.difference(known) {
                complaints
                    .push(format!("{table}.{column} is new, and neither may be null nor has a default"));
            }
        }
        let oldest: i64 =
            sqlx::query_scalar("SELECT oldest_schema_served()").fetch_one(connection).await.unwrap();
        if oldest > self.schema {
            complaints.push(format!("the schema serves nobody from before migration {oldest}"));
        }
        complaints
    }
}

/// The tables' columns that a condition holds for.
async fn tables(connection: &mut PgConnection, condition: &str) -> BTreeMap<String, BTreeSet<String>> {
    let query = format!(
        "SELECT c.relname::text, array_agg(a.attname::text) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
          WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped AND {condition}
          GROUP BY c.relname"
    );
    let rows = sqlx::query(AssertSqlSafe(query)).fetch_all(connection).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get::<Vec<String>, _>(1).into_iter().collect())).collect()
}

/// Plans are made for whatever the parameters are.
pub(crate) const GENERIC: &str = "SET plan_cache_mode = force_generic_plan";

/// So many parameters.
pub(crate) fn nulls(count: usize) -> String {
    if count == 0 { String::new() } else { format!("({})", vec!["NULL"; count].join(", ")) }
}

/// What a query takes and gives, once the database has planned it for whoever is connected.
async fn shape(connection: &mut PgConnection, query: &str) -> Result<Shape, sqlx::Error> {
    let statement = (&mut *connection).prepare(AssertSqlSafe(query.to_owned()).into_sql_str()).await?;
    let parameters = match statement.parameters() {
        Some(Either::Left(types)) => types.iter().map(|of| of.name().to_owned()).collect(),
        Some(Either::Right(_)) | None => Vec::new(),
    };
    let columns = statement
        .columns()
        .iter()
        .map(|column| (column.name().to_owned(), column.type_info().name().to_owned()));
    let shape = Shape { columns: columns.collect(), parameters };
    // Rights are looked at when a plan is about to be carried out. One that is made for these very parameters would leave out what comes to
    // nothing where they are null, functions among it, and nobody's right to it would be looked at.
    let planned = format!(
        "{GENERIC}; PREPARE asked AS {query}; EXPLAIN EXECUTE asked{}",
        nulls(shape.parameters.len())
    );
    let planned = connection.execute(AssertSqlSafe(planned)).await;
    connection.execute("DEALLOCATE ALL").await?;
    planned.map(|_| shape)
}

#[tokio::test]
async fn nodes_of_the_last_release_can_go_on() {
    let database = TestDatabase::create().await;
    let mut connection = database.connect_as_service().await;
    if env::var_os(KEEP).is_some() {
        let release = serde_json::to_string_pretty(&Release::this(&mut connection).await).unwrap();
        fs::write(Release::path(), release + "\n").unwrap();
    }
    let complaints = Release::last().complaints(&mut connection).await;
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[tokio::test]
async fn what_nodes_of_the_last_release_miss_is_seen() {
    for (change, complaint) in [
        ("ALTER TABLE members RENAME COLUMN role TO part", "column \"role\" does not exist"),
        ("ALTER TABLE invitations ALTER COLUMN version TYPE numeric", "has become"),
        ("ALTER TABLE invitations ADD COLUMN greeting text NOT NULL", "invitations.greeting is new"),
        ("REVOKE UPDATE ON members FROM rollcall_app", "permission denied for table members"),
        (
            "REVOKE EXECUTE ON FUNCTION directory_owners() FROM rollcall_app",
            "permission denied for function directory_owners",
        ),
        (
            "CREATE OR REPLACE FUNCTION oldest_schema_served() RETURNS bigint LANGUAGE sql AS 'SELECT 9999::bigint'",
            "serves nobody from before",
        ),
    ] {
        let database = TestDatabase::create().await;
        database.connect().await.execute(change).await.unwrap();
        let complaints = Release::last().complaints(&mut database.connect_as_service().await).await;
        assert!(complaints.iter().any(|told| told.contains(complaint)), "{change}: {complaints:#?}");
    }
}

/// Rights that no query of the last release asks for.
const UNASKED: [&str; 6] = [
    "SELECT (created_at) ON mfa_challenges",
    "SELECT (email) ON password_resets",
    "SELECT (session_id) ON email_changes",
    "SELECT (user_id) ON mfa_challenges",
    "SELECT (user_version) ON mfa_challenges",
    "SELECT (wanted_org_id) ON mfa_challenges",
];

/// The rights that the service had when the last release was made: none of its queries asks for one that came since.
async fn rights_then(schema: i64) -> BTreeSet<String> {
    let database = TestDatabase::create_empty().await;
    let mut connection = database.connect().await;
    // As sqlx makes it, before anything else.
    let kept = "CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, description text NOT NULL, installed_on timestamptz NOT NULL DEFAULT now(),
                                               success boolean NOT NULL, checksum bytea NOT NULL, execution_time bigint NOT NULL)";
    connection.execute(kept).await.unwrap();
    let files = fs::read_dir(workspace().join("crates/adapter-postgres/migrations")).unwrap();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    for file in files {
        let number: i64 = file.file_name().unwrap().to_str().unwrap()[..4].parse().unwrap();
        if number <= schema {
            let migration = fs::read_to_string(file).unwrap();
            connection.execute(AssertSqlSafe(migration)).await.unwrap();
        }
    }
    let rights: Vec<(String, String)> = sqlx::query_as(RIGHTS).fetch_all(&mut connection).await.unwrap();
    rights.into_iter().map(|(right, _)| right).collect()
}

/// Every right of the service, as it is granted, and what it is a right to.
const RIGHTS: &str = "
    SELECT a.privilege_type || ' ON ' || c.oid::regclass AS grant, c.relname AS name
      FROM pg_class c, aclexplode(c.relacl) a
     WHERE c.relnamespace = 'public'::regnamespace AND a.grantee = 'rollcall_app'::regrole
     UNION ALL
    SELECT format('%s (%I) ON %s', a.privilege_type, t.attname, c.oid::regclass), c.relname
      FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
     WHERE c.relnamespace = 'public'::regnamespace AND a.grantee = 'rollcall_app'::regrole
     UNION ALL
    SELECT 'EXECUTE ON FUNCTION ' || p.oid::regprocedure, p.proname
      FROM pg_proc p, aclexplode(p.proacl) a
     WHERE p.pronamespace = 'public'::regnamespace AND a.grantee = 'rollcall_app'::regrole";

/// Whether any query that was kept cannot be planned: those first that name what is looked for. In the database, as there are hundreds of
/// queries for each of hundreds of rights.
const MISSED: &str = "
    CREATE TEMPORARY TABLE asked (query text, nulls text);
    GRANT SELECT ON asked TO rollcall_app;
    CREATE FUNCTION pg_temp.missed(name text) RETURNS boolean LANGUAGE plpgsql AS $$
    DECLARE
        kept record;
    BEGIN
        FOR kept IN SELECT * FROM asked ORDER BY position(name IN query) = 0 LOOP
            BEGIN
                EXECUTE 'PREPARE kept AS ' || kept.query;
                EXECUTE 'EXPLAIN EXECUTE kept' || kept.nulls;
                DEALLOCATE kept;
            EXCEPTION WHEN insufficient_privilege THEN
                DEALLOCATE kept;
                RETURN true;
            END;
        END LOOP;
        RETURN false;
    END
    $$;
    GRANT EXECUTE ON FUNCTION pg_temp.missed(text) TO rollcall_app";

#[tokio::test]
async fn whichever_right_of_the_service_is_taken_away_is_seen_if_anybody_asks_for_it() {
    let database = TestDatabase::create().await;
    let mut connection = database.connect().await;
    connection.execute(MISSED).await.unwrap();
    connection.execute(GENERIC).await.unwrap();
    let release = Release::last();
    let then = rights_then(release.schema).await;
    for (query, shape) in release.queries {
        let keep = sqlx::query("INSERT INTO asked VALUES ($1, $2)").bind(query);
        keep.bind(nulls(shape.parameters.len())).execute(&mut connection).await.unwrap();
    }
    let rights: Vec<(String, String)> = sqlx::query_as(RIGHTS).fetch_all(&mut connection).await.unwrap();
    assert!(rights.len() > UNASKED.len());
    let mut unseen = Vec::new();
    for (right, name) in rights.into_iter().filter(|(right, _)| then.contains(right)) {
        let mut transaction = connection.begin().await.unwrap();
        let revoke = format!("REVOKE {right} FROM rollcall_app; SET LOCAL ROLE rollcall_app");
        transaction.execute(AssertSqlSafe(revoke)).await.unwrap();
        let missed = sqlx::query_scalar("SELECT pg_temp.missed($1)").bind(name);
        let missed: bool = missed.fetch_one(&mut *transaction).await.unwrap();
        transaction.rollback().await.unwrap();
        if !missed {
            unseen.push(right);
        }
    }
    unseen.sort();
    assert_eq!(unseen, UNASKED);
}

/// How nodes from before migration 0051 claim a key,
const CLAIMED_BEFORE: &str = "
    INSERT INTO idempotency_keys AS k (caller, key, fingerprint, running_until, expires_at)
    VALUES ($1, $2, $3, now() + interval '1 minute', now() + interval '1 day')
        ON CONFLICT (caller, key) DO UPDATE
       SET fingerprint = excluded.fingerprint, running_until = excluded.running_until, expires_at = excluded.expires_at, answer = NULL
     WHERE k.expires_at <= now() OR (k.answer IS NULL AND k.running_until <= now())";
/// and how they give one back.
const GIVEN_BACK_BEFORE: &str =
    "DELETE FROM idempotency_keys WHERE caller = $1 AND key = $2 AND fingerprint = $3 AND answer IS NULL";

#[tokio::test]
async fn what_was_done_for_a_key_is_not_done_again_by_nodes_that_do_not_know_that_it_was() {
    let service = Service::start_by_the_database_s_clock().await;
    let (owner, _) = service.sign_up(&Service::new_address("grace"), "Acme").await;
    service.database.execute(LOSE_ANSWERS).await;
    let ask = async || {
        let request = owner.request(Method::POST, "/v1/api-keys").header("Idempotency-Key", "k");
        Answer::of(request.json(&json!({"name": "Importer", "scopes": ["calls:read"]}))).await
    };
    ask().await.expect(201);
    service.database.execute("UPDATE idempotency_keys SET running_until = now()").await;
    let mut before = service.database.connect_as_service().await;
    before.execute("SET rollcall.task = 'idempotency'").await.unwrap();
    let key: (Vec<u8>, String, Vec<u8>) =
        sqlx::query_as("SELECT caller, key, fingerprint FROM idempotency_keys")
            .fetch_one(&mut before)
            .await
            .unwrap();
    let mut asked = async |query: &'static str| {
        let (caller, key, fingerprint) = key.clone();
        let asked = sqlx::query(query).bind(caller).bind(key).bind(fingerprint).execute(&mut before).await;
        asked.unwrap().rows_affected()
    };
    assert_eq!((asked(CLAIMED_BEFORE).await, asked(GIVEN_BACK_BEFORE).await), (0, 0));
    ask().await.problem(409, "answer_gone");

    // One that is over is anybody's. Of one that has done nothing yet it is another attempt, and the one before is not the last any more.
    let attempt = async || {
        let rows = service.database.rows("SELECT done, attempt FROM idempotency_keys").await;
        (rows[0]["done"].as_bool().unwrap(), rows[0]["attempt"].as_i64().unwrap())
    };
    let says_what_it_was_meant_for = async || {
        let rows =
            service.database.rows("SELECT precondition IS NOT NULL AS says FROM idempotency_keys").await;
        rows[0]["says"].as_bool().unwrap()
    };
    assert_eq!(attempt().await, (true, 1));
    assert!(says_what_it_was_meant_for().await);
    service.database.execute("UPDATE idempotency_keys SET expires_at = now(), attempt = attempt + 1").await;
    assert_eq!(asked(CLAIMED_BEFORE).await, 1);
    assert_eq!(attempt().await, (false, 3));
    // It is another request now, of which nothing is said.
    assert!(!says_what_it_was_meant_for().await);
    service.database.execute("UPDATE idempotency_keys SET running_until = now()").await;
    assert_eq!(asked(CLAIMED_BEFORE).await, 1);
    assert_eq!(attempt().await, (false, 4));
    assert_eq!(asked(GIVEN_BACK_BEFORE).await, 1);
}
