//! What the keyring has sealed, wherever it is kept.

use async_trait::async_trait;
use rollcall_application::{Sealed, SealedFor, SealedRows, ports::StoreError};
use uuid::Uuid;

use crate::{
    bounds::LEAST_ID,
    error::store_error,
    store::PgStore,
    transaction::{begin_task, task},
};

/// The task that sees a kind, whosever it is.
const fn task_of(what: SealedFor) -> &'static str {
    match what {
        SealedFor::TotpSeed => task::SECOND_FACTORS,
        SealedFor::OrganizationKey => task::RECORDINGS,
        SealedFor::WebhookSecret(_) => task::DELIVERIES,
    }
}

#[async_trait]
impl SealedRows for PgStore {
    async fn sealed_otherwise(
        &self,
        what: SealedFor,
        key: u8,
        after: Option<Uuid>,
        limit: u16,
    ) -> Result<Vec<(Uuid, Sealed)>, StoreError> {
        let mut transaction = begin_task(&self.pool, task_of(what)).await?;
        let (key, after, limit) = (i32::from(key), after.unwrap_or(LEAST_ID), i64::from(limit));
        let found = match what {
            SealedFor::TotpSeed => {
                let rows = sqlx::query_as!(
                    Row,
                    "SELECT user_id AS id, seed AS sealed FROM totp_seeds
                      WHERE get_byte(seed, 0) <> $1 AND user_id > $2 ORDER BY user_id LIMIT $3",
                    key,
                    after,
                    limit,
                );
                rows.fetch_all(&mut *transaction).await
            }
            SealedFor::OrganizationKey => {
                let rows = sqlx::query_as!(
                    Row,
                    "SELECT org_id AS id, wrapped AS sealed FROM organization_keys
                      WHERE get_byte(wrapped, 0) <> $1 AND org_id > $2 ORDER BY org_id LIMIT $3",
                    key,
                    after,
                    limit,
                );
                rows.fetch_all(&mut *transaction).await
            }
            SealedFor::WebhookSecret(topic) => {
                let rows = sqlx::query_as!(
                    Row,
                    r#"SELECT org_id AS id, secret AS "sealed!" FROM subscribers
                        WHERE topic = $4 AND secret IS NOT NULL AND get_byte(secret, 0) <> $1
                          AND org_id > $2
                        ORDER BY org_id LIMIT $3"#,
                    key,
                    after,
                    limit,
                    topic.as_str(),
                );
                rows.fetch_all(&mut *transaction).await
            }
        };
        let found = found.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(found.into_iter().map(|row| (row.id, Sealed(row.sealed))).collect())
    }

    async fn reseal(
        &self,
        what: SealedFor,
        id: Uuid,
        before: &Sealed,
        after: &Sealed,
    ) -> Result<(), StoreError> {
        let mut transaction = begin_task(&self.pool, task_of(what)).await?;
        let (before, after) = (before.0.as_slice(), after.0.as_slice());
        let update = match what {
            SealedFor::TotpSeed => sqlx::query!(
                "UPDATE totp_seeds SET seed = $3 WHERE user_id = $1 AND seed = $2",
                id,
                before,
                after,
            ),
            SealedFor::OrganizationKey => sqlx::query!(
                "UPDATE organization_keys SET wrapped = $3 WHERE org_id = $1 AND wrapped = $2",
                id,
                before,
                after,
            ),
            SealedFor::WebhookSecret(topic) => sqlx::query!(
                "UPDATE subscribers SET secret = $3 WHERE org_id = $1 AND topic = $4 AND secret = $2",
                id,
                before,
                after,
                topic.as_str(),
            ),
        };
        update.execute(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)
    }
}

/// Something sealed, and whose it is.
struct Row {
    id: Uuid,
    sealed: Vec<u8>,
}
