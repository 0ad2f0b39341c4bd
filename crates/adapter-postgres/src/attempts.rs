//! Attempts to prove who one is.

use async_trait::async_trait;
use rollcall_application::ports::{
    AttemptKeys, AttemptOutcome, Attempts, AttemptsLookedAt, Begun, StoreError,
};
use rollcall_domain::attempts::{self, Allowances, DEVICE_KNOWN_FOR, Tallies, Tally, TooMany};
use sqlx::{PgConnection, Postgres};
use time::{Duration, OffsetDateTime};

use crate::{
    connection::Pool,
    error::store_error,
    portions::{self, PORTION},
    row::{count, moment},
    store::PgStore,
    transaction::{Transaction, begin_task, settings, task},
};

/// How long what was counted is kept after the last attempt,
const KEPT_FOR: Duration = Duration::days(30);
/// and what was counted at an account.
const KEPT_FOR_ACCOUNTS: Duration = Duration::days(400);

/// Where an attempt is counted. At a network that everybody comes from only what there is an allowance for: its count is what they
/// would wait for each other at.
fn keys(attempt: &AttemptKeys, allowances: Option<&Allowances>) -> Vec<Vec<u8>> {
    let network = allowances.map(|_| attempt.network);
    [attempt.account, attempt.device].into_iter().chain(network).map(|key| key.to_vec()).collect()
}

/// Counts as the database keeps them.
fn kept<const N: usize>(counts: [u32; N]) -> [i32; N] {
    counts.map(|count| i32::try_from(count).unwrap_or(i32::MAX))
}

/// Begins to count. Nobody waits until it is on disk: what a crash of the database can lose is what was counted in the second
/// before.
async fn begin_counting(pool: &Pool) -> Result<sqlx::Transaction<'static, Postgres>, StoreError> {
    let settings = settings(None, None, task::ATTEMPTS);
    pool.begin("", &format!("{settings}; SET LOCAL synchronous_commit = off")).await
}

/// Whether there are more in a row than the owner has heard of; if so, they have.
async fn tell(connection: &mut PgConnection, account: [u8; 32]) -> Result<bool, StoreError> {
    let row =
        sqlx::query!("SELECT in_a_row, told FROM attempts WHERE key = $1 FOR UPDATE", account.as_slice());
    let Some(row) = row.fetch_optional(&mut *connection).await.map_err(store_error)? else {
        return Ok(false);
    };
    let (in_a_row, told) = (count(row.in_a_row.into())?, count(row.told.into())?);
    let Some(told) = attempts::worth_telling(in_a_row, told) else { return Ok(false) };
    let update =
        sqlx::query!("UPDATE attempts SET told = $2 WHERE key = $1", account.as_slice(), kept([told])[0]);
    update.execute(connection).await.map_err(store_error)?;
    Ok(true)
}

#[async_trait]
impl AttemptsLookedAt for Transaction {
    async fn attempts_tell(&mut self, account: [u8; 32]) -> Result<bool, StoreError> {
        self.declare(settings(None, None, task::ATTEMPTS)).await?;
        let told = tell(self.connection(), account).await?;
        self.declare_again().await?;
        Ok(told)
    }
}

