//! Answers to requests that carried an Idempotency-Key.

use async_trait::async_trait;
use rollcall_application::ports::{Claim, ClaimedKey, IdempotencyKeys, KeyedRequest, StoreError};
use sqlx::PgConnection;
use time::Duration;

use crate::{
    error::store_error,
    portions::{self, PORTION},
    store::PgStore,
    transaction::{begin_task, task},
};

#[async_trait]
impl IdempotencyKeys for PgStore {
    async fn claim(
        &self,
        request: &KeyedRequest,
        patience: Duration,
        kept: Duration,
    ) -> Result<Claim, StoreError> {
        let mut transaction = begin_task(&self.pool, task::IDEMPOTENCY).await?;
        // Whoever inserts has it; so has whoever finds one whose time is up, or whose request has died before it changed anything.
        let granted = sqlx::query_scalar!(
            "INSERT INTO idempotency_keys AS k (caller, key, fingerprint, running_until, expires_at, precondition)
             VALUES ($1, $2, $3, COALESCE($4::timestamptz, now()) + make_interval(secs => $5),
                     COALESCE($4, now()) + make_interval(secs => $6), $7)
                 ON CONFLICT (caller, key) DO UPDATE
                SET fingerprint = excluded.fingerprint, running_until = excluded.running_until,
                    expires_at = excluded.expires_at, precondition = excluded.precondition,
                    answer = NULL, done = false, attempt = k.attempt + 1
              WHERE k.expires_at <= COALESCE($4, now())
                 OR (k.answer IS NULL AND NOT k.done AND k.running_until <= COALESCE($4, now()))
          RETURNING attempt",
            request.caller.as_slice(),
            request.key,
            request.fingerprint.as_slice(),
            self.moment(),
            patience.as_seconds_f64(),
            kept.as_seconds_f64(),
            request.precondition.as_slice(),
        );
        let granted = granted.fetch_optional(&mut *transaction).await.map_err(store_error)?;
        if let Some(attempt) = granted {
            transaction.commit().await.map_err(store_error)?;
            return Ok(Claim::Granted(ClaimedKey { request: request.clone(), attempt }));
        }
        let found = sqlx::query!(
            r#"SELECT fingerprint, precondition, answer, done AND running_until <= COALESCE($3::timestamptz, now()) AS "lost!"
                 FROM idempotency_keys WHERE caller = $1 AND key = $2"#,
            request.caller.as_slice(),
            request.key,
            self.moment(),
        );
        let found = found.fetch_optional(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(match found {
            // Given back at this very moment.
            None => Claim::Running,
            Some(row) if row.fingerprint != request.fingerprint => Claim::Reused,
            // A node of the last release does not say which versions it was meant for.
            Some(row) if row.precondition.as_ref().is_some_and(|known| *known != request.precondition) => {
                Claim::Reused
            }
            Some(row) => match row.answer {
                Some(answer) => Claim::Answered(answer),
                None if row.lost => Claim::Lost,
                None => Claim::Running,
            },
        })
    }

    async fn keep(
        &self,
        ClaimedKey { request, attempt }: &ClaimedKey,
        answer: Vec<u8>,
    ) -> Result<(), StoreError> {
        let mut transaction = begin_task(&self.pool, task::IDEMPOTENCY).await?;
        let update = sqlx::query!(
            "UPDATE idempotency_keys SET answer = $4
              WHERE caller = $1 AND key = $2 AND fingerprint = $3 AND attempt = $5",
            request.caller.as_slice(),
            request.key,
            request.fingerprint.as_slice(),
            answer,
            attempt,
        );
        update.execute(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)
    }

    async fn release(&self, ClaimedKey { request, attempt }: &ClaimedKey) -> Result<(), StoreError> {
        let mut transaction = begin_task(&self.pool, task::IDEMPOTENCY).await?;
        let delete = sqlx::query!(
            "DELETE FROM idempotency_keys
              WHERE caller = $1 AND key = $2 AND fingerprint = $3 AND attempt = $4 AND answer IS NULL AND NOT done",
            request.caller.as_slice(),
            request.key,
            request.fingerprint.as_slice(),
            attempt,
        );
        let given_back = delete.execute(&mut *transaction).await.map_err(store_error)?.rows_affected() == 1;
        if !given_back {
            // It runs no more, so nobody need wait to be told that.
            let over = sqlx::query!(
                "UPDATE idempotency_keys SET running_until = COALESCE($5::timestamptz, now())
                  WHERE caller = $1 AND key = $2 AND fingerprint = $3 AND attempt = $4 AND answer IS NULL",
                request.caller.as_slice(),
                request.key,
                request.fingerprint.as_slice(),
                attempt,
                self.moment(),
            );
            over.execute(&mut *transaction).await.map_err(store_error)?;
        }
        transaction.commit().await.map_err(store_error)
    }

    async fn forget(&self) -> Result<u64, StoreError> {
        let over = || {
            sqlx::query!(
                "WITH over AS MATERIALIZED (
                     SELECT caller, key FROM idempotency_keys WHERE expires_at <= COALESCE($1::timestamptz, now())
                      LIMIT $2 FOR UPDATE SKIP LOCKED)
                 DELETE FROM idempotency_keys k USING over WHERE k.caller = over.caller AND k.key = over.key",
                self.moment(),
                PORTION,
            )
        };
        portions::forget(&self.pool, task::IDEMPOTENCY, over).await
    }
}

/// Notes, in the transaction that changes something, that a keyed request has. Says whether it was still this attempt's to do.
pub(crate) async fn done(
    connection: &mut PgConnection,
    ClaimedKey { request, attempt }: &ClaimedKey,
) -> Result<bool, StoreError> {
    let update = sqlx::query!(
        "UPDATE idempotency_keys SET done = true
          WHERE caller = $1 AND key = $2 AND fingerprint = $3 AND attempt = $4",
        request.caller.as_slice(),
        request.key,
        request.fingerprint.as_slice(),
        attempt,
    );
    Ok(update.execute(connection).await.map_err(store_error)?.rows_affected() == 1)
}
