//! Signing keys.

use async_trait::async_trait;
use rollcall_application::{
    Sealed,
    ports::StoreError,
    tokens::{SigningKeys, SigningKeysView, StoredKey},
};
use rollcall_domain::tokens::{KeyPurpose, SigningKey};
use time::OffsetDateTime;

use crate::{
    error::{corrupt, exactly_one, store_error},
    row::{moment, value},
    transaction::Transaction,
};

#[async_trait]
impl SigningKeysView for Transaction {
    async fn signing_keys(&mut self) -> Result<Vec<StoredKey>, StoreError> {
        let rows = sqlx::query!(
            "SELECT kid, purpose, public_key, private_key, created_at, signs_from, retires_at
               FROM signing_keys ORDER BY signs_from, kid"
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        let keys = rows.into_iter().map(|row| {
            let public_key =
                row.public_key.try_into().map_err(|_| corrupt("a public key of another size"))?;
            let key = SigningKey {
                kid: row.kid,
                purpose: value(&row.purpose)?,
                public_key,
                created_at: moment(row.created_at),
                signs_from: moment(row.signs_from),
                retires_at: row.retires_at.map(moment),
            };
            Ok(StoredKey { key, private: Sealed(row.private_key) })
        });
        keys.collect()
    }
}

#[async_trait]
impl SigningKeys for Transaction {
    async fn signing_keys_lock(&mut self, purpose: KeyPurpose) -> Result<(), StoreError> {
        let lock = sqlx::query!(
            "SELECT pg_advisory_xact_lock(hashtextextended('rollcall.signing_keys:' || $1::text, 0))",
            purpose.as_str()
        );
        lock.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }

    async fn signing_key_add(&mut self, StoredKey { key, private }: &StoredKey) -> Result<(), StoreError> {
        let insert = sqlx::query!(
            "INSERT INTO signing_keys (kid, purpose, public_key, private_key, created_at, signs_from, retires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            key.kid,
            key.purpose.as_str(),
            key.public_key.as_slice(),
            private.0.as_slice(),
            key.created_at,
            key.signs_from,
            key.retires_at,
        );
        exactly_one(insert.execute(self.connection()).await)
    }

    async fn signing_key_retire(
        &mut self,
        purpose: KeyPurpose,
        retires_at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let update = sqlx::query!(
            "UPDATE signing_keys SET retires_at = $2 WHERE purpose = $1 AND retires_at IS NULL",
            purpose.as_str(),
            retires_at
        );
        exactly_one(update.execute(self.connection()).await)
    }
}
