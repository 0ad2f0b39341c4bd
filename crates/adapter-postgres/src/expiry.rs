//! Forgetting what has run out.

use async_trait::async_trait;
use rollcall_application::ports::{Expiry, StoreError};
use rollcall_domain::tokens::KeyPurpose;
use time::OffsetDateTime;

use crate::{
    error::store_error,
    store::PgStore,
    transaction::{begin_task, task},
};

#[async_trait]
impl Expiry for PgStore {
    async fn forget_sessions(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        let mut transaction = begin_task(&self.pool, task::EXPIRY).await?;
        let delete = sqlx::query!("DELETE FROM sessions WHERE expires_at <= $1", now);
        let forgotten = delete.execute(&mut *transaction).await.map_err(store_error)?.rows_affected();
        transaction.commit().await.map_err(store_error)?;
        Ok(forgotten)
    }

    async fn forget_password_resets(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        let mut transaction = begin_task(&self.pool, task::PASSWORD_RESETS).await?;
        let delete = sqlx::query!("DELETE FROM password_resets WHERE expires_at <= $1", now);
        let forgotten = delete.execute(&mut *transaction).await.map_err(store_error)?.rows_affected();
        transaction.commit().await.map_err(store_error)?;
        Ok(forgotten)
    }

    async fn forget_email_changes(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        let mut transaction = begin_task(&self.pool, task::EMAIL_CHANGES).await?;
        let delete = sqlx::query!("DELETE FROM email_changes WHERE expires_at <= $1", now);
        let forgotten = delete.execute(&mut *transaction).await.map_err(store_error)?.rows_affected();
        transaction.commit().await.map_err(store_error)?;
        Ok(forgotten)
    }

    async fn forget_signups(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        let mut transaction = begin_task(&self.pool, task::SIGNUPS).await?;
        let delete = sqlx::query!("DELETE FROM signups WHERE expires_at <= $1", now);
        let forgotten = delete.execute(&mut *transaction).await.map_err(store_error)?.rows_affected();
        transaction.commit().await.map_err(store_error)?;
        Ok(forgotten)
    }

    async fn forget_second_factors(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        let mut transaction = begin_task(&self.pool, task::SECOND_FACTORS).await?;
        let challenges = sqlx::query!("DELETE FROM mfa_challenges WHERE expires_at <= $1", now);
        let challenges = challenges.execute(&mut *transaction).await.map_err(store_error)?.rows_affected();
        // Those that are on have no end.
        let seeds = sqlx::query!("DELETE FROM totp_seeds WHERE expires_at <= $1", now);
        let seeds = seeds.execute(&mut *transaction).await.map_err(store_error)?.rows_affected();
        transaction.commit().await.map_err(store_error)?;
        Ok(challenges + seeds)
    }

    async fn forget_signing_keys(&self, purpose: KeyPurpose, now: OffsetDateTime) -> Result<u64, StoreError> {
        let Some(longer) = purpose.outlives() else { return Ok(0) };
        let mut transaction = begin_task(&self.pool, task::SIGNING_KEYS).await?;
        let delete = sqlx::query!(
            "DELETE FROM signing_keys WHERE purpose = $1 AND retires_at <= $2",
            purpose.as_str(),
            now - longer
        );
        let forgotten = delete.execute(&mut *transaction).await.map_err(store_error)?.rows_affected();
        transaction.commit().await.map_err(store_error)?;
        Ok(forgotten)
    }
}
