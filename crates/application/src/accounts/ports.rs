//! What is kept of accounts.

use async_trait::async_trait;
use rollcall_domain::{
    EmailAddress, Role, UserId,
    accounts::{Signup, User},
    id::SignupId,
    organizations::Organization,
};
use time::OffsetDateTime;

use crate::{passwords::PasswordHash, ports::StoreError};

/// Reads accounts.
#[async_trait]
pub trait AccountsView {
    /// The organizations that the scope's account is in, and as what, by name.
    async fn seats_of(&mut self, user: UserId) -> Result<Vec<(Organization, Role)>, StoreError>;

    /// How many sign-ups an address has asked for since a moment.
    async fn signups_since(&mut self, email: &EmailAddress, since: OffsetDateTime)
    -> Result<u32, StoreError>;
}

/// Changes accounts.
#[async_trait]
pub trait Accounts {
    /// The scope's account, locked until the end of the transaction.
    async fn user_lock(&mut self, user: UserId) -> Result<Option<User>, StoreError>;

    /// Adds an account.
    ///
    /// # Errors
    /// [`StoreError::AddressTaken`].
    async fn user_add(&mut self, user: &User, password: &PasswordHash) -> Result<(), StoreError>;

    /// Saves the name, locale and time zone of an account, and counts its version up.
    async fn user_save(&mut self, user: &User) -> Result<(), StoreError>;

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
