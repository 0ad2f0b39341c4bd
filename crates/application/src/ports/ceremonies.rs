//! Challenges that wait for a device's answer.

use async_trait::async_trait;
use rollcall_domain::{SessionId, UserId, id::MfaChallengeId};
use time::OffsetDateTime;

use super::StoreError;
use crate::Sealed;

/// Keeps what devices were asked until they answer. A narrow door of its own beside the units of work: who is to answer may not be
/// known yet, and a challenge is over with its first answer, whatever comes of that.
#[async_trait]
pub trait Ceremonies: Send + Sync {
    /// Keeps a challenge.
    async fn keep(&self, ceremony: &Ceremony) -> Result<(), StoreError>;

    /// Takes a challenge out, by its digest, if it is there and in time; none if not. Of two who come at once, one gets it.
    async fn take(&self, challenge: [u8; 32], now: OffsetDateTime) -> Result<Option<Ceremony>, StoreError>;

    /// Forgets challenges that nobody has answered in time; gives back how many.
    async fn forget(&self, now: OffsetDateTime) -> Result<u64, StoreError>;
}

/// A challenge that waits.
#[derive(Debug, Clone)]
pub struct Ceremony {
    /// The digest of the challenge.
    pub challenge: [u8; 32],
    /// What its answer is good for, and nothing else.
    pub purpose: CeremonyPurpose,
    /// What checking the answer needs, sealed by the keyring.
    pub state: Sealed,
    /// Until when it waits; from that moment on it is gone.
    pub expires_at: OffsetDateTime,
}

/// What the answer to a challenge is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CeremonyPurpose {
    /// A new passkey of an account, added in one session.
    Registration {
        /// Whose.
        user: UserId,
        /// The session.
        session: SessionId,
    },
    /// Signing in, to whichever account has the passkey.
    SignIn,
    /// The second step of one sign-in.
    SecondStep {
        /// Whose password was right.
        user: UserId,
        /// The sign-in.
        challenge: MfaChallengeId,
    },
    /// A fresh proof in one session.
    Elevation {
        /// Whose.
        user: UserId,
        /// The session.
        session: SessionId,
    },
}

impl CeremonyPurpose {
    /// Whose answer it must be; none when anybody's will do.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::Registration { user, .. }
            | Self::SecondStep { user, .. }
            | Self::Elevation { user, .. } => Some(*user),
            Self::SignIn => None,
        }
    }
}
