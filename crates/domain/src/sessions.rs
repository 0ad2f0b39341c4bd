//! Sessions: a person at work, in one organization at a time.

use time::{Duration, OffsetDateTime};

use crate::{OrganizationId, SessionId, UserId};

/// A signed-in session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Names the session; the token that opens it is not kept.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The organization it works in; none when the person is in no organization.
    pub organization: Option<OrganizationId>,
    /// When its owner last proved who they are, by signing in or once more. For [`ELEVATION`] from then on the proof is fresh.
    pub authenticated_at: OffsetDateTime,
    /// When it was last used, to the minute.
    pub last_seen_at: OffsetDateTime,
    /// When it ends, however much it is used.
    pub expires_at: OffsetDateTime,
}

/// How long a proof of who somebody is counts as fresh, for what is especially sensitive.
pub const ELEVATION: Duration = Duration::minutes(10);

/// How long sessions live (ASVS 7.3.1 and 7.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// How long a session lasts that is not used, counted from [`Session::last_seen_at`].
    pub idle: Duration,
    /// How long a session lasts at the most, counted from when somebody signed in.
    pub absolute: Duration,
}

impl Session {
    /// Whether the session is still good at `now`: both ends are exclusive.
    pub fn is_live(&self, now: OffsetDateTime, lifetimes: Lifetimes) -> bool {
        now < self.expires_at && now < self.last_seen_at + lifetimes.idle
    }

    /// Whether its last use is worth writing down again: only once a minute, so that reading stays reading.
    pub fn is_stale(&self, now: OffsetDateTime) -> bool {
        now - self.last_seen_at >= Duration::MINUTE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asvs_7_3_a_session_ends_by_idleness_and_by_age() {
        let start = OffsetDateTime::UNIX_EPOCH;
        let lifetimes = Lifetimes { idle: Duration::hours(24), absolute: Duration::days(30) };
        let session = Session {
            id: SessionId::from_parts(0, &[0; 10]),
            user: UserId::from_parts(0, &[0; 10]),
            organization: None,
            authenticated_at: start,
            last_seen_at: start + Duration::days(29),
            expires_at: start + lifetimes.absolute,
        };
        assert!(session.is_live(start + Duration::days(29), lifetimes));
        assert!(!session.is_live(start + Duration::days(30), lifetimes));
        let unused = Session { last_seen_at: start, ..session };
        assert!(unused.is_live(start + Duration::hours(24) - Duration::SECOND, lifetimes));
        assert!(!unused.is_live(start + Duration::hours(24), lifetimes));
    }
}
