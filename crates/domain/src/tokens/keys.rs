//! Keys that sign, and which of them does at a time.
//!
//! A key is published before it signs, so that whoever checks signatures knows it by then, and stays published until
//! nothing that it signed is good any more. In between the keys of a purpose follow each other without a gap.

use time::{Duration, OffsetDateTime};

use super::claims::{LONGEST, SKEW};
use crate::calls;

/// How long whoever checks signatures may go by the keys they have fetched.
pub const CACHED: Duration = Duration::minutes(5);
/// How long a key is published before it signs: longer than [`CACHED`], with time for nodes to notice.
pub const LEAD: Duration = Duration::minutes(10);

/// What a key signs. A key for one purpose is good for no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyPurpose {
    /// Access tokens.
    AccessToken,
    /// Checkpoints of audit logs.
    AuditCheckpoint,
    /// Live grants.
    LiveGrant,
}

/// The text names no purpose of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no purpose of a signing key")]
pub struct UnknownKeyPurpose;

impl KeyPurpose {
    /// Every purpose.
    pub const ALL: [Self; 3] = [Self::AccessToken, Self::AuditCheckpoint, Self::LiveGrant];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::AuditCheckpoint => "audit_checkpoint",
            Self::LiveGrant => "live_grant",
        }
    }

    /// How long after a key has retired something that it signed may still be good; none when for ever.
    pub const fn outlives(self) -> Option<Duration> {
        match self {
            // A node whose clock is behind goes on a little longer.
            Self::AccessToken => Some(LONGEST.saturating_add(SKEW)),
            Self::LiveGrant => Some(calls::LONGEST.saturating_add(SKEW)),
            Self::AuditCheckpoint => None,
        }
    }
}

impl std::str::FromStr for KeyPurpose {
    type Err = UnknownKeyPurpose;

    fn from_str(text: &str) -> Result<Self, UnknownKeyPurpose> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == text).ok_or(UnknownKeyPurpose)
    }
}

/// The public part of a key, and its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Names the key: its thumbprint (RFC 7638).
    pub kid: String,
    /// What it signs.
    pub purpose: KeyPurpose,
    /// Its public part: a point of Ed25519 (RFC 8032 section 5.1.5).
    pub public_key: [u8; 32],
    /// When it was made, and published.
    pub created_at: OffsetDateTime,
    /// When it begins to sign.
    pub signs_from: OffsetDateTime,
    /// When its successor begins to sign in its place; none while it has none.
    pub retires_at: Option<OffsetDateTime>,
}

impl SigningKey {
    /// The first key of a purpose, which signs at once: nobody knows another.
    pub fn first(purpose: KeyPurpose, kid: String, public_key: [u8; 32], now: OffsetDateTime) -> Self {
        Self { kid, purpose, public_key, created_at: now, signs_from: now, retires_at: None }
    }

    /// A key that takes over from the last there is, once everybody can know it.
    pub fn after(last: &Self, kid: String, public_key: [u8; 32], now: OffsetDateTime) -> Self {
        // Whatever the clocks say of those who make keys at once, each key has its time.
        let signs_from = (now + LEAD).max(last.signs_from + Duration::SECOND);
        Self { signs_from, ..Self::first(last.purpose, kid, public_key, now) }
    }

    /// Whether it is the one of a purpose that has no end.
    pub fn is_last_of(&self, purpose: KeyPurpose) -> bool {
        self.purpose == purpose && self.retires_at.is_none()
    }

    /// The same with an end: when its successor begins.
    pub fn until(self, successor: &Self) -> Self {
        Self { retires_at: Some(successor.signs_from), ..self }
    }

    /// Whether something that it has signed, or is about to sign, can be good at `now`.
    pub fn is_published(&self, now: OffsetDateTime) -> bool {
        let end = self.retires_at.zip(self.purpose.outlives()).map(|(at, longer)| at + longer);
        end.is_none_or(|end| now < end)
    }
}

