//! Events that wait for their places in the audit logs, and how fast they get them.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::{Result, load::Window};

/// More events than a second can use up.
const EVENTS_PER_SECOND: f64 = 80_000.0;
/// How many are written in one transaction.
const AT_A_TIME: u64 = 10_000;
/// How often it is looked how far they are.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long the first event may take to get its place, beyond the time there is.
const PATIENCE: Duration = Duration::from_secs(30);

/// A moment, and how many events had their places then.
pub(crate) type Placed = (Instant, i64);

/// More events than there is time for.
pub(crate) fn events(length: Duration) -> u64 {
    ((length.as_secs_f64() + 1.0) * EVENTS_PER_SECOND) as u64
}

/// Writes so many events into new logs, which are on, in turn.
pub(crate) async fn write(database_url: &str, logs: u64, events: u64) -> Result {
    let mut connection = PgConnection::connect(database_url).await?;
    // Leaves as long as those of an invitation.
    connection
        .execute(AssertSqlSafe(format!(
            r#"CREATE TEMPORARY TABLE logs AS SELECT n, gen_random_uuid() AS id FROM generate_series(0, {logs} - 1) n;
               CREATE UNIQUE INDEX ON logs (n);
               ANALYZE logs;
               INSERT INTO audit_events (org_id, event_id, occurred_at, actor_kind, action, target_kind, outcome, leaf, personal)
               SELECT id, gen_random_uuid(), now(), 'user', 'security.control_changed', 'organization', 'success',
                      convert_to('{{"changes":[{{"after":"on","before":"off","field":"audit_log"}}]}}', 'UTF8'), '{{}}' FROM logs"#
        )))
        .await?;
    for first in (0..events).step_by(AT_A_TIME as usize) {
        let last = events.min(first + AT_A_TIME) - 1;
        connection
            .execute(AssertSqlSafe(format!(
                r#"INSERT INTO audit_events (org_id, event_id, occurred_at, actor_kind, actor_id, action, target_kind, target_id, outcome,
                                             leaf, personal)
                   SELECT l.id, gen_random_uuid(), now(), 'user', 'user_' || e.n, 'invitation.created', 'invitation', 'inv_' || e.n,
                          'success', convert_to(rpad('{{"n":"' || e.n || '"', 500, ' ') || '}}', 'UTF8'), '{{}}'
                     FROM generate_series({first}::bigint, {last}::bigint) AS e (n)
                     JOIN logs l ON l.n = e.n % {logs}"#
            )))
            .await?;
    }
    // What autovacuum would do in a while, and then in the middle of a measurement.
    connection
        .execute("VACUUM ANALYZE audit_events, audit_queue, audit_trees, audit_tiles, audit_leaves")
        .await?;
    connection.execute("CHECKPOINT").await?;
    Ok(connection.close().await?)
}

/// How many events have their places now.
pub(crate) async fn placed(database_url: &str) -> Result<Placed> {
    look(&mut PgConnection::connect(database_url).await?).await
}

async fn look(connection: &mut PgConnection) -> Result<Placed> {
    let placed = sqlx::query_scalar("SELECT COALESCE(sum(size), 0)::bigint FROM audit_trees");
    let placed: i64 = placed.fetch_one(connection).await?;
    Ok((Instant::now(), placed))
}

/// How many events got their places in a second, from one look to another within the time, or until none was left. The first look may
/// have been taken before.
pub(crate) async fn rate(database_url: &str, window: Window, before: Option<Placed>) -> Result<f64> {
    let mut connection = PgConnection::connect(database_url).await?;
    let first = match before {
        Some(first) => first,
        None => {
            tokio::time::sleep_until(window.from.into()).await;
            look(&mut connection).await?
        }
    };
    let mut last = first;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let next = look(&mut connection).await?;
        // The last look at which there were more: the rest of the time has nothing to do.
        if next.1 > last.1 {
            last = next;
        }
        // On a busy machine the first may take longer than the time there is.
        if next.0 >= window.until && (last.1 > first.1 || next.0 >= window.until + PATIENCE) {
            break;
        }
    }
    let rate = (last.1 - first.1) as f64 / (last.0 - first.0).as_secs_f64();
    if rate > 0.0 { Ok(rate) } else { Err("no event got its place".into()) }
}

/// Waits until nothing waits.
pub(crate) async fn finish(database_url: &str) -> Result {
    let mut connection = PgConnection::connect(database_url).await?;
    loop {
        let waits: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT FROM audit_queue)").fetch_one(&mut connection).await?;
        if !waits {
            return Ok(connection.close().await?);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
