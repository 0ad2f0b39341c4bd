//! Typed identifiers: a prefix that says what is named, and a UUIDv7.
//!
//! Written as TypeIDs (specification 0.3): `org_01h455vb4pex5vsknk084sn02q`. The type of an id is in its
//! Rust type, so that a user's id cannot be passed where an organization's is wanted.

use std::{fmt, marker::PhantomData, str::FromStr};

use uuid::Uuid;

/// Crockford's base32 in lower case: no letter looks like another, and a double click selects it all. The TypeID
/// specification fixes it for ids; slugs and tokens use it too.
pub const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// How many characters of five bits carry the 128 bits of a UUID.
const ENCODED: usize = 26;

/// What kind of thing an [`Id`] names.
pub trait Kind {
    /// What stands before the last underscore: lower-case letters and underscores, at most 63 of them (TypeID 0.3).
    const PREFIX: &'static str;
}

/// An identifier of one kind of thing.
///
/// There is one way to write each, which is also how it is serialized. Its form is checked, not that it is of version 7. Ids are in the order
/// of their bits: those of [`from_parts`](Self::from_parts) in the order in which they were made, to the millisecond.
///
/// ```
/// use rollcall_domain::OrganizationId;
///
/// let id: OrganizationId = "org_01h455vb4pex5vsknk084sn02q".parse()?;
/// assert_eq!(id.to_string(), "org_01h455vb4pex5vsknk084sn02q");
/// assert!("user_01h455vb4pex5vsknk084sn02q".parse::<OrganizationId>().is_err());
/// # Ok::<(), rollcall_domain::id::InvalidId>(())
/// ```
pub struct Id<K> {
    uuid: Uuid,
    kind: PhantomData<fn() -> K>,
}

/// The text is not an id of the expected kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an id that starts with `{prefix}_`")]
pub struct InvalidId {
    prefix: &'static str,
}

impl<K: Kind> Id<K> {
    /// The id with these 128 bits, of whichever version.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self { uuid, kind: PhantomData }
    }

    /// A new id: version 7 of RFC 9562 (section 5.7), from milliseconds since 1970 and ten random bytes. It keeps the last 48 bits of the
    /// milliseconds and 74 bits of chance.
    pub const fn from_parts(unix_millis: u64, random: &[u8; 10]) -> Self {
        Self::from_uuid(uuid::Builder::from_unix_timestamp_millis(unix_millis, random).into_uuid())
    }

    /// When it was made, in milliseconds since 1970. Of an id of another version than 7 it says nothing.
    pub const fn made_at(&self) -> u64 {
        (self.uuid.as_u128() >> 80) as u64
    }

    /// The 128 bits, as databases store them.
    pub const fn uuid(&self) -> Uuid {
        self.uuid
    }
}

impl<K: Kind> FromStr for Id<K> {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = InvalidId { prefix: K::PREFIX };
        let encoded = text.strip_prefix(K::PREFIX).and_then(|rest| rest.strip_prefix('_')).ok_or(invalid)?;
        // The first character carries three bits: anything above `7` would overflow 128 bits.
        if encoded.len() != ENCODED || encoded.as_bytes()[0] > b'7' {
            return Err(invalid);
        }
        let mut bits: u128 = 0;
        for byte in encoded.bytes() {
            let digit = ALPHABET.iter().position(|letter| *letter == byte).ok_or(invalid)?;
            bits = bits << 5 | digit as u128;
        }
        Ok(Self::from_uuid(Uuid::from_u128(bits)))
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bits = self.uuid.as_u128();
        let mut encoded = [0; ENCODED];
        for letter in encoded.iter_mut().rev() {
            *letter = ALPHABET[(bits & 31) as usize];
            bits >>= 5;
        }
        f.write_str(K::PREFIX)?;
        f.write_str("_")?;
        // The alphabet is ASCII.
        f.write_str(str::from_utf8(&encoded).map_err(|_| fmt::Error)?)
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

// Derives would ask `K` for the same traits, which a mere name of a kind need not have.
impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Id<K> {}

impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}

