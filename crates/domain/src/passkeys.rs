//! Passkeys: keys of WebAuthn (Level 3) that a person's devices keep, and that prove who they are by themselves.

use time::{Duration, OffsetDateTime};

use crate::{Text, id::PasskeyId};

/// What its owner calls a passkey: 1 to 100 characters.
pub type PasskeyName = Text<100>;

/// How long a device has to answer a challenge: as long as it is recommended (WebAuthn Level 3, section 15.1).
pub const CEREMONY_LIFETIME: Duration = Duration::minutes(5);

/// The most passkeys of one account.
pub const MOST_PASSKEYS: usize = 20;

/// A passkey, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Names it; the device knows it by another id.
    pub id: PasskeyId,
    /// What its owner calls it.
    pub name: PasskeyName,
    /// Since when it is there.
    pub created_at: OffsetDateTime,
    /// When it last proved who its owner is; none as long as it has not, which being added does not count for.
    pub last_used_at: Option<OffsetDateTime>,
    /// Whether it is kept elsewhere as well, so that it outlives the device (the flag BS of WebAuthn).
    pub backed_up: bool,
}
