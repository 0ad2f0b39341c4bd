//! The few look-ups that must be made before the organization is known, and one that is made so often that it begins no unit of work.

use std::sync::Arc;

use async_trait::async_trait;
use rollcall_domain::{
    ApiKeyId, EmailAddress, OrganizationId, Role, SessionId, UserId,
    accounts::{EmailChange, Signup, User},
    id::{EmailChangeId, MfaChallengeId, PasskeyId, PasswordResetId, SignupId},
    invitations::Invitation,
    organizations::{Organization, OrganizationName},
    secret::TokenHash,
    security::Deadline,
    sessions::Session,
};
use time::OffsetDateTime;

use super::{Credential, CredentialId, StoreError};
use crate::{
    api_keys::{FoundKey, KeptBy, KeyHash, Move, UsedKey},
    members::FoundSeat,
    passwords::PasswordHash,
};

/// Finds the organization or the account behind an address or a token. Each method is one narrow function
/// in the database; none of them can list anything.
#[async_trait]
pub trait Directory: Send + Sync {
    /// The account with an address, whether or not it is suspended.
    async fn credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError>;

    /// The session that a token opens, whether or not it is still live. What has changed about it is seen at once if this
    /// node has changed it, and within a second if another has.
    async fn session(&self, token: TokenHash) -> Result<Option<OpenSession>, StoreError>;

    /// The same as the database has it at this moment, for whoever will go by the answer for a while.
    async fn session_afresh(&self, token: TokenHash) -> Result<Option<OpenSession>, StoreError>;

    /// The API key that is kept under one of these hashes, of which the first is by the keyring's newest key, whether or not it is still
    /// good; none of an organization that is deleted. What has changed about it is seen as with sessions. Nothing is written.
    async fn api_key(&self, hashes: &[KeyHash]) -> Result<Option<FoundKey>, StoreError>;

    /// The same as the database has it at this moment, for whoever will go by the answer for a while.
    async fn api_key_afresh(&self, hashes: &[KeyHash]) -> Result<Option<FoundKey>, StoreError>;

    /// What decides what somebody may do in an organization, as the database has it at this moment; none for whoever is not in it, or
    /// once it is deleted.
    async fn seat(&self, organization: OrganizationId, user: UserId)
    -> Result<Option<FoundSeat>, StoreError>;

    /// Notes when keys were last used, where no more is known already, and adds to how much they were by day; gives back those that
    /// could not be changed, as somebody else is changing them. Bookkeeping: no event is left.
    async fn api_keys_used(&self, used: &[UsedKey]) -> Result<Vec<ApiKeyId>, StoreError>;

    /// Keeps secrets of API keys by the newest key of the keyring. Bookkeeping: they open what they did, and no event is left.
    async fn api_keys_moved(&self, moves: &[Move]) -> Result<(), StoreError>;

    /// How many API keys that still work are kept by other keys of the keyring than the newest.
    async fn api_keys_by_ring_key(&self, newest: u8, now: OffsetDateTime) -> Result<Vec<KeptBy>, StoreError>;

    /// The invitation that a token is for, whatever has become of it; none of an organization that is deleted.
    async fn invitation(&self, token: TokenHash) -> Result<Option<FoundInvitation>, StoreError>;

    /// The sign-up that a token is for, whether or not it has run out.
    async fn signup(&self, token: TokenHash) -> Result<Option<FoundSignup>, StoreError>;

    /// The account whose password a token lets be chosen, and until when, which may be over; none of one that is suspended.
    async fn password_reset(&self, token: TokenHash) -> Result<Option<FoundPasswordReset>, StoreError>;

    /// The request for another address that a token confirms, whether or not it has run out, unless its account is suspended.
    async fn email_change(&self, token: TokenHash) -> Result<Option<FoundEmailChange>, StoreError>;

    /// The passkey that a device knows by an id, whether or not its account is suspended.
    async fn passkey(&self, credential: &CredentialId) -> Result<Option<FoundPasskey>, StoreError>;

    /// The challenge that a token is for, whether or not it has run out, unless its account is suspended.
    async fn mfa_challenge(&self, token: TokenHash) -> Result<Option<FoundMfaChallenge>, StoreError>;

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
    /// Whose it is. Whoever remembers the session shares it with every request.
    pub user: Arc<User>,
    /// Whether the platform's operator has suspended the account.
    pub suspended: bool,
    /// Where it works, and as what; none when the person is in no organization.
    pub seat: Option<(Arc<Organization>, Role)>,
    /// By when the person needs a second factor there, as it is at this moment; none when they have one, or need none.
    pub mfa_deadline: Option<Deadline>,
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

/// A request for another password, and whose.
#[derive(Debug, Clone, Copy)]
pub struct FoundPasswordReset {
    /// Names the request.
    pub id: PasswordResetId,
    /// Whose password it is.
    pub user: UserId,
    /// Until when it can be chosen.
    pub expires_at: OffsetDateTime,
}

/// A passkey, and what signing in with it needs to know of its account.
#[derive(Debug, Clone)]
pub struct FoundPasskey {
    /// Names it.
    pub id: PasskeyId,
    /// What its answers are checked against.
    pub credential: Credential,
    /// Whose it is.
    pub user: User,
    /// Whether the platform's operator has suspended the account.
    pub suspended: bool,
    /// The organization the account worked in last; none when it is in none.
    pub organization: Option<OrganizationId>,
}

/// A request for another address.
#[derive(Debug, Clone)]
pub struct FoundEmailChange {
    /// Names the request.
    pub id: EmailChangeId,
    /// The request.
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

/// A sign-in that waits for its second step.
#[derive(Debug, Clone)]
pub struct FoundMfaChallenge {
    /// Names it.
    pub id: MfaChallengeId,
    /// Whose password was right.
    pub user: UserId,
    /// The version of the account at that moment.
    pub user_version: i32,
    /// Where the session is to work; none for somebody who is in no organization.
    pub wanted: Option<OrganizationId>,
    /// How many wrong codes it has had.
    pub wrong_codes: u16,
    /// When it ends.
    pub expires_at: OffsetDateTime,
    /// The organization that the account worked in last; none when it is in none.
    pub home: Option<OrganizationId>,
}
