//! Who may do what, decided in one place.
//!
//! Use cases, handlers and pages ask [`decide`]; none of them compares roles.

use std::fmt;

use crate::{Permission, PermissionSet, Role};

/// What a caller holds in the organization it acts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// A person, by role.
    Member {
        /// The role in that organization.
        role: Role,
    },
    /// A program, by the scopes of its API key.
    ApiKey {
        /// The scopes.
        scopes: PermissionSet,
    },
    /// A person who is signed in, but in no organization, or shut out of what they may do there.
    None,
}

impl Grant {
    /// Everything the grant allows, before it is asked on what.
    pub fn permissions(&self) -> PermissionSet {
        match self {
            Self::Member { role } => role.permissions(),
            Self::ApiKey { scopes } => *scopes,
            Self::None => PermissionSet::default(),
        }
    }
}

/// How it is written where what somebody holds is compared with what they held before. It stays as it is from version to version, and tells
/// any two apart.
impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member { role } => write!(f, "member {role}"),
            Self::ApiKey { scopes } => write!(f, "api_key {scopes}"),
            Self::None => f.write_str("none"),
        }
    }
}

/// What something is to be done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The organization as a whole, or a thing in it that has no role.
    Organization,
    /// Somebody who has this role, or would have it: a member, or an invitation's seat.
    Seat {
        /// That role.
        role: Role,
    },
    /// Something that is not in the caller's organization, or nowhere.
    Elsewhere,
}

/// The answer of [`decide`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Go ahead.
    Allowed,
    /// The caller may know that the thing exists, but not do this.
    Forbidden {
        /// What the caller would have to hold.
        required: Permission,
    },
    /// To the caller the thing does not exist.
    Hidden,
}

/// Decides whether `grant` allows `permission` on `target`.
///
/// The permission is asked first, so that a refusal says nothing about what exists. Power over the team
/// ends at Owners: whoever lacks `owners:manage` neither invites, makes, changes nor removes one.
///
/// ```
/// use rollcall_domain::{Permission, Role, policy::{Decision, Grant, Target, decide}};
///
/// let admin = Grant::Member { role: Role::Admin };
/// assert_eq!(decide(&admin, Permission::TeamRemove, Target::Seat { role: Role::Viewer }), Decision::Allowed);
/// assert_eq!(
///     decide(&admin, Permission::TeamRemove, Target::Seat { role: Role::Owner }),
///     Decision::Forbidden { required: Permission::OwnersManage },
/// );
/// ```
pub fn decide(grant: &Grant, permission: Permission, target: Target) -> Decision {
    let held = grant.permissions();
    if !held.contains(permission) {
        return Decision::Forbidden { required: permission };
    }
    match target {
        Target::Elsewhere => Decision::Hidden,
        Target::Seat { role: Role::Owner }
            if permission.is_power_over_the_team() && !held.contains(Permission::OwnersManage) =>
        {
            Decision::Forbidden { required: Permission::OwnersManage }
        }
        Target::Seat { .. } | Target::Organization => Decision::Allowed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_holds_its_scopes_and_nothing_else() {
        let key = Grant::ApiKey { scopes: [Permission::CallsRead].into_iter().collect() };
        assert_eq!(decide(&key, Permission::CallsRead, Target::Organization), Decision::Allowed);
        assert_eq!(
            decide(&key, Permission::CallsWrite, Target::Organization),
            Decision::Forbidden { required: Permission::CallsWrite }
        );
    }

    #[test]
    fn grants_are_written_in_a_form_that_stays() {
        let key = |scopes: &[Permission]| Grant::ApiKey { scopes: scopes.iter().copied().collect() };
        let written = [
            (Grant::None, "none"),
            (Grant::Member { role: Role::Owner }, "member owner"),
            (Grant::Member { role: Role::Admin }, "member admin"),
            (Grant::Member { role: Role::Member }, "member member"),
            (Grant::Member { role: Role::CustomerSupportAgent }, "member customer_support_agent"),
            (Grant::Member { role: Role::Viewer }, "member viewer"),
            (key(&[]), "api_key "),
            (key(&[Permission::CallsRead]), "api_key calls:read"),
            // In the order of the catalogue, however they were given.
            (key(&[Permission::CallsWrite, Permission::CallsRead]), "api_key calls:read calls:write"),
        ];
        for (grant, text) in written {
            assert_eq!(grant.to_string(), text);
        }
    }

    #[test]
    fn a_refusal_does_not_tell_whether_the_thing_exists() {
        let viewer = Grant::Member { role: Role::Viewer };
        let here = decide(&viewer, Permission::TeamRemove, Target::Seat { role: Role::Member });
        assert_eq!(decide(&viewer, Permission::TeamRemove, Target::Elsewhere), here);
        let owner = Grant::Member { role: Role::Owner };
        assert_eq!(decide(&owner, Permission::TeamRemove, Target::Elsewhere), Decision::Hidden);
    }
}
