//! What is kept of accounts.

use async_trait::async_trait;
use rollcall_domain::{
    EmailAddress, InvitationId, OrganizationId, Role, UserId,
    accounts::{EmailChange, NoticeRecipient, PasswordReset, Signup, User},
    id::{EmailChangeId, NoticeId, PasswordResetId, SignupId},
    organizations::Organization,
};
use time::OffsetDateTime;

use crate::{passwords::PasswordHash, ports::StoreError};

/// A request for another address that waits to be confirmed.
#[derive(Debug, Clone)]
pub struct PendingEmailChange {
    /// The address to be.
    pub email: EmailAddress,
    /// When it was asked for.
    pub created_at: OffsetDateTime,
    /// When the link in the mail stops working.
    pub expires_at: OffsetDateTime,
}

/// A request for another password that waits to be fulfilled.
#[derive(Debug, Clone, Copy)]
pub struct PendingPasswordReset {
    /// When it was asked for.
    pub created_at: OffsetDateTime,
    /// When the link in the mail stops working.
    pub expires_at: OffsetDateTime,
}

/// Reads accounts.
#[async_trait]
pub trait AccountsView {
    /// The scope's account.
    async fn user_find(&mut self, user: UserId) -> Result<Option<User>, StoreError>;

    /// The organizations that the scope's account is in, and as what, by name; none that is deleted.
    async fn seats_of(&mut self, user: UserId) -> Result<Vec<(Organization, Role)>, StoreError>;

    /// The same, by the organizations' ids, with how many Owners each of them has.
    async fn seats_with_owners(
        &mut self,
        user: UserId,
    ) -> Result<Vec<(Organization, Role, usize)>, StoreError>;

    /// The request for another address of the scope's account that waits, if there is one.
    async fn email_change_of(
        &mut self,
        user: UserId,
        now: OffsetDateTime,
    ) -> Result<Option<PendingEmailChange>, StoreError>;

    /// How many other addresses the scope's account has asked for since a moment.
    async fn email_changes_since(&mut self, user: UserId, since: OffsetDateTime) -> Result<u32, StoreError>;

    /// The requests for another password that wait for an address that is the scope's account's, the newest first.
    async fn password_resets_of(
        &mut self,
        email: &EmailAddress,
        now: OffsetDateTime,
    ) -> Result<Vec<PendingPasswordReset>, StoreError>;

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

    /// Gives the scope's account another password, which may be too short to be the only factor, and counts its version up.
    async fn user_set_password(
        &mut self,
        user: UserId,
        password: &PasswordHash,
        is_short: bool,
    ) -> Result<(), StoreError>;

    /// Keeps the same password of the scope's account by a hash that costs more to guess.
    async fn user_rehash(&mut self, user: UserId, password: &PasswordHash) -> Result<(), StoreError>;

    /// Gives the scope's account another address, and counts its version up.
    ///
    /// # Errors
    /// [`StoreError::AddressTaken`].
    async fn user_set_email(&mut self, user: UserId, email: &EmailAddress) -> Result<(), StoreError>;

    /// Deletes the scope's account, which has left every organization and ends at `now`, with whatever waits for its addresses; those
    /// are taken out of invitations that are not open. What identifies its person in the audit logs is not told from then on. As
    /// much of it as goes quickly is erased at once, and it is noted what is left to do: see [`Erasures`](super::Erasures).
    async fn user_delete(&mut self, user: UserId, now: OffsetDateTime) -> Result<(), StoreError>;

    /// The organizations whose checkpoints go to one of the addresses of the scope's account: nobody else changes that until the end of
    /// the transaction.
    async fn witnessed_lock_by(&mut self, user: UserId) -> Result<Vec<OrganizationId>, StoreError>;

    /// The open invitations to the addresses of the scope's account, in whichever organization: nobody else changes them until
    /// the end of the transaction.
    async fn invitations_lock_to(
        &mut self,
        user: UserId,
    ) -> Result<Vec<(OrganizationId, InvitationId, Role)>, StoreError>;

    /// Adds a request of the scope's account for another address, in place of the one that waits. It has no token until its mail
    /// is rendered.
    async fn email_change_add(
        &mut self,
        id: EmailChangeId,
        change: &EmailChange,
        now: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// Uses up a change of address of the scope's account; gives back whether it was still pending.
    async fn email_change_use(&mut self, id: EmailChangeId) -> Result<bool, StoreError>;

    /// Takes back the pending change of address of the scope's account; gives back whether there was one.
    async fn email_change_take_back(&mut self, user: UserId) -> Result<bool, StoreError>;

    /// Forgets every account's pending change to the address of the scope's account.
    async fn email_changes_forget(&mut self, email: &EmailAddress) -> Result<(), StoreError>;

    /// Keeps whom a notice goes to, until it is sent.
    async fn notice_add(&mut self, id: NoticeId, notice: &NoticeRecipient) -> Result<(), StoreError>;

    /// Waits until nobody else asks for another password for an address, and keeps others waiting until the end of the transaction. Taken
    /// before it is counted how many there were, whether or not the address has an account.
    async fn password_resets_lock(&mut self, email: &EmailAddress) -> Result<(), StoreError>;

    /// Adds a request for another password. It has no token until its mail is rendered.
    async fn password_reset_add(
        &mut self,
        id: PasswordResetId,
        reset: &PasswordReset,
        now: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// Uses up a request of the scope's account; gives back whether it was still there.
    async fn password_reset_use(&mut self, id: PasswordResetId) -> Result<bool, StoreError>;

    /// Forgets every request of an address that is the scope's account's.
    async fn password_resets_forget(&mut self, email: &EmailAddress) -> Result<(), StoreError>;

    /// Waits until nobody else signs an address up, and keeps others waiting until the end of the transaction. Taken before it is counted
    /// how many there were, whether or not the address has an account.
    async fn signups_lock(&mut self, email: &EmailAddress) -> Result<(), StoreError>;

    /// Adds a sign-up. It has no token until its mail is rendered.
    async fn signup_add(
        &mut self,
        id: SignupId,
        signup: &Signup,
        now: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// Forgets every sign-up of an address that is the scope's account's.
    async fn signups_forget(&mut self, email: &EmailAddress) -> Result<(), StoreError>;
}
