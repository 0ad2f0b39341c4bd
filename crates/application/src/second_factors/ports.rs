//! What is kept of second factors.

use async_trait::async_trait;
use rollcall_domain::{
    OrganizationId, SessionId, UserId, id::MfaChallengeId, second_factors::Step, secret::TokenHash,
};
use time::OffsetDateTime;

use crate::{Sealed, ports::StoreError};

/// An authenticator app as it is kept.
#[derive(Debug, Clone)]
pub struct StoredTotp {
    /// What it makes its codes of, sealed by the keyring.
    pub seed: Sealed,
    /// How far its enrolment has come.
    pub stage: TotpStage,
}

/// How far the enrolment of an authenticator app has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TotpStage {
    /// Its seed was shown, and it waits for its first code.
    Begun {
        /// The session that it was shown in.
        session: SessionId,
        /// Until when it waits.
        expires_at: OffsetDateTime,
    },
    /// It is on.
    Confirmed {
        /// Since when.
        at: OffsetDateTime,
        /// The step of the code that was accepted last.
        last_step: Step,
    },
}

/// A sign-in that waits for its second step, with what is kept of its token.
#[derive(Debug, Clone)]
pub struct NewChallenge {
    /// Names it.
    pub id: MfaChallengeId,
    /// What is kept of its token.
    pub token: TokenHash,
    /// Whose password was right.
    pub user: UserId,
    /// The version of the account at that moment.
    pub user_version: i32,
    /// Where the session is to work.
    pub wanted: Option<OrganizationId>,
    /// When the password was right.
    pub created_at: OffsetDateTime,
    /// When the challenge ends.
    pub expires_at: OffsetDateTime,
}

/// Reads second factors.
#[async_trait]
pub trait SecondFactorsView {
    /// The authenticator app of the scope's account, on or not yet.
    async fn totp_find(&mut self, user: UserId) -> Result<Option<StoredTotp>, StoreError>;

    /// How many recovery codes the scope's account has left.
    async fn recovery_codes_left(&mut self, user: UserId) -> Result<u32, StoreError>;
}

/// Changes second factors. Whoever does has the account's lock ([`user_lock`](crate::accounts::Accounts::user_lock)).
#[async_trait]
pub trait SecondFactors {
    /// Keeps the seed of an authenticator app that waits for its first code, in place of one that waits.
    async fn totp_begin(
        &mut self,
        user: UserId,
        seed: &Sealed,
        session: SessionId,
        now: OffsetDateTime,
        expires_at: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// Turns on the app that waits, whose first code was of `step`; gives back whether one waited.
    async fn totp_confirm(
        &mut self,
        user: UserId,
        step: Step,
        at: OffsetDateTime,
    ) -> Result<bool, StoreError>;

    /// Accepts a code of `step`, unless one of it or of a later one was accepted before; gives back whether it was not.
    async fn totp_use(&mut self, user: UserId, step: Step) -> Result<bool, StoreError>;

    /// Takes the app that is on off; gives back whether one was.
    async fn totp_remove(&mut self, user: UserId) -> Result<bool, StoreError>;

    /// Gives the account these recovery codes, in place of whichever it had.
    async fn recovery_codes_replace(
        &mut self,
        user: UserId,
        codes: &[TokenHash],
        now: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// Uses a recovery code up; gives back whether it was there.
    async fn recovery_code_use(&mut self, user: UserId, code: TokenHash) -> Result<bool, StoreError>;

    /// Notes on the account whether it has a second factor, after one was added or removed, and counts its version up. With the last
    /// one the recovery codes go. Gives back whether there is one.
    async fn second_factors_settle(&mut self, user: UserId) -> Result<bool, StoreError>;

    /// Removes every second factor of the scope's account, on or not yet, with its recovery codes, and counts its version up.
    async fn second_factors_remove(&mut self, user: UserId) -> Result<(), StoreError>;

    /// Whether the password of the scope's account is too short to be the only factor.
    async fn password_is_short(&mut self, user: UserId) -> Result<bool, StoreError>;

    /// Adds a challenge to the scope's account.
    async fn mfa_challenge_add(&mut self, challenge: &NewChallenge) -> Result<(), StoreError>;

    /// Whether a challenge of the scope's account can still be met: it is there, in time, and has not had too many wrong codes.
    async fn mfa_challenge_hold(
        &mut self,
        challenge: MfaChallengeId,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError>;

    /// Counts a wrong code at a challenge.
    async fn mfa_challenge_fail(&mut self, challenge: MfaChallengeId) -> Result<(), StoreError>;

    /// Uses a challenge up.
    async fn mfa_challenge_end(&mut self, challenge: MfaChallengeId) -> Result<(), StoreError>;
}
