//! The team: who is in an organization, in which role, and how that may change.

use std::str::FromStr;

use time::OffsetDateTime;

use crate::{
    Permission, Role, UserId, Version,
    policy::{self, Decision, Grant, Target},
};

/// Somebody's place in an organization: all that the rules about the team look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// Whose place it is.
    pub user: UserId,
    /// As what.
    pub role: Role,
}

/// A member as the team sees them.
#[derive(Debug, Clone)]
pub struct Member {
    /// Whose place it is, and as what.
    pub membership: Membership,
    /// The address of their account, as it was typed.
    pub email: String,
    /// The name of their account.
    pub name: String,
    /// Whether the account may sign in.
    pub status: MemberStatus,
    /// When they came in.
    pub joined_at: OffsetDateTime,
    /// Whether a second factor is on.
    pub mfa_enabled: bool,
    /// When they were last at work in this organization, to the minute; none if they never were.
    pub last_seen_at: Option<OffsetDateTime>,
    /// Counts the changes of the membership and of the account.
    pub changes: i32,
}

impl Member {
    /// Which version of the membership it is, for `If-Match`. Whoever has been removed and is back has another.
    pub fn version(&self) -> Version {
        Version::since(self.joined_at, self.changes)
    }
}

/// What members are searched for by: a part of a name or an address, at most 100 characters; an empty one finds everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberSearch(String);

impl MemberSearch {
    /// The most characters of one.
    pub const MOST: usize = 100;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is too long to be in a name, or holds what no name can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be at most {} visible characters long", MemberSearch::MOST)]
pub struct InvalidMemberSearch;

impl FromStr for MemberSearch {
    type Err = InvalidMemberSearch;

    fn from_str(text: &str) -> Result<Self, InvalidMemberSearch> {
        let fits = text.chars().count() <= Self::MOST && !text.chars().any(char::is_control);
        fits.then(|| Self(text.to_owned())).ok_or(InvalidMemberSearch)
    }
}

/// Whether a member may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberStatus {
    /// May sign in.
    Active,
    /// The platform's operator has suspended the account.
    Suspended,
}

impl MemberStatus {
    /// Every status.
    pub const ALL: [Self; 2] = [Self::Active, Self::Suspended];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }
}

/// The text names no status of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of active, suspended")]
pub struct UnknownMemberStatus;

impl FromStr for MemberStatus {
    type Err = UnknownMemberStatus;

    fn from_str(text: &str) -> Result<Self, UnknownMemberStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(UnknownMemberStatus)
    }
}

/// Why a change of the team is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TeamRefusal {
    /// The acting member lacks a permission.
    Forbidden {
        /// That permission.
        required: Permission,
    },
    /// It would leave the organization without an Owner.
    LastOwner,
}

/// A change of role that has been decided.
///
/// ```
/// use rollcall_domain::{Role, UserId, members::{Membership, RoleChange, TeamRefusal}};
///
/// let owner = Membership { user: UserId::from_parts(0, &[1; 10]), role: Role::Owner };
/// assert_eq!(RoleChange::decide(owner, owner, Role::Admin, 1), Err(TeamRefusal::LastOwner));
/// assert!(RoleChange::decide(owner, owner, Role::Admin, 2).is_ok());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleChange {
    user: UserId,
    from: Role,
    to: Role,
}

impl RoleChange {
    /// Decides whether `actor` may give `target` the role `to`, when the organization has `owners` Owners.
    ///
    /// # Errors
    /// An Admin neither touches an Owner nor makes one, nobody raises themselves, and one Owner stays.
    pub fn decide(
        actor: Membership,
        target: Membership,
        to: Role,
        owners: usize,
    ) -> Result<Self, TeamRefusal> {
        for role in [target.role, to] {
            permit(actor, Permission::TeamUpdateRole, role)?;
        }
        if actor.user == target.user && to.outranks(actor.role) {
            return Err(TeamRefusal::Forbidden { required: Permission::OwnersManage });
        }
        if target.role == Role::Owner && to != Role::Owner && owners <= 1 {
            return Err(TeamRefusal::LastOwner);
        }
        Ok(Self { user: target.user, from: target.role, to })
    }

    /// Whose role changes.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// The role before.
    pub fn from(&self) -> Role {
        self.from
    }

    /// The role after.
    pub fn to(&self) -> Role {
        self.to
    }

    /// Whether the role after is the role before.
    pub fn is_nothing(&self) -> bool {
        self.from == self.to
    }
}

