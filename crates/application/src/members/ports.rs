//! What is kept of the team.

use async_trait::async_trait;
use rollcall_domain::{
    EmailAddress, OrganizationId, Role, UserId,
    members::{Member, MemberSearch, MemberStatus, Membership},
    organizations::Organization,
};
use time::OffsetDateTime;

use crate::{Page, PageRequest, ports::StoreError};

/// Which members are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberFilter {
    /// Only those in this role.
    pub role: Option<Role>,
    /// Only those in this state.
    pub status: Option<MemberStatus>,
    /// Only those whose name or address holds this, whatever its case.
    pub search: Option<MemberSearch>,
}

/// Where a member stands in the list, which is ordered by when they came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MemberKey {
    /// When they came in.
    pub joined_at: OffsetDateTime,
    /// Who they are.
    pub user: UserId,
}

/// What the removal of a member would touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offboarding {
    /// Sessions in the organization that would end.
    pub sessions: u32,
    /// API keys that the member has made or taken over, and that can be used. They stay.
    pub api_keys: u32,
    /// Open invitations that the member stands behind.
    pub pending_invitations: u32,
    /// Calls that the member has claimed. They would wait again.
    pub claimed_calls: u32,
    /// Whether the organization would be left without an Owner, so that the removal would be refused.
    pub sole_owner: bool,
}

/// What decides what a member may do in an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundSeat {
    /// Their role.
    pub role: Role,
    /// Whether their account is suspended.
    pub status: MemberStatus,
    /// Whether the organization is.
    pub organization_suspended: bool,
    /// Whether they have to set up a second factor before anything else.
    pub mfa_overdue: bool,
}

/// A member who invites an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inviter {
    /// Their role.
    pub role: Role,
    /// Whether the address belongs to a member.
    pub invites_member: bool,
}

/// Reads whole teams: so often that no view is opened for it.
#[async_trait]
pub trait Teams: Send + Sync {
    /// A page of all members of an organization, and of no other, as the database has it at this moment: those who came in first at its
    /// beginning.
    async fn page(
        &self,
        organization: OrganizationId,
        page: &PageRequest<MemberKey>,
    ) -> Result<Page<Member, MemberKey>, StoreError>;
}

/// Reads the team of the scope's organization.
#[async_trait]
pub trait MembersView {
    /// A member; nobody, once the organization is deleted.
    async fn member_find(
        &mut self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<Member>, StoreError>;

    /// Whether the scope's account is in any other organization than the scope's.
    async fn member_elsewhere(
        &mut self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<bool, StoreError>;

    /// A page of the members that fit, those who came in first at its beginning. Whoever wants all, and nothing else of the same moment,
    /// asks [`Teams`].
    async fn members_page(
        &mut self,
        organization: OrganizationId,
        filter: &MemberFilter,
        page: &PageRequest<MemberKey>,
    ) -> Result<Page<Member, MemberKey>, StoreError>;

    /// How many members there are.
    async fn members_count(&mut self, organization: OrganizationId) -> Result<u64, StoreError>;

    /// How many Owners there are.
    async fn owners_count(&mut self, organization: OrganizationId) -> Result<usize, StoreError>;

    /// Who the Owners are.
    async fn owners(&mut self, organization: OrganizationId) -> Result<Vec<UserId>, StoreError>;

    /// What removing a member would touch.
    async fn offboarding(
        &mut self,
        organization: OrganizationId,
        user: UserId,
        now: OffsetDateTime,
    ) -> Result<Offboarding, StoreError>;
}

/// Changes the team of the scope's organization.
#[async_trait]
pub trait Members {
    /// Waits until nobody else is changing who owns the organization, and keeps others waiting until the
    /// end of the transaction. Taken before memberships are read to decide about them.
    async fn team_lock(&mut self, organization: OrganizationId) -> Result<(), StoreError>;

    /// An organization and somebody's role in it. The organization is not deleted before the end of the transaction, so
    /// whoever finds a seat there may sit down.
    async fn seat_of(
        &mut self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<(Organization, Role)>, StoreError>;

    /// What a member is, which stays so until the end of the transaction, as does the organization; nobody, once that is deleted or
    /// suspended.
    async fn member_hold(
        &mut self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<Role>, StoreError>;

    /// As [`member_hold`](Self::member_hold), and whether the invited address belonged to a member at that moment: one visit for both.
    async fn member_hold_inviting(
        &mut self,
        organization: OrganizationId,
        user: UserId,
        invited: &EmailAddress,
    ) -> Result<Option<Inviter>, StoreError>;

    /// Waits until whatever a member is in the middle of is done, and keeps them from anything else until the end of the transaction.
    /// Taken before what hangs on the membership is read, and before their agent and their sessions are locked, as whoever acts by it
    /// does. In the scope of an account, it locks the memberships of that account.
    async fn member_lock(&mut self, organization: OrganizationId, user: UserId) -> Result<(), StoreError>;

    /// Adds somebody. Where everybody needs a second factor, they are given a deadline, or keep the one that they have from before.
    ///
    /// # Errors
    /// [`StoreError::AlreadyMember`].
    async fn member_add(
        &mut self,
        membership: Membership,
        organization: OrganizationId,
        at: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// Gives a member another role.
    async fn member_set_role(
        &mut self,
        organization: OrganizationId,
        user: UserId,
        role: Role,
    ) -> Result<(), StoreError>;

    /// Takes somebody out. Their sessions in the organization end with the membership.
    async fn member_remove(&mut self, organization: OrganizationId, user: UserId) -> Result<(), StoreError>;
}
