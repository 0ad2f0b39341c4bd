//! Forgetting what has run out.

use async_trait::async_trait;
use rollcall_application::ports::{Expiry, StoreError};
use rollcall_domain::tokens::KeyPurpose;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    error::{corrupt, store_error},
    portions::{self, PORTION},
    store::PgStore,
    transaction::{begin_task, task},
};

/// The change of an agent that was forgotten last: when, where, whose, and which of those.
type LastForgotten = (Option<OffsetDateTime>, Option<Uuid>, Option<Uuid>, Option<i32>);

/// How many changes of agents are forgotten in one transaction.
const CHANGES_AT_A_TIME: i32 = 1_000;

#[async_trait]
impl Expiry for PgStore {
    async fn forget_sessions(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        let over = || {
            sqlx::query!(
                "WITH over AS MATERIALIZED (
                     SELECT session_id FROM sessions WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
                 DELETE FROM sessions s USING over WHERE s.session_id = over.session_id",
                now,
                PORTION,
            )
        };
        portions::forget(&self.pool, task::EXPIRY, over).await
    }

    async fn forget_password_resets(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        let over = || {
            sqlx::query!(
                "WITH over AS MATERIALIZED (
                     SELECT reset_id FROM password_resets WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
                 DELETE FROM password_resets r USING over WHERE r.reset_id = over.reset_id",
                now,
                PORTION,
            )
        };
        portions::forget(&self.pool, task::PASSWORD_RESETS, over).await
    }

    async fn forget_email_changes(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        let over = || {
            sqlx::query!(
                "WITH over AS MATERIALIZED (
                     SELECT change_id FROM email_changes WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
                 DELETE FROM email_changes c USING over WHERE c.change_id = over.change_id",
                now,
                PORTION,
            )
        };
        portions::forget(&self.pool, task::EMAIL_CHANGES, over).await
    }

    async fn forget_signups(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        let over = || {
            sqlx::query!(
                "WITH over AS MATERIALIZED (
                     SELECT signup_id FROM signups WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
                 DELETE FROM signups s USING over WHERE s.signup_id = over.signup_id",
                now,
                PORTION,
            )
        };
        portions::forget(&self.pool, task::SIGNUPS, over).await
    }

    async fn forget_second_factors(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        let challenges = || {
            sqlx::query!(
                "WITH over AS MATERIALIZED (
                     SELECT challenge_id FROM mfa_challenges WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
                 DELETE FROM mfa_challenges c USING over WHERE c.challenge_id = over.challenge_id",
                now,
                PORTION,
            )
        };
        // Those that are on have no end.
        let seeds = || {
            sqlx::query!(
                "WITH over AS MATERIALIZED (
                     SELECT user_id FROM totp_seeds WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
                 DELETE FROM totp_seeds s USING over WHERE s.user_id = over.user_id",
                now,
                PORTION,
            )
        };
        let forgotten = portions::forget(&self.pool, task::SECOND_FACTORS, challenges).await?;
        Ok(forgotten + portions::forget(&self.pool, task::SECOND_FACTORS, seeds).await?)
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

    async fn forget_availability(&self, kept: Duration) -> Result<u64, StoreError> {
        let (mut forgotten, mut last) = (0, LastForgotten::default());
        loop {
            let mut transaction = begin_task(&self.pool, task::AVAILABILITY).await?;
            let forget = sqlx::query!(
                r#"SELECT last_at, last_org, last_user, last_version, forgotten AS "forgotten!"
                     FROM forget_availability(COALESCE($1::timestamptz, now()) - make_interval(secs => $2), $3, $4, $5, $6, $7)"#,
                self.moment(),
                kept.as_seconds_f64(),
                CHANGES_AT_A_TIME,
                last.0,
                last.1,
                last.2,
                last.3,
            );
            let step = forget.fetch_one(&mut *transaction).await.map_err(store_error)?;
            transaction.commit().await.map_err(store_error)?;
            forgotten += u64::try_from(step.forgotten).map_err(corrupt)?;
            if step.forgotten < i64::from(CHANGES_AT_A_TIME) {
                return Ok(forgotten);
            }
            last = (step.last_at, step.last_org, step.last_user, step.last_version);
        }
    }
}
