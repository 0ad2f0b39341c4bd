//! The five roles of a member.

use std::{fmt, str::FromStr};

use crate::{Permission, PermissionSet};

/// What a member is in an organization. What each may do is fixed in `permissions.csv`.
///
/// ```
/// use rollcall_domain::Role;
///
/// assert_eq!("admin".parse(), Ok(Role::Admin));
/// assert_eq!(Role::CustomerSupportAgent.display_name(), "Customer Support Agent");
/// assert!(Role::Owner.outranks(Role::Admin) && !Role::Viewer.outranks(Role::Member));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything, billing and API keys included. There is always at least one.
    Owner,
    /// Configures agents, flows, channels and the team; no billing, and no power over Owners.
    Admin,
    /// Uses the Playground, reads call history, watches Live Space.
    Member,
    /// Works the escalation queue; whispers and barges in Live Space.
    CustomerSupportAgent,
    /// Reads analytics, call history and agent configurations.
    Viewer,
}

/// The text names no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of owner, admin, member, customer_support_agent, viewer")]
pub struct UnknownRole;

impl Role {
    /// Every role, the most powerful first.
    pub const ALL: [Self; 5] =
        [Self::Owner, Self::Admin, Self::Member, Self::CustomerSupportAgent, Self::Viewer];

    /// The stable name, as it stands in the API, in the database and in `permissions.csv`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
            Self::CustomerSupportAgent => "customer_support_agent",
            Self::Viewer => "viewer",
        }
    }

    /// The name that people read, in English.
    pub const fn display_name(self) -> &'static str {
        match self {
            Self::Owner => "Owner",
            Self::Admin => "Admin",
            Self::Member => "Member",
            Self::CustomerSupportAgent => "Customer Support Agent",
            Self::Viewer => "Viewer",
        }
    }

    /// Whether the role carries `permission`.
    ///
    /// ```
    /// use rollcall_domain::{Permission, Role};
    /// assert!(Role::Admin.grants(Permission::AgentsManage));
    /// assert!(!Role::Admin.grants(Permission::BillingRead));
    /// ```
    #[inline]
    pub const fn grants(self, permission: Permission) -> bool {
        self.permissions().contains(permission)
    }

    /// Everything the role carries.
    #[inline]
    pub const fn permissions(self) -> PermissionSet {
        PermissionSet::of_role(self)
    }

    /// Whether every permission of `other` is one of this role's too, and not the other way round.
    pub const fn outranks(self, other: Self) -> bool {
        let (mine, theirs) = (self.permissions(), other.permissions());
        mine.contains_all(theirs) && !theirs.contains_all(mine)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

impl serde::Serialize for Role {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Role {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_outranks_everybody_and_nobody_outranks_an_owner() {
        for role in Role::ALL {
            assert_eq!(Role::Owner.outranks(role), role != Role::Owner);
            assert!(!role.outranks(Role::Owner));
        }
    }

    #[test]
    fn names_read_back() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        assert_eq!("Owner".parse::<Role>(), Err(UnknownRole));
    }
}
