//! Answers to requests that carried an Idempotency-Key.

use async_trait::async_trait;
use rollcall_application::ports::{Claim, IdempotencyKeys, KeyedRequest, StoreError, Window};
use time::OffsetDateTime;

use crate::{
    error::store_error,
    store::PgStore,
    transaction::{begin_task, task},
};

#[async_trait]
impl IdempotencyKeys for PgStore {
    async fn claim(&self, request: &KeyedRequest, window: Window) -> Result<Claim, StoreError> {
        let mut transaction = begin_task(&self.pool, task::IDEMPOTENCY).await?;
        // Whoever inserts has it; so has whoever finds one whose time is up, or whose request has died.
        let granted = sqlx::query!(
            "INSERT INTO idempotency_keys AS k (caller, key, fingerprint, running_until, expires_at)
             VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (caller, key) DO UPDATE
                SET fingerprint = excluded.fingerprint, running_until = excluded.running_until,
                    expires_at = excluded.expires_at, answer = NULL
              WHERE k.expires_at <= $6 OR (k.answer IS NULL AND k.running_until <= $6)",
            request.caller.as_slice(),
            request.key,
            request.fingerprint.as_slice(),
            window.running_until,
            window.expires_at,
            window.now,
        );
        let granted = granted.execute(&mut *transaction).await.map_err(store_error)?.rows_affected() == 1;
        let found = if granted {
            None
        } else {
            sqlx::query!(
                "SELECT fingerprint, answer FROM idempotency_keys WHERE caller = $1 AND key = $2",
                request.caller.as_slice(),
                request.key,
            )
            .fetch_optional(&mut *transaction)
            .await
            .map_err(store_error)?
        };
        transaction.commit().await.map_err(store_error)?;
        Ok(match found {
            None if granted => Claim::Granted,
            // Given back at this very moment.
            None => Claim::Running,
            Some(row) if row.fingerprint != request.fingerprint => Claim::Reused,
            Some(row) => row.answer.map_or(Claim::Running, Claim::Answered),
        })
    }

    async fn keep(&self, request: &KeyedRequest, answer: Vec<u8>) -> Result<(), StoreError> {
        let mut transaction = begin_task(&self.pool, task::IDEMPOTENCY).await?;
        let update = sqlx::query!(
            "UPDATE idempotency_keys SET answer = $4 WHERE caller = $1 AND key = $2 AND fingerprint = $3",
            request.caller.as_slice(),
            request.key,
            request.fingerprint.as_slice(),
            answer,
        );
        update.execute(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)
    }

    async fn release(&self, request: &KeyedRequest) -> Result<(), StoreError> {
        let mut transaction = begin_task(&self.pool, task::IDEMPOTENCY).await?;
        let delete = sqlx::query!(
            "DELETE FROM idempotency_keys WHERE caller = $1 AND key = $2 AND fingerprint = $3 AND answer IS NULL",
            request.caller.as_slice(),
            request.key,
            request.fingerprint.as_slice(),
        );
        delete.execute(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)
    }

    async fn forget(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        let mut transaction = begin_task(&self.pool, task::IDEMPOTENCY).await?;
        let delete = sqlx::query!("DELETE FROM idempotency_keys WHERE expires_at <= $1", now);
        let forgotten = delete.execute(&mut *transaction).await.map_err(store_error)?.rows_affected();
        transaction.commit().await.map_err(store_error)?;
        Ok(forgotten)
    }
}