/// Which of the keys of one purpose signs at `now`: of those that have not retired the last that has begun or, while none has, the one that
/// begins next. None when all have retired, or there is none.
pub fn signing<'a>(
    keys: impl IntoIterator<Item = &'a SigningKey>,
    now: OffsetDateTime,
) -> Option<&'a SigningKey> {
    let remain = keys.into_iter().filter(|key| key.retires_at.is_none_or(|at| now < at));
    // On a node whose clock is behind the first one may not have begun.
    remain.max_by_key(|key| {
        let begun = key.signs_from <= now;
        // The one without an end begins last, unless another was taken out of use before it had begun: that one never does.
        let is_last = begun && key.retires_at.is_none();
        (begun, is_last, if begun { key.signs_from - now } else { now - key.signs_from })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = time::macros::datetime!(2026-01-02 03:04:05 UTC);

    fn first() -> SigningKey {
        SigningKey::first(KeyPurpose::AccessToken, "a".to_owned(), [0; 32], NOW)
    }

    fn after(last: &SigningKey, kid: &str, minute: i64) -> SigningKey {
        SigningKey::after(last, kid.to_owned(), [0; 32], NOW + Duration::minutes(minute))
    }

    #[test]
    fn keys_follow_each_other_without_a_gap() {
        let a = first();
        let b = after(&a, "b", 10);
        // Made before its predecessor has begun.
        let c = after(&b, "c", 15);
        let keys = [a.until(&b), b.until(&c), c];
        let at = |minute| signing(&keys, NOW + Duration::minutes(minute)).map(|key| key.kid.as_str());
        let minutes = [-1, 0, 19, 20, 24, 25, 1_000_000].map(at);
        assert_eq!(minutes, ["a", "a", "a", "b", "b", "c", "c"].map(Some));
        assert_eq!(signing([], NOW), None);
    }

    #[test]
    fn a_key_that_was_taken_out_of_use_by_hand_signs_no_more_and_does_not_begin_to_either() {
        let at = |minute| NOW + Duration::minutes(minute);
        let taken_out = |key: &SigningKey, at| SigningKey { retires_at: Some(at), ..key.clone() };
        let kid = |keys: &[&SigningKey], minute| {
            signing(keys.iter().copied(), at(minute)).map(|key| key.kid.clone())
        };
        let a = first();
        let b = after(&a, "b", 0);
        // The next one is early then, which is better than none.
        let gone = taken_out(&a, at(1));
        assert_eq!(
            [0, 1].map(|minute| kid(&[&gone, &b], minute)),
            ["a", "b"].map(|kid| Some(kid.to_owned()))
        );
        assert_eq!(kid(&[&gone], 1), None);
        // Both are gone, and what was made in their place goes on when the second was to begin.
        let in_their_place =
            SigningKey { kid: "c".to_owned(), created_at: at(2), signs_from: at(2), ..first() };
        for retires_at in [at(2), b.signs_from + Duration::SECOND, b.signs_from + Duration::HOUR] {
            let keys = [&taken_out(&a, at(2)), &taken_out(&b, retires_at), &in_their_place];
            for minute in [2, 9, 10, 11, 100] {
                assert_eq!(kid(&keys, minute).as_deref(), Some("c"), "{retires_at}, {minute}");
            }
        }
    }

    #[test]
    fn each_key_has_its_time_whatever_the_clocks_say() {
        let b = after(&first(), "b", 0);
        for minute in [0, -60] {
            assert_eq!(after(&b, "c", minute).signs_from, b.signs_from + Duration::SECOND);
        }
    }

    #[test]
    fn a_key_is_published_from_before_it_signs_until_nothing_of_it_is_good() {
        let new = after(&first(), "b", 0);
        assert!(new.is_published(NOW) && new.signs_from == NOW + LEAD);
        let old = first().until(&new);
        assert!(old.is_published(NOW + Duration::minutes(16) - Duration::SECOND));
        assert!(!old.is_published(NOW + Duration::minutes(16)));
        // Checkpoints are kept for years, and checked then.
        let of_checkpoints = SigningKey { purpose: KeyPurpose::AuditCheckpoint, ..old };
        assert!(of_checkpoints.is_published(NOW + Duration::days(36_500)));
        assert!(LEAD > CACHED + SKEW);
    }

    #[test]
    fn names_of_purposes_read_back() {
        for purpose in KeyPurpose::ALL {
            assert_eq!(purpose.as_str().parse(), Ok(purpose));
        }
        assert_eq!("checkpoint".parse::<KeyPurpose>(), Err(UnknownKeyPurpose));
    }
}