/// The end of a membership that has been decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Departure {
    membership: Membership,
}

impl Departure {
    /// Decides whether `actor` may remove `target`, when the organization has `owners` Owners.
    ///
    /// # Errors
    /// An Admin does not remove an Owner, and the last Owner stays.
    pub fn removal(actor: Membership, target: Membership, owners: usize) -> Result<Self, TeamRefusal> {
        permit(actor, Permission::TeamRemove, target.role)?;
        Self::unless_last(target, owners)
    }

    /// Decides whether a member may leave, when the organization has `owners` Owners.
    ///
    /// # Errors
    /// The last Owner stays.
    pub fn leave(member: Membership, owners: usize) -> Result<Self, TeamRefusal> {
        Self::unless_last(member, owners)
    }

    fn unless_last(membership: Membership, owners: usize) -> Result<Self, TeamRefusal> {
        if membership.role == Role::Owner && owners <= 1 {
            return Err(TeamRefusal::LastOwner);
        }
        Ok(Self { membership })
    }

    /// Who goes, and what they were.
    pub fn membership(&self) -> Membership {
        self.membership
    }
}

fn permit(actor: Membership, permission: Permission, role: Role) -> Result<(), TeamRefusal> {
    match policy::decide(&Grant::Member { role: actor.role }, permission, Target::Seat { role }) {
        Decision::Allowed => Ok(()),
        Decision::Forbidden { required } => Err(TeamRefusal::Forbidden { required }),
        // A seat is never elsewhere; were it so, refusing is right.
        Decision::Hidden => Err(TeamRefusal::Forbidden { required: permission }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn membership(number: u8, role: Role) -> Membership {
        Membership { user: UserId::from_parts(0, &[number; 10]), role }
    }

    #[test]
    fn nothing_is_searched_for_that_no_name_holds() {
        assert_eq!("Grace H".parse::<MemberSearch>().as_ref().map(MemberSearch::as_str), Ok("Grace H"));
        assert!("ä".repeat(MemberSearch::MOST).parse::<MemberSearch>().is_ok());
        for wrong in ["\0", "a\nb", &"x".repeat(MemberSearch::MOST + 1)] {
            assert_eq!(wrong.parse::<MemberSearch>(), Err(InvalidMemberSearch), "{wrong:?}");
        }
    }

    #[test]
    fn an_admin_neither_touches_nor_makes_an_owner() {
        let admin = membership(1, Role::Admin);
        let refused = Err(TeamRefusal::Forbidden { required: Permission::OwnersManage });
        for to in Role::ALL {
            assert_eq!(RoleChange::decide(admin, membership(2, Role::Owner), to, 2), refused);
        }
        for from in Role::ALL {
            assert_eq!(RoleChange::decide(admin, membership(2, from), Role::Owner, 2), refused);
        }
        let removal = Departure::removal(admin, membership(2, Role::Owner), 2);
        assert_eq!(removal.map(|_| ()), refused.map(|_| ()));
    }

    #[test]
    fn nobody_raises_themselves() {
        for from in Role::ALL {
            for to in Role::ALL {
                let myself = membership(1, from);
                let decided = RoleChange::decide(myself, myself, to, 2);
                assert!(decided.is_err() || !to.outranks(from), "{from} to {to}");
            }
        }
    }

    #[test]
    fn the_last_owner_stays() {
        let owner = membership(1, Role::Owner);
        assert_eq!(RoleChange::decide(owner, owner, Role::Admin, 1), Err(TeamRefusal::LastOwner));
        assert_eq!(Departure::leave(owner, 1), Err(TeamRefusal::LastOwner));
        assert_eq!(Departure::removal(owner, owner, 1), Err(TeamRefusal::LastOwner));
        assert!(RoleChange::decide(owner, owner, Role::Owner, 1).is_ok_and(|change| change.is_nothing()));
        assert!(Departure::leave(owner, 2).is_ok());
    }

    #[test]
    fn whoever_has_no_power_over_the_team_changes_nothing() {
        for role in [Role::Member, Role::CustomerSupportAgent, Role::Viewer] {
            let actor = membership(1, role);
            for target in Role::ALL {
                assert!(RoleChange::decide(actor, membership(2, target), Role::Viewer, 2).is_err());
                assert!(Departure::removal(actor, membership(2, target), 2).is_err());
            }
            assert!(Departure::leave(actor, 1).is_ok());
        }
    }
}