impl<K> Eq for Id<K> {}

impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.uuid.cmp(&other.uuid)
    }
}

impl<K> std::hash::Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}

impl<K: Kind> serde::Serialize for Id<K> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: Kind> serde::Deserialize<'de> for Id<K> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $alias:ident = $kind:ident, $prefix:literal;)*) => {$(
        #[doc = concat!("The kind of [`", stringify!($alias), "`].")]
        #[derive(Debug)]
        pub enum $kind {}

        impl Kind for $kind {
            const PREFIX: &'static str = $prefix;
        }

        $(#[$doc])*
        #[doc = concat!("Written `", $prefix, "_…`.")]
        pub type $alias = Id<$kind>;
    )*};
}

ids! {
    /// Names an organization.
    OrganizationId = Organization, "org";
    /// Names a person's account.
    UserId = User, "user";
    /// Names an invitation.
    InvitationId = Invitation, "inv";
    /// Names a session.
    SessionId = Session, "sess";
    /// Names an API key.
    ApiKeyId = ApiKey, "key";
    /// Names a call.
    CallId = Call, "call";
    /// Names a live grant, which is good for one entrance into a call.
    LiveGrantId = LiveGrant, "live";
    /// Names the recording of a call.
    RecordingId = Recording, "rec";
    /// Names the wait of a call for a human agent.
    EscalationId = Escalation, "esc";
    /// Names an audit event.
    EventId = Event, "evt";
    /// Names a mail in the outbox.
    MailId = Mail, "mail";
    /// Names a sign-up that waits for its address to be confirmed.
    SignupId = Signup, "signup";
    /// Names a request for another password in place of a forgotten one.
    PasswordResetId = PasswordReset, "reset";
    /// Names an access token.
    AccessTokenId = AccessToken, "at";
    /// Names a passkey.
    PasskeyId = Passkey, "pkey";
    /// Names a request for another address.
    EmailChangeId = EmailChange, "email_change";
    /// Names a sign-in that waits for its second step.
    MfaChallengeId = MfaChallenge, "mfa";
    /// Names a notice to an address that its account may not have any more.
    NoticeId = Notice, "notice";
    /// Names a checkpoint on its way to a witness.
    DeliveryId = Delivery, "delivery";
    /// Names a change of an organization's plan.
    PlanChangeId = PlanChange, "plan_change";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specification_s_examples_hold() {
        for (text, uuid) in [
            ("org_00000000000000000000000000", "00000000-0000-0000-0000-000000000000"),
            ("org_0000000000000000000000000g", "00000000-0000-0000-0000-000000000010"),
            ("org_7zzzzzzzzzzzzzzzzzzzzzzzzz", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
            ("org_01h455vb4pex5vsknk084sn02q", "01890a5d-ac96-774b-bcce-b302099a8057"),
        ] {
            let id: OrganizationId = text.parse().expect("a valid id");
            assert_eq!(id.uuid().to_string(), uuid);
            assert_eq!(id.to_string(), text);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "org",
            "org_",
            "user_01h455vb4pex5vsknk084sn02q",
            "ORG_01h455vb4pex5vsknk084sn02q",
            "org_01H455VB4PEX5VSKNK084SN02Q",
            "org_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "org_01h455vb4pex5vsknk084sn02",
            "org_01h455vb4pex5vsknk084sn02qq",
            "org_01h455vb4pex5vsknk084sn02u",
            "org_01h455vb4pex5vsknk084sn0é",
            "org__01h455vb4pex5vsknk084sn02q",
        ] {
            assert!(text.parse::<OrganizationId>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_new_id_is_version_seven_and_sorts_by_time() {
        let earlier = UserId::from_parts(1_700_000_000_000, &[255; 10]);
        let later = UserId::from_parts(1_700_000_000_001, &[0; 10]);
        assert_eq!(earlier.uuid().get_version_num(), 7);
        assert!(earlier < later && earlier.to_string() < later.to_string());
        assert_eq!(later.made_at(), 1_700_000_000_001);
    }
}
