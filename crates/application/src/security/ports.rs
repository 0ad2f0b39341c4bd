//! What is kept of an organization's security controls.

use async_trait::async_trait;
use rollcall_domain::{
    EmailAddress, OrganizationId, UserId,
    accounts::PersonName,
    members::Membership,
    security::{Control, MfaRule, RuleChange},
};
use time::OffsetDateTime;

use crate::{Page, PageRequest, members::MemberKey, ports::StoreError};

/// The rule about second factors, and who has last changed it.
#[derive(Debug, Clone, Default)]
pub struct KeptRule {
    /// The rule.
    pub rule: MfaRule,
    /// When it was last changed; none where nobody ever has.
    pub changed_at: Option<OffsetDateTime>,
    /// By whom, as long as they are a member.
    pub changed_by: Option<Changer>,
    /// Counts its changes, for `If-Match`.
    pub version: i32,
}

/// A control of those that plans are told apart by, and who has last switched it.
#[derive(Debug, Clone)]
pub struct KeptControl {
    /// Which one.
    pub control: Control,
    /// Whether it is on.
    pub enabled: bool,
    /// When it was last switched; none where nobody ever has.
    pub changed_at: Option<OffsetDateTime>,
    /// By whom, as long as they are a member.
    pub changed_by: Option<Changer>,
    /// Counts its changes.
    pub version: i32,
}

impl KeptControl {
    /// A control that nobody has ever switched.
    pub const fn off(control: Control) -> Self {
        Self { control, enabled: false, changed_at: None, changed_by: None, version: 0 }
    }
}

/// The member who has changed something.
#[derive(Debug, Clone)]
pub struct Changer {
    /// Who it is.
    pub id: UserId,
    /// The address.
    pub email: EmailAddress,
    /// The name.
    pub name: PersonName,
}

/// A member who has no second factor.
#[derive(Debug, Clone)]
pub struct Affected {
    /// Who it is, and as what.
    pub membership: Membership,
    /// The address.
    pub email: String,
    /// The name.
    pub name: String,
    /// By when they need one, if they have ever been given a deadline here.
    pub deadline_at: Option<OffsetDateTime>,
}

/// By when somebody needs, or needed, a second factor in an organization. It outlives their membership and the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptDeadline {
    /// In which.
    pub organization: OrganizationId,
    /// Who.
    pub user: UserId,
    /// The moment from which they are kept from work without one.
    pub at: OffsetDateTime,
}

/// A member to whom a letter about their deadline is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notified {
    /// Who it is.
    pub user: UserId,
    /// Whether it is the first.
    pub first: bool,
}

/// Reads the security controls of the scope's organization.
#[async_trait]
pub trait SecurityView {
    /// The rule about second factors; as it is by itself, where nobody has ever changed it.
    async fn mfa_rule_find(&mut self, organization: OrganizationId) -> Result<KeptRule, StoreError>;

    /// Every control of those that plans are told apart by, in the order of [`Control::SOLD`].
    async fn controls(&mut self, organization: OrganizationId) -> Result<Vec<KeptControl>, StoreError>;

    /// A page of the members who have no second factor, those who came in first at its beginning.
    async fn mfa_impact_page(
        &mut self,
        organization: OrganizationId,
        page: &PageRequest<MemberKey>,
    ) -> Result<Page<Affected, MemberKey>, StoreError>;

    /// A page of the deadlines that people have been given in the scope's organization, also of those who have left.
    async fn mfa_deadlines_page(
        &mut self,
        organization: OrganizationId,
        page: &PageRequest<UserId>,
    ) -> Result<Page<KeptDeadline, UserId>, StoreError>;

    /// The deadlines of the scope's account, in whichever organizations.
    async fn mfa_deadlines_of(&mut self, user: UserId) -> Result<Vec<KeptDeadline>, StoreError>;
}

/// Changes the security controls of the scope's organization.
#[async_trait]
pub trait Security {
    /// Saves the rule about second factors, and counts its version up.
    async fn mfa_rule_save(
        &mut self,
        organization: OrganizationId,
        rule: MfaRule,
        by: UserId,
        at: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// Switches a control of those that plans are told apart by, and counts its version up. Nobody in particular does it when it is
    /// the platform's operator.
    async fn control_save(
        &mut self,
        organization: OrganizationId,
        control: Control,
        enabled: bool,
        by: Option<UserId>,
        at: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// Whether a control of those that plans are told apart by is on. It stays so until the end of the transaction, and the
    /// organization is not deleted before then; taken before anything in it is held.
    async fn control_hold(
        &mut self,
        organization: OrganizationId,
        control: Control,
    ) -> Result<bool, StoreError>;

    /// Gives every member the deadline that the rule, as it is kept now, leaves them; whoever has an earlier one keeps that. All
    /// of them are told when the rule `change`s from off to on, otherwise those whose deadline has moved. Taken while the
    /// organization is locked against whoever is on their way in, so that nobody is missed.
    async fn mfa_deadlines_set(
        &mut self,
        organization: OrganizationId,
        change: &RuleChange,
    ) -> Result<(), StoreError>;

    /// Takes up to `limit` members to whom a letter about their deadline is due, and notes when the next one is. Of those who do
    /// this at once, one gets each.
    async fn mfa_notices_claim(
        &mut self,
        organization: OrganizationId,
        limit: u16,
    ) -> Result<Vec<Notified>, StoreError>;
}

/// Where letters about deadlines are due. A narrow door of its own beside the units of work: it is asked across organizations,
/// and puts off what would say nothing, which is bookkeeping and leaves no events.
#[async_trait]
pub trait MfaNotices: Send + Sync {
    /// Up to `limit` organizations in which letters are due.
    async fn due(&self, limit: u16) -> Result<Vec<OrganizationId>, StoreError>;

    /// Puts off letters to members who have a second factor by now, to people who have left, and of rules that are off.
    async fn put_off(&self, organization: OrganizationId) -> Result<(), StoreError>;
}
