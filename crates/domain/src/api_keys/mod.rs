//! API keys: programs at work in an organization, with no person behind them.
//!
//! A key belongs to its organization, not to whoever made it. It carries scopes, which are permissions, and it may be held to an
//! end, to networks and to a pace of its own.
//!
//! ```
//! use rollcall_domain::{Permission, api_keys::Scopes};
//!
//! assert!(Scopes::new([Permission::CallsRead, Permission::CallsWrite]).is_ok());
//! assert!(Scopes::new([Permission::ApiKeysManage]).is_err());
//! ```

mod networks;
mod pace;
mod text;

pub use networks::{InvalidNetworks, Networks};
pub use pace::{InvalidRateLimit, RateLimit, RateLimitState};
pub use text::{InvalidPrefix, KeyPrefix, MARK, mint, prefix_of};
use time::{Duration, OffsetDateTime};

use crate::{ApiKeyId, Permission, PermissionSet, Text, UserId};

/// What a key is called: 1 to 100 characters.
pub type KeyName = Text<100>;

/// The longest that the secret of before may go on working after a new one was made.
pub const LONGEST_OVERLAP: Duration = Duration::days(7);

/// An API key. What opens it is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Names the key.
    pub id: ApiKeyId,
    /// How every secret of it begins; that much may be shown and logged.
    pub prefix: KeyPrefix,
    /// What it is called.
    pub name: KeyName,
    /// What it may do.
    pub scopes: Scopes,
    /// From where it may be used.
    pub networks: Networks,
    /// How much it may be used; none when only the service's own limits hold.
    pub rate_limit: Option<RateLimit>,
    /// Whom to ask about it: who made it, or took it over. None once they have left.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it ends; none when it does not by itself.
    pub expires_at: Option<OffsetDateTime>,
    /// When it was ended; none as long as it was not.
    pub revoked_at: Option<OffsetDateTime>,
    /// Counts its changes, for `If-Match`.
    pub version: i32,
}

impl ApiKey {
    /// Whether it can be used at `now`: its end does not belong to its life.
    pub fn is_live(&self, now: OffsetDateTime) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether it is good for more than `before`: for something else, from elsewhere, faster, or for longer.
    pub fn is_wider_than(&self, before: &Self) -> bool {
        let longer = before.expires_at.is_some_and(|end| self.expires_at.is_none_or(|new| new > end));
        let faster =
            before.rate_limit.is_some_and(|old| self.rate_limit.is_none_or(|new| new.is_more_than(old)));
        let more = !before.scopes.permissions().contains_all(self.scopes.permissions());
        longer || faster || more || !before.networks.contain_all(&self.networks)
    }
}

/// What a key may do: at least one permission, and only such as keys may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scopes(PermissionSet);

/// The permissions are no scopes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidScopes {
    /// There are none.
    #[error("must hold at least one permission")]
    Empty,
    /// One of them is for people only.
    #[error("must not hold {0}, which is for people only")]
    ForPeople(Permission),
}

impl Scopes {
    /// The scopes with these permissions.
    ///
    /// # Errors
    /// [`InvalidScopes`].
    pub fn new(permissions: impl IntoIterator<Item = Permission>) -> Result<Self, InvalidScopes> {
        let set: PermissionSet = permissions.into_iter().collect();
        if let Some(permission) = set.iter().find(|permission| !permission.allowed_for_api_keys()) {
            return Err(InvalidScopes::ForPeople(permission));
        }
        if set == PermissionSet::default() { Err(InvalidScopes::Empty) } else { Ok(Self(set)) }
    }

    /// The permissions.
    pub const fn permissions(self) -> PermissionSet {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    #[test]
    fn scopes_are_those_that_the_table_gives_to_keys() {
        assert_eq!(Scopes::new([]), Err(InvalidScopes::Empty));
        for permission in Permission::ALL {
            assert_eq!(Scopes::new([permission]).is_ok(), permission.allowed_for_api_keys(), "{permission}");
        }
    }

    fn key() -> ApiKey {
        ApiKey {
            id: ApiKeyId::from_parts(0, &[0; 10]),
            prefix: KeyPrefix::from_random([0; 16]),
            name: "CI".parse().expect("a name"),
            scopes: Scopes::new([Permission::CallsRead]).expect("scopes"),
            networks: Networks::default(),
            rate_limit: None,
            created_by: None,
            created_at: NOW,
            expires_at: Some(NOW + Duration::DAY),
            revoked_at: None,
            version: 1,
        }
    }

    #[test]
    fn a_key_ends_by_its_age_or_by_being_revoked() {
        let key = key();
        assert!(key.is_live(NOW + Duration::DAY - Duration::NANOSECOND) && !key.is_live(NOW + Duration::DAY));
        assert!(!ApiKey { revoked_at: Some(NOW), ..key.clone() }.is_live(NOW));
        assert!(ApiKey { expires_at: None, ..key }.is_live(NOW + Duration::days(100_000)));
    }

    #[test]
    fn a_key_is_wider_that_is_good_for_anything_more() {
        let networks = |texts: &[&str]| Networks::parse(texts).expect("networks");
        let limit = |requests, seconds| RateLimit::new(requests, seconds).expect("a limit");
        let held = ApiKey { networks: networks(&["192.0.2.0/24"]), rate_limit: Some(limit(10, 10)), ..key() };
        let both = Scopes::new([Permission::CallsRead, Permission::CallsWrite]).expect("scopes");
        for wider in [
            ApiKey { scopes: both, ..held.clone() },
            ApiKey { expires_at: None, ..held.clone() },
            ApiKey { expires_at: Some(NOW + Duration::days(2)), ..held.clone() },
            ApiKey { networks: Networks::default(), ..held.clone() },
            ApiKey { networks: networks(&["192.0.2.0/25", "192.0.3.1"]), ..held.clone() },
            ApiKey { networks: networks(&["192.0.0.0/16"]), ..held.clone() },
            ApiKey { rate_limit: None, ..held.clone() },
            ApiKey { rate_limit: Some(limit(11, 100)), ..held.clone() },
            ApiKey { rate_limit: Some(limit(10, 9)), ..held.clone() },
        ] {
            assert!(wider.is_wider_than(&held), "{wider:?}");
        }
        for other in [
            held.clone(),
            ApiKey { name: "Other".parse().expect("a name"), ..held.clone() },
            ApiKey { expires_at: Some(NOW), ..held.clone() },
            ApiKey { networks: networks(&["192.0.2.0/25", "192.0.2.200"]), ..held.clone() },
            ApiKey { rate_limit: Some(limit(5, 5)), ..held.clone() },
        ] {
            assert!(!other.is_wider_than(&held), "{other:?}");
        }
        assert!(!held.is_wider_than(&ApiKey { scopes: both, ..key() }), "of all that it may lose");
    }
}
