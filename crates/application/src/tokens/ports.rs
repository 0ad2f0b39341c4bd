//! What is kept of signing keys.

use async_trait::async_trait;
use rollcall_domain::tokens::{KeyPurpose, SigningKey};
use time::OffsetDateTime;

use crate::{Sealed, ports::StoreError};

/// A signing key as it is kept.
#[derive(Debug, Clone)]
pub struct StoredKey {
    /// Its public part, and its time.
    pub key: SigningKey,
    /// Its private part.
    pub private: Sealed,
}

/// Reads signing keys.
#[async_trait]
pub trait SigningKeysView {
    /// All that there are, the one that begins to sign first in front.
    async fn signing_keys(&mut self) -> Result<Vec<StoredKey>, StoreError>;
}

/// Changes signing keys.
#[async_trait]
pub trait SigningKeys {
    /// Keeps everybody else from changing the keys of a purpose until the end of the transaction.
    async fn signing_keys_lock(&mut self, purpose: KeyPurpose) -> Result<(), StoreError>;

    /// Adds a key. Of a purpose only one may have no end.
    async fn signing_key_add(&mut self, key: &StoredKey) -> Result<(), StoreError>;

    /// Gives the key of a purpose that has no end one.
    async fn signing_key_retire(
        &mut self,
        purpose: KeyPurpose,
        retires_at: OffsetDateTime,
    ) -> Result<(), StoreError>;
}
