//! The few look-ups that must be made before the organization is known.

use async_trait::async_trait;
use rollcall_domain::{
    EmailAddress, OrganizationId, Role, SessionId, UserId,
    accounts::{EmailChange, Signup, User},
    id::{EmailChangeId, PasswordResetId, SignupId},
    invitations::Invitation,
    organizations::{Organization, OrganizationName},
    secret::TokenHash,
    sessions::Session,
};
use time::OffsetDateTime;

use super::StoreError;
use crate::{
    api_keys::{FoundKey, KeyHash, KeyUse},
    passwords::PasswordHash,
};

/// Finds the organization or the account behind an address or a token. Each method is one narrow function
/// in the database; none of them can list anything.
#[async_trait]
pub trait Directory: Send + Sync {
    /// The account with an address.
    async fn credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError>;

    /// The session that a token opens, whether or not it is still live. What has changed about it is seen at once if this
    /// node has changed it, and within a second if another has.
    async fn session(&self, token: TokenHash) -> Result<Option<OpenSession>, StoreError>;

    /// The API key that is kept under one of these hashes, whether or not it is still good; none of an organization that is deleted.
    /// What has changed about it is seen as with sessions. Nothing is written.
    async fn api_key(&self, hashes: &[KeyHash]) -> Result<Option<FoundKey>, StoreError>;

    /// Notes when keys were last used. Where more is known already, that stays. Bookkeeping: no event is left.
    async fn api_keys_used(&self, uses: &[KeyUse]) -> Result<(), StoreError>;

    /// The invitation that a token is for, whatever has become of it.
    async fn invitation(&self, token: TokenHash) -> Result<Option<FoundInvitation>, StoreError>;

    /// The sign-up that a token is for.
    async fn signup(&self, token: TokenHash) -> Result<Option<FoundSignup>, StoreError>;

    /// The account whose password a token lets be chosen, and until when.
    async fn password_reset(&self, token: TokenHash) -> Result<Option<FoundPasswordReset>, StoreError>;

    /// The wish for another address that a token confirms.
    async fn email_change(&self, token: TokenHash) -> Result<Option<FoundEmailChange>, StoreError>;

    /// Notes that a session, found by its token or otherwise, was in use at a moment, and its owner at work. Bookkeeping: no
    /// event is left.
    async fn session_seen(
        &self,
        session: SessionId,
        token: Option<TokenHash>,
        at: OffsetDateTime,
    ) -> Result<(), StoreError>;
}

/// What signing in needs to know of an account.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The account.
    pub user: User,
    /// What its password is checked against.
    pub password: PasswordHash,
    /// Whether the platform's operator has suspended it.
    pub suspended: bool,
    /// The organization it worked in last; none when it is in none.
    pub organization: Option<OrganizationId>,
}

/// A session with everything that answering a request in it needs.
#[derive(Debug, Clone)]
pub struct OpenSession {
    /// The session.
    pub session: Session,
    /// Whose it is.
    pub user: User,
    /// Whether the platform's operator has suspended the account.
    pub suspended: bool,
    /// Where it works, and as what; none when the person is in no organization.
    pub seat: Option<(Organization, Role)>,
}

/// An invitation, and where it leads.
#[derive(Debug, Clone)]
pub struct FoundInvitation {
    /// Where it leads.
    pub organization: OrganizationId,
    /// How that is called.
    pub organization_name: OrganizationName,
    /// The name of the member who stands behind it, if there still is one.
    pub inviter_name: Option<String>,
    /// The invitation.
    pub invitation: Invitation,
    /// Whether the invited address has an account.
    pub account_exists: bool,
}

/// A wish for another password, and whose.
#[derive(Debug, Clone, Copy)]
pub struct FoundPasswordReset {
    /// Names the wish.
    pub id: PasswordResetId,
    /// Whose password it is.
    pub user: UserId,
    /// Until when it can be chosen.
    pub expires_at: OffsetDateTime,
}

/// A wish for another address.
#[derive(Debug, Clone)]
pub struct FoundEmailChange {
    /// Names the wish.
    pub id: EmailChangeId,
    /// The wish.
    pub change: EmailChange,
}

/// A sign-up.
#[derive(Debug, Clone)]
pub struct FoundSignup {
    /// Names the sign-up.
    pub id: SignupId,
    /// The sign-up.
    pub signup: Signup,
}
