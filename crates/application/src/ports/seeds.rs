//! The seeds of authenticator apps, of whichever account.

use async_trait::async_trait;
use rollcall_domain::UserId;

use super::StoreError;
use crate::Sealed;

/// Seals seeds anew when the keyring has got another key, as they outlive any. A narrow door of its own beside the units of work: what
/// it changes is nothing but the seal, and leaves no events.
#[async_trait]
pub trait Seeds: Send + Sync {
    /// Up to `limit` seeds that are sealed with another key than `key`, by the ids of their accounts, beginning after one.
    async fn sealed_otherwise(
        &self,
        key: u8,
        after: Option<UserId>,
        limit: u16,
    ) -> Result<Vec<(UserId, Sealed)>, StoreError>;

    /// Keeps a seed under another seal, unless it is not the same any more.
    async fn reseal(&self, user: UserId, before: &Sealed, after: &Sealed) -> Result<(), StoreError>;
}
