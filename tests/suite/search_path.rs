//! Functions with rights of their own that have no search path pinned name everything in full: tables, operators and types.

use rollcall_domain::UserId;
use rollcall_tests::{Service, Team};
use serde_json::json;
use sqlx::{AssertSqlSafe, Executor};

use crate::api_keys::make;

/// A schema in front of all others, in which names mean something else: every comparison is true, and the tables are somebody's
/// who would like to know what is asked.
const TRAP: &str = "
    CREATE SCHEMA trap;
    GRANT USAGE ON SCHEMA trap TO PUBLIC;
    CREATE FUNCTION trap.yes(bytea, bytea) RETURNS boolean LANGUAGE sql AS 'SELECT true';
    CREATE FUNCTION trap.yes(uuid, uuid) RETURNS boolean LANGUAGE sql AS 'SELECT true';
    CREATE FUNCTION trap.yes(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
    CREATE FUNCTION trap.current_setting(text, boolean) RETURNS text LANGUAGE sql AS $$ SELECT 'trapped' $$;
    CREATE FUNCTION trap.none(integer, integer) RETURNS integer LANGUAGE sql AS 'SELECT 0';
    CREATE FUNCTION trap.sha256(bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT decode(repeat('00', 32), 'hex') $$;
    CREATE FUNCTION trap.uuid_send(uuid) RETURNS bytea LANGUAGE sql AS $$ SELECT decode(repeat('0f', 16), 'hex') $$;
    CREATE FUNCTION trap.get_byte(bytea, integer) RETURNS integer LANGUAGE sql AS 'SELECT 15';
    CREATE FUNCTION trap.convert_from(bytea, name) RETURNS text LANGUAGE sql AS $$ SELECT '{}' $$;
    CREATE FUNCTION trap.joined(bytea, bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT $1 $$;
    CREATE FUNCTION trap.nothing(jsonb, text) RETURNS jsonb LANGUAGE sql AS $$ SELECT '[]'::jsonb $$;
    CREATE FUNCTION trap.no_text(jsonb, text) RETURNS text LANGUAGE sql AS $$ SELECT 'trapped' $$;
    CREATE FUNCTION trap.jsonb_array_elements(jsonb) RETURNS SETOF jsonb LANGUAGE sql AS $$ SELECT '{}'::jsonb $$;
    CREATE OPERATOR trap.|| (LEFTARG = bytea, RIGHTARG = bytea, FUNCTION = trap.joined);
    CREATE OPERATOR trap.& (LEFTARG = integer, RIGHTARG = integer, FUNCTION = trap.none);
    CREATE OPERATOR trap.-> (LEFTARG = jsonb, RIGHTARG = text, FUNCTION = trap.nothing);
    CREATE OPERATOR trap.->> (LEFTARG = jsonb, RIGHTARG = text, FUNCTION = trap.no_text);
    CREATE OPERATOR trap.= (LEFTARG = bytea, RIGHTARG = bytea, FUNCTION = trap.yes);
    CREATE OPERATOR trap.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = trap.yes);
    CREATE OPERATOR trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.yes);
    CREATE OPERATOR trap.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.yes);
    CREATE OPERATOR trap.+ (LEFTARG = integer, RIGHTARG = integer, FUNCTION = trap.none);
    CREATE DOMAIN trap.uuid AS text;
    CREATE DOMAIN trap.bytea AS text;
    CREATE DOMAIN trap.jsonb AS text;
    CREATE TABLE trap.audit_queue AS SELECT * FROM public.audit_queue WITH NO DATA;
    CREATE TABLE trap.api_keys AS SELECT * FROM public.api_keys;
    CREATE TABLE trap.api_key_secrets AS SELECT * FROM public.api_key_secrets WITH NO DATA;
    CREATE FUNCTION trap.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT '1970-01-01'::timestamptz $$;
    CREATE TABLE trap.organizations AS SELECT * FROM public.organizations WITH NO DATA;
    CREATE TABLE trap.security_controls AS SELECT * FROM public.security_controls WITH NO DATA;
    CREATE TABLE trap.mfa_deadlines AS SELECT * FROM public.mfa_deadlines WITH NO DATA;
    CREATE TABLE trap.sessions AS SELECT * FROM public.sessions;
    CREATE TABLE trap.members AS SELECT * FROM public.members WITH NO DATA;
    CREATE TABLE trap.users AS SELECT * FROM public.users;
    GRANT SELECT ON ALL TABLES IN SCHEMA trap TO PUBLIC;";

