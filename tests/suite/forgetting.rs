//! What has run out is forgotten in portions, whatever it is.

use std::sync::Arc;

use rollcall_tests::{ManualClock, Service, TestDatabase, until};

/// Tables of which much is to be forgotten, with how many rows are left of each.
const FORGOTTEN: [(&str, i64); 10] = [
    ("idempotency_keys", 2),
    ("attempts", 4),
    ("sessions", 2),
    ("signups", 2),
    ("password_resets", 2),
    ("email_changes", 2),
    ("mfa_challenges", 2),
    ("passkey_ceremonies", 2),
    ("stream_events", 3),
    ("revocations", 2),
];

/// Notes how many rows each statement deletes from a table.
fn counted(table: &str) -> String {
    format!(
        "CREATE TRIGGER counted AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone
             FOR EACH STATEMENT EXECUTE FUNCTION count_portion();"
    )
}

/// Where it is noted.
const COUNTED: &str = "
    CREATE TABLE portions (of_table text NOT NULL, rows bigint NOT NULL);
    CREATE FUNCTION count_portion() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
        'BEGIN INSERT INTO portions SELECT TG_TABLE_NAME, count(*) FROM gone HAVING count(*) > 0; RETURN NULL; END';";

/// 5,003 rows of each whose time is up, and two whose time is not.
const FULL: &str = "
    CREATE TEMPORARY TABLE over AS
    SELECT n, sha256(n::text::bytea) AS hash, n::text AS name, md5(n::text)::uuid AS id,
           CASE WHEN n > 5003 THEN timestamptz '2026-05-01' ELSE '2026-01-02' END AS at
      FROM generate_series(1, 5005) n;
    INSERT INTO users (user_id, email, email_key, name, password_hash, locale, time_zone, created_at)
    SELECT id, name, name, name, '-', 'en', 'UTC', '2025-01-01' FROM over WHERE n = 1;
    INSERT INTO idempotency_keys (caller, key, fingerprint, running_until, expires_at)
    SELECT sha256('x'), name, sha256('x'), '2026-01-01', at FROM over;
    -- Of each kind: accounts, devices and whatever else. The last two devices are still known.
    INSERT INTO attempts (key, of_account, whole_at, known_until)
    SELECT sha256((kind || n)::bytea), kind = 'account', '2025-01-01', CASE kind WHEN 'device' THEN at END
      FROM over, (VALUES ('account'), ('device'), ('other')) k (kind) WHERE n <= 5003 OR kind = 'device';
    -- Whoever guesses at an account is remembered for longer than a network, and both for a while.
    INSERT INTO attempts (key, of_account, whole_at)
    VALUES (sha256('account'), true, '2025-12-01'), (sha256('network'), false, '2025-12-01'), (sha256('today'), false, '2026-03-01');
    INSERT INTO sessions (session_id, token_hash, user_id, authenticated_at, created_at, last_seen_at, expires_at)
    SELECT id, hash, md5('1')::uuid, '2025-01-01', '2025-01-01', '2025-01-01', at FROM over;
    INSERT INTO signups (signup_id, email, email_key, name, organization_name, created_at, expires_at)
    SELECT id, name, name, name, name, '2025-01-01', at FROM over;
    INSERT INTO password_resets (reset_id, email, email_key, created_at, expires_at)
    SELECT id, name, name, '2025-01-01', at FROM over;
    INSERT INTO email_changes (change_id, user_id, session_id, email, email_key, open, created_at, expires_at)
    SELECT id, md5('1')::uuid, id, name, name, false, '2025-01-01', at FROM over;
    INSERT INTO mfa_challenges (challenge_id, token_hash, user_id, user_version, created_at, expires_at)
    SELECT id, hash, md5('1')::uuid, 1, '2025-01-01', at FROM over;
    INSERT INTO passkey_ceremonies (challenge_hash, purpose, state, expires_at) SELECT hash, 'sign_in', '', at FROM over;
    INSERT INTO revocations (kind, session_id, user_id, position, published_at)
    SELECT 'session.ended', id, md5('1')::uuid, n, at FROM over;
    -- The last that an organization was told stays, however old it is.
    INSERT INTO stream_heads VALUES (md5('many')::uuid, 5005), (md5('one')::uuid, 1);
    INSERT INTO stream_events (org_id, sequence, event_id, action, permission, data, occurred_at)
    SELECT md5('many')::uuid, n, id, 'call.created', 'calls:read', '{}'::jsonb, at FROM over
     UNION ALL
    SELECT md5('one')::uuid, n, id, 'call.created', 'calls:read', '{}'::jsonb, at FROM over WHERE n = 1;";

#[tokio::test]
async fn however_much_is_to_be_forgotten_no_transaction_forgets_more_than_a_portion() {
    let database = Arc::new(TestDatabase::create().await);
    let triggers = FORGOTTEN.map(|(table, _)| counted(table)).concat();
    database.execute(&[COUNTED, &triggers, FULL].concat()).await;
    let _service = Service::start_on(database.clone(), ManualClock::default(), &[]).await;
    let count = async |table: &str| {
        let rows = database.rows(&format!("SELECT count(*) AS count FROM {table}")).await;
        rows[0]["count"].as_i64().unwrap()
    };
    for (table, left) in FORGOTTEN {
        let rows = if table == "attempts" { 3 * 5_003 + 1 } else { 5_003 };
        until("all are forgotten but those whose time is not up", async || {
            (count(table).await == left).then_some(())
        })
        .await;
        let portions = format!("SELECT rows FROM portions WHERE of_table = '{table}'");
        let portions: Vec<i64> =
            database.rows(&portions).await.iter().map(|row| row["rows"].as_i64().unwrap()).collect();
        assert_eq!(portions.iter().sum::<i64>(), rows, "{table}");
        assert_eq!(portions.iter().max(), Some(&5_000), "{table}: {portions:?}");
        if table == "attempts" {
            assert_eq!(portions.iter().filter(|rows| **rows == 5_000).count(), 3, "{portions:?}");
        }
    }
}
