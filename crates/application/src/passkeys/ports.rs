//! What is kept of passkeys.

use async_trait::async_trait;
use rollcall_domain::{
    UserId,
    id::PasskeyId,
    passkeys::{Passkey, PasskeyName},
};
use time::OffsetDateTime;

use crate::ports::{Credential, CredentialId, StoreError};

/// A passkey of an account.
#[derive(Debug, Clone)]
pub struct KeptPasskey {
    /// As its owner sees it.
    pub passkey: Passkey,
    /// The id by which the device knows it.
    pub credential: CredentialId,
}

/// A passkey that is about to be kept.
#[derive(Debug, Clone)]
pub struct NewPasskey {
    /// As its owner sees it.
    pub passkey: Passkey,
    /// What its answers are checked against.
    pub credential: Credential,
}

/// Reads passkeys.
#[async_trait]
pub trait PasskeysView {
    /// The passkeys of the scope's account, the oldest first. They are few.
    async fn passkeys_of(&mut self, user: UserId) -> Result<Vec<KeptPasskey>, StoreError>;
}

/// Changes passkeys. Whoever does has the account's lock ([`user_lock`](crate::accounts::Accounts::user_lock)).
#[async_trait]
pub trait Passkeys {
    /// Adds a passkey to the scope's account.
    ///
    /// # Errors
    /// [`StoreError::PasskeyExists`].
    async fn passkey_add(&mut self, user: UserId, passkey: &NewPasskey) -> Result<(), StoreError>;

    /// Gives a passkey of the scope's account another name; gives back the passkey, if it is there.
    async fn passkey_rename(
        &mut self,
        user: UserId,
        id: PasskeyId,
        name: &PasskeyName,
    ) -> Result<Option<Passkey>, StoreError>;

    /// Removes a passkey of the scope's account; gives back whether it was there.
    async fn passkey_remove(&mut self, user: UserId, id: PasskeyId) -> Result<bool, StoreError>;

    /// Notes that a passkey of the scope's account was used, unless it is gone, or a counter that is not before this one's was noted
    /// since; gives back whether it did.
    async fn passkey_use(
        &mut self,
        user: UserId,
        id: PasskeyId,
        credential: &Credential,
        at: OffsetDateTime,
    ) -> Result<bool, StoreError>;
}