#[async_trait]
impl Attempts for PgStore {
    async fn begin(
        &self,
        attempt: &AttemptKeys,
        allowances: Option<&Allowances>,
        now: OffsetDateTime,
    ) -> Result<Result<Begun, TooMany>, StoreError> {
        let mut transaction = begin_counting(&self.pool).await?;
        // In one order, so that no two wait for each other; and a row that is not there is made, so that there is one to lock.
        let keys = keys(attempt, allowances);
        let rows = sqlx::query!(
            r#"INSERT INTO attempts AS a (key, whole_at, of_account)
               SELECT k.key, $2, k.key = $3 AND $4
                 FROM unnest($1::bytea[]) AS k (key) ORDER BY k.key
                   ON CONFLICT (key) DO UPDATE SET of_account = excluded.of_account
            RETURNING a.key, a.in_a_row, a.whole_at, a.known_until"#,
            &keys,
            now,
            attempt.account.as_slice(),
            attempt.is_of_account,
        );
        let rows = rows.fetch_all(&mut *transaction).await.map_err(store_error)?;
        let mut tallies = Tallies { device_is_shown: attempt.device_is_known, ..Tallies::new(now) };
        for row in rows {
            let tally = Tally { in_a_row: count(row.in_a_row.into())?, whole_at: moment(row.whole_at) };
            if row.key == attempt.account {
                tallies.account = tally;
            } else if row.key == attempt.network {
                tallies.network = tally;
            } else if attempt.device_is_known || row.known_until.is_some_and(|until| now < until) {
                tallies.device = Some(tally);
            }
        }
        let begun = match attempts::begin(tallies, allowances, now) {
            Ok(begun) => begun,
            Err(too_many) => return Ok(Err(too_many)),
        };
        let device = begun.device.unwrap_or(Tally::new(now));
        let whole_at = [begun.account.whole_at, device.whole_at, begun.network.whole_at];
        let in_a_row = kept([begun.account.in_a_row, 0, 0]);
        let update = sqlx::query!(
            "UPDATE attempts a SET in_a_row = n.in_a_row, whole_at = n.whole_at
               FROM unnest($1::bytea[], $2::integer[], $3::timestamptz[]) AS n (key, in_a_row, whole_at)
              WHERE a.key = n.key",
            &keys,
            &in_a_row[..keys.len()],
            &whole_at[..keys.len()],
        );
        update.execute(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(Ok(Begun { device_is_known: begun.device.is_some(), in_a_row: begun.account.in_a_row }))
    }

    async fn settle(
        &self,
        attempt: &AttemptKeys,
        begun: Begun,
        settled: AttemptOutcome,
        allowances: Option<&Allowances>,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let mut transaction = begin_counting(&self.pool).await?;
        let keys = keys(attempt, allowances);
        let [of_account, of_network] = allowances.map_or([0.0; 2], |Allowances { account, network }| {
            [account, network].map(|allowance| allowance.each.as_seconds_f64())
        });
        let seconds = match begun.device_is_known {
            true => [0.0, of_account, of_network],
            false => [of_account, 0.0, of_network],
        };
        // Given back to what has spent it; in the order in which attempts begin, so that no two wait for each other.
        let update = sqlx::query!(
            "WITH held AS MATERIALIZED (SELECT h.key FROM attempts h WHERE h.key = ANY ($1) ORDER BY h.key FOR UPDATE)
             UPDATE attempts a
                SET in_a_row = CASE WHEN $6 THEN 0 ELSE GREATEST(a.in_a_row - 1, 0) END,
                    whole_at = GREATEST(a.whole_at - make_interval(secs => n.seconds), LEAST(a.whole_at, $3)),
                    known_until = CASE WHEN $6 AND a.key = $4 THEN $5 ELSE a.known_until END,
                    told = CASE WHEN $6 THEN 0 ELSE a.told END
               FROM held JOIN unnest($1::bytea[], $2::float8[]) AS n (key, seconds) ON n.key = held.key
              WHERE a.key = held.key",
            &keys,
            &seconds[..keys.len()],
            now,
            attempt.device.as_slice(),
            now + DEVICE_KNOWN_FOR,
            settled == AttemptOutcome::Good,
        );
        update.execute(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)
    }

    async fn tell(&self, account: [u8; 32]) -> Result<bool, StoreError> {
        let mut transaction = begin_counting(&self.pool).await?;
        let told = tell(&mut transaction, account).await?;
        transaction.commit().await.map_err(store_error)?;
        Ok(told)
    }

    async fn begin_anew(&self, account: [u8; 32]) -> Result<(), StoreError> {
        let mut transaction = begin_task(&self.pool, task::ATTEMPTS).await?;
        let delete = sqlx::query!("DELETE FROM attempts WHERE key = $1", account.as_slice());
        delete.execute(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)
    }

    async fn forget(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        // Each kind by an index of its own, from the oldest on: there, next to nothing is kept that would have to be passed over.
        let accounts = || {
            sqlx::query!(
                "WITH over AS MATERIALIZED (
                     SELECT key FROM attempts
                      WHERE of_account AND whole_at < $1 AND (known_until IS NULL OR known_until < $2)
                      ORDER BY whole_at LIMIT $3 FOR UPDATE SKIP LOCKED)
                 DELETE FROM attempts a USING over WHERE a.key = over.key",
                now - KEPT_FOR_ACCOUNTS,
                now,
                PORTION,
            )
        };
        let devices = || {
            sqlx::query!(
                "WITH over AS MATERIALIZED (
                     SELECT key FROM attempts
                      WHERE NOT of_account AND known_until IS NOT NULL AND known_until < $2 AND whole_at < $1
                      ORDER BY known_until, whole_at LIMIT $3 FOR UPDATE SKIP LOCKED)
                 DELETE FROM attempts a USING over WHERE a.key = over.key",
                now - KEPT_FOR,
                now,
                PORTION,
            )
        };
        let others = || {
            sqlx::query!(
                "WITH over AS MATERIALIZED (
                     SELECT key FROM attempts
                      WHERE NOT of_account AND known_until IS NULL AND whole_at < $1
                      ORDER BY whole_at LIMIT $2 FOR UPDATE SKIP LOCKED)
                 DELETE FROM attempts a USING over WHERE a.key = over.key",
                now - KEPT_FOR,
                PORTION,
            )
        };
        let forgotten = portions::forget(&self.pool, task::ATTEMPTS, accounts).await?
            + portions::forget(&self.pool, task::ATTEMPTS, devices).await?;
        Ok(forgotten + portions::forget(&self.pool, task::ATTEMPTS, others).await?)
    }
}
