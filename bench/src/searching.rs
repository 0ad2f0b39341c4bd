//! A long audit log to be searched.

use std::time::Duration;

use rollcall_domain::UserId;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use uuid::Uuid;

use crate::{Result, call::Call, data::Data};

/// How long a log is: so many full subtrees, of which only the highest tile is needed to go on.
struct Length {
    subtrees: u64,
    /// The leaves of each.
    leaves: u64,
    /// The level of the tile that has their hashes.
    level: u8,
}

/// Ten million events, nearly.
const WHOLE: Length = Length { subtrees: 152, leaves: 65_536, level: 2 };
/// A few stretches of it.
const SMALL: Length = Length { subtrees: 16, leaves: 256, level: 1 };
/// How many searches are made each second: in one organization's log, on one node, as many as a hundred people would.
pub(crate) const PER_SECOND: u32 = 20;
/// How often it is looked whether the log has been sketched.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Writes a long log, or a small one, for an organization that has none, and whose tree is taken for granted: nothing is proved here.
pub(crate) async fn write(database_url: &str, organization: Uuid, small: bool) -> Result {
    let mut connection = PgConnection::connect(database_url).await?;
    let there = sqlx::query_scalar("SELECT EXISTS (SELECT FROM audit_trees WHERE org_id = $1)");
    if there.bind(organization).fetch_one(&mut connection).await? {
        return Ok(connection.close().await?);
    }
    let Length { subtrees, leaves, level } = if small { SMALL } else { WHOLE };
    // The trigger would put them into the queue.
    connection.execute("SET session_replication_role = replica").await?;
    // Named once, and not for each event anew.
    connection
        .execute(
            "CREATE TEMPORARY TABLE people AS
             SELECT n, type_id('user', id) AS named, type_id('sess', id) AS session
               FROM (SELECT n, md5(n::text)::uuid AS id FROM generate_series(0, 69999) AS n) AS ids;
             ANALYZE people",
        )
        .await?;
    for part in 0..subtrees {
        connection
            .execute(AssertSqlSafe(format!(
                // Texts that only a line break separates are one.
                r#"INSERT INTO audit_events (org_id, event_id, occurred_at, actor_kind, actor_id, action,
                                             target_kind, target_id, outcome, leaf, personal)
                   SELECT '{organization}', ('00000000-0000-7000-8000-' || lpad(to_hex(e.n), 12, '0'))::uuid,
                          now() - interval '30 days' + e.n * interval '0.2 seconds',
                          'user', who.named, action, 'user', whom.named, 'success',
                          convert_to('{{"action":"' || action || '",'
                                     '"actor":{{"id":"' || who.named || '","kind":"user"}},'
                                     '"at":"2026-01-02T03:04:05.000678Z",'
                                     '"changes":[{{"after":"member","before":"viewer","field":"role"}}],'
                                     '"id":"evt_0' || left(md5(e.n::text), 25) || '",'
                                     '"log":"{organization}","outcome":"success",'
                                     '"personal":{{"ip":"","user_agent":""}},'
                                     '"request_id":"' || md5(e.n::text) || '","session":"' || who.session || '",'
                                     '"target":{{"id":"' || whom.named || '","kind":"user"}},"v":1}}', 'UTF8'),
                          jsonb_build_object(
                              'ip', jsonb_build_object('value', '192.0.2.' || e.n % 250, 'salt', md5(e.n::text)),
                              'user_agent', jsonb_build_object('value', 'Mozilla/5.0 (X11; Linux x86_64)',
                                                               'salt', md5(e.n::text)))
                     FROM generate_series({part} * {leaves}::bigint, ({part} + 1) * {leaves}::bigint - 1) AS e (n)
                          CROSS JOIN LATERAL (
                              SELECT CASE WHEN e.n % 100000 = 7 THEN 'member.removed'
                                          ELSE 'session.created' END AS action) AS done
                          JOIN people AS who ON who.n = e.n % 5000
                          JOIN people AS whom ON whom.n = e.n % 70000
                    ORDER BY e.n"#
            )))
            .await?;
    }
    connection
        .execute(AssertSqlSafe(format!(
            "INSERT INTO audit_leaves (org_id, idx, event_id, occurred_at)
             SELECT org_id, row_number() OVER (ORDER BY written) - 1, event_id, occurred_at
               FROM audit_events
              WHERE org_id = '{organization}' AND occurred_at < now() - interval '1 minute'
              ORDER BY written;
             INSERT INTO audit_tiles (org_id, level, tile, hashes)
             SELECT '{organization}', {level}, 0, string_agg(sha256('x'), ''::bytea)
               FROM generate_series(1, {subtrees});
             SET session_replication_role = DEFAULT;
             WITH RECURSIVE nodes (height, hash) AS (
                 SELECT 0, sha256('x') UNION ALL
                 SELECT height + 1, sha256('\\x01'::bytea || hash || hash) FROM nodes WHERE height < 7),
             node AS (SELECT (SELECT hash FROM nodes WHERE height = 4) AS sixteen,
                             (SELECT hash FROM nodes WHERE height = 7) AS left_half,
                             (SELECT sha256('\\x01'::bytea || a.hash || b.hash)
                                FROM nodes a, nodes b WHERE a.height = 4 AND b.height = 3) AS right_half)
             INSERT INTO audit_trees (org_id, size, root, offered)
             SELECT '{organization}', {subtrees} * {leaves},
                    CASE {subtrees} WHEN 16 THEN sixteen
                                    ELSE sha256('\\x01'::bytea || left_half || right_half) END,
                    true
               FROM node"
        )))
        .await?;
    connection.execute("VACUUM ANALYZE audit_events, audit_leaves, audit_trees, audit_tiles").await?;
    connection.execute("CHECKPOINT").await?;
    Ok(connection.close().await?)
}

/// Waits until all of it has been sketched.
pub(crate) async fn sketched(database_url: &str) -> Result {
    let mut connection = PgConnection::connect(database_url).await?;
    loop {
        let missing = sqlx::query_scalar("SELECT EXISTS (SELECT FROM audit_sketches WHERE sections IS NULL)");
        let missing: bool = missing.fetch_one(&mut connection).await?;
        if !missing {
            return Ok(connection.close().await?);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// One search after the other: for what is newest, rare, common or nowhere, by who, what, when and words.
pub(crate) fn search(data: &Data, n: u64) -> Call {
    let nobody = UserId::from_uuid(Uuid::from_u128(u128::from(n)));
    let asked = match n % 8 {
        0 => String::new(),
        1 => "action=member.*".to_owned(),
        2 => format!("actor={nobody}"),
        3 => "q=nowhere".to_owned(),
        4 => "q=removed%20member".to_owned(),
        5 => "q=mozilla%20created".to_owned(),
        6 => "until=2020-01-01T00:00:00Z".to_owned(),
        _ => "outcome=refused&q=192.0.2.7".to_owned(),
    };
    Call::get(format!("/v1/audit/events?{asked}")).by(data.owner_of_large(n))
}