#[tokio::test]
async fn a_search_path_changes_nothing_about_functions_that_name_everything_in_full() {
    let service = Service::start().await;
    let (ours, theirs) = (Team::assemble(&service, "Ours").await, Team::assemble(&service, "Theirs").await);
    for team in [&ours, &theirs] {
        make(team.owner(), json!({"name": format!("of {}", team.organization)})).await;
    }
    service.database.connect().await.execute(TRAP).await.unwrap();
    let mut connection = service.database.connect_as_service().await;
    connection.execute("SET search_path = trap, public, pg_catalog").await.unwrap();

    let (hash, email): (Vec<u8>, String) = sqlx::query_as(
        "SELECT s.token_hash, u.email FROM sessions s JOIN users u ON u.user_id = s.user_id LIMIT 1",
    )
    .fetch_one(&mut service.database.connect().await)
    .await
    .unwrap();
    for (hash, opens) in [(vec![0; 32], None), (hash, Some(email))] {
        let opened: Option<String> = sqlx::query_scalar("SELECT email FROM public.directory_session($1)")
            .bind(hash)
            .fetch_optional(&mut connection)
            .await
            .unwrap();
        assert_eq!(opened, opens);
    }

    let (hash, name): (Vec<u8>, String) = sqlx::query_as(
        "SELECT s.secret_hash, k.name FROM api_key_secrets s JOIN api_keys k ON k.key_id = s.key_id LIMIT 1",
    )
    .fetch_one(&mut service.database.connect().await)
    .await
    .unwrap();
    for (hashes, opens) in
        [(vec![], None), (vec![vec![0; 33]], None), (vec![vec![0; 33], hash], Some(name.clone()))]
    {
        let opened: Option<String> = sqlx::query_scalar("SELECT name FROM public.directory_api_key($1)")
            .bind(hashes)
            .fetch_optional(&mut connection)
            .await
            .unwrap();
        assert_eq!(opened, opens);
    }

    for team in [&ours, &theirs] {
        let organization = team.uuid();
        connection
            .execute(AssertSqlSafe(format!("BEGIN; SET LOCAL rollcall.org_id = '{organization}'")))
            .await
            .unwrap();
        let page: Vec<(String, i32)> = sqlx::query_as(
            "SELECT email, version FROM public.team_page('1970-01-01'::pg_catalog.timestamptz,
                                                         '00000000-0000-0000-0000-000000000000', 200)",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        for (role, (_, id, _)) in ours.members.iter().chain(&theirs.members) {
            let seat: Option<String> = sqlx::query_scalar("SELECT role FROM public.team_seat($1)")
                .bind(id.parse::<UserId>().unwrap().uuid())
                .fetch_optional(&mut connection)
                .await
                .unwrap();
            assert_eq!(seat.as_deref(), (team.id(role) == id).then_some(*role));
        }
        connection.execute("COMMIT").await.unwrap();
        let mut seen: Vec<&str> = page.iter().map(|(email, _)| email.as_str()).collect();
        let mut members: Vec<&str> = team.members.values().map(|(_, _, email)| email.as_str()).collect();
        seen.sort_unstable();
        members.sort_unstable();
        assert_eq!(seen, members);
        assert!(page.iter().all(|(_, version)| *version >= 2), "{page:?}");
    }
    // Where nothing was said of an organization there is no page, and no seat.
    let nothing: i64 = sqlx::query_scalar(
        "SELECT pg_catalog.count(*) FROM public.team_page('1970-01-01'::pg_catalog.timestamptz,
                                                          '00000000-0000-0000-0000-000000000000', 200)",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(nothing, 0);
    let nobody: Option<String> = sqlx::query_scalar("SELECT role FROM public.team_seat($1)")
        .bind(ours.id("owner").parse::<UserId>().unwrap().uuid())
        .fetch_optional(&mut connection)
        .await
        .unwrap();
    assert_eq!(nobody, None);

    // An event is queued as what it is: of another kind than what turns a log on or off, and of that.
    let organization = ours.uuid();
    let _held = service.database.hold_sequencing().await;
    let mut queued = Vec::new();
    for action in ["security.control_changed", "test"] {
        let leaf = r#"{"changes":[{"after":"on","before":"off","field":"audit_log"}]}"#;
        let insert = format!(
            "BEGIN; SET LOCAL rollcall.org_id = '{organization}';
             INSERT INTO public.audit_events (org_id, event_id, occurred_at, actor_kind, action, target_kind, outcome, leaf, personal)
             VALUES ('{organization}', pg_catalog.gen_random_uuid(), '2026-03-01', 'system', '{action}', 'nothing', 'success',
                     pg_catalog.convert_to('{leaf}', 'UTF8'), '{{}}');
             COMMIT"
        );
        connection.execute(AssertSqlSafe(insert)).await.unwrap();
        queued.push((leaf, action));
    }
    let rows = service
        .database
        .rows(&format!(
            "SELECT q.shard, q.turns, encode(q.leaf_hash, 'hex') AS hash, encode(sha256('\\x00' || e.leaf), 'hex') AS expected
               FROM audit_queue q JOIN audit_events e USING (org_id, event_id)
              WHERE q.org_id = '{organization}' AND e.target_kind = 'nothing' ORDER BY q.written"
        ))
        .await;
    assert_eq!(rows.len(), queued.len());
    for (row, turns) in rows.iter().zip([json!("on"), json!(null)]) {
        assert_eq!(row["shard"], organization.as_bytes()[15] & 15);
        assert_eq!(row["turns"], turns);
        assert_eq!(row["hash"], row["expected"]);
    }
}
