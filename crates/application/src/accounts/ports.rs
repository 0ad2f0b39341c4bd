//! What is kept of accounts.

use async_trait::async_trait;
use rollcall_domain::{
    EmailAddress, Role, UserId,
    accounts::{PasswordReset, Signup, User},
    id::{PasswordResetId, SignupId},
    organizations::Organization,
};
use time::OffsetDateTime;

use crate::{passwords::PasswordHash, ports::StoreError};

/// Reads accounts.
#[async_trait]
pub trait AccountsView {
    /// The scope's account.
    async fn user_find(&mut self, user: UserId) -> Result<Option<User>, StoreError>;

    /// The organizations that the scope's account is in, and as what, by name; none that is deleted.
    async fn seats_of(&mut self, user: UserId) -> Result<Vec<(Organization, Role)>, StoreError>;

    /// How many other passwords an address has asked for since a moment.
    async fn password_resets_since(
        &mut self,
        email: &EmailAddress,
        since: OffsetDateTime,
    ) -> Result<u32, StoreError>;

    /// How many sign-ups an address has asked for since a moment.
    async fn signups_since(&mut self, email: &EmailAddress, since: OffsetDateTime)
    -> Result<u32, StoreError>;
}

/// Changes accounts.
#[async_trait]
pub trait Accounts {
    /// The scope's account, locked until the end of the transaction. Whatever adds or ends sessions of an account takes this
    /// lock first: a session that is added while others are ended would outlive them.
    async fn user_lock(&mut self, user: UserId) -> Result<Option<User>, StoreError>;

    /// Adds an account.
    ///
    /// # Errors
    /// [`StoreError::AddressTaken`].
    async fn user_add(&mut self, user: &User, password: &PasswordHash) -> Result<(), StoreError>;

    /// Saves the name, locale and time zone of an account, and counts its version up.
    async fn user_save(&mut self, user: &User) -> Result<(), StoreError>;

    /// Gives the scope's account another password, and counts its version up.
    async fn user_set_password(&mut self, user: UserId, password: &PasswordHash) -> Result<(), StoreError>;

    /// Keeps the same password of the scope's account by a hash that costs more to guess.
    async fn user_rehash(&mut self, user: UserId, password: &PasswordHash) -> Result<(), StoreError>;

    /// Adds a wish for another password. It has no token until its mail is rendered.
    async fn password_reset_add(
        &mut self,
        id: PasswordResetId,
        reset: &PasswordReset,
        now: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// Uses up a wish of the scope's account; gives back whether it was still there.
    async fn password_reset_use(&mut self, id: PasswordResetId) -> Result<bool, StoreError>;

    /// Forgets every wish of an address that is the scope's account's.
    async fn password_resets_forget(&mut self, email: &EmailAddress) -> Result<(), StoreError>;

    /// Adds a sign-up. It has no token until its mail is rendered.
    async fn signup_add(
        &mut self,
        id: SignupId,
        signup: &Signup,
        now: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// Forgets every sign-up of an address that has just become the scope's account.
    async fn signups_forget(&mut self, email: &EmailAddress) -> Result<(), StoreError>;
}
