//! Which of some permissions the caller has.

use rollcall_domain::{
    Permission,
    policy::{self, Decision, Grant, Target},
};

use crate::Principal;

/// The answer about one permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The permission.
    pub permission: Permission,
    /// Why not; none when it is allowed.
    pub refused: Option<Reason>,
}

/// Why a permission is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The caller's role does not carry it.
    RoleLacksPermission,
    /// The caller's API key has no such scope.
    ScopeLacksPermission,
    /// The organization asks for a second factor, and the caller's time to set one up is over.
    MfaRequired,
    /// The caller is in no organization, so there is nothing to have it on.
    NoOrganization,
    /// The person is not in the organization, or there is no such organization: nobody is told which.
    NotAMember,
    /// The platform's operator has suspended the account.
    Suspended,
}

impl Reason {
    /// The stable code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RoleLacksPermission => "role_lacks_permission",
            Self::ScopeLacksPermission => "scope_lacks_permission",
            Self::MfaRequired => "mfa_required",
            Self::NoOrganization => "no_organization",
            Self::NotAMember => "not_a_member",
            Self::Suspended => "suspended",
        }
    }
}

/// Answers about each permission, in the order asked.
pub fn check(principal: &Principal, permissions: &[Permission]) -> Vec<Answer> {
    let grant = principal.grant();
    let reason = match grant {
        _ if principal.must_enrol() => Reason::MfaRequired,
        Grant::Member { .. } => Reason::RoleLacksPermission,
        Grant::ApiKey { .. } => Reason::ScopeLacksPermission,
        Grant::None => Reason::NoOrganization,
    };
    permissions
        .iter()
        .map(|permission| Answer {
            permission: *permission,
            refused: match policy::decide(&grant, *permission, Target::Organization) {
                Decision::Allowed => None,
                Decision::Forbidden { .. } | Decision::Hidden => Some(reason),
            },
        })
        .collect()
}
