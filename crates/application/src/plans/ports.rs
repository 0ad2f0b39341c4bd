//! Who collects the money, and what is kept of changes of plans.

use async_trait::async_trait;
use rollcall_domain::{OrganizationId, UserId, id::PlanChangeId, organizations::Plan, plans::PlanDeletion};
use time::OffsetDateTime;

use crate::{Error, ports::StoreError, security::Changer};

/// What somebody wants an organization to pay for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Names the order: whoever is asked twice knows it by that.
    pub id: PlanChangeId,
    /// The organization.
    pub organization: OrganizationId,
    /// Who wants it.
    pub by: UserId,
    /// What it pays for now.
    pub before: Plan,
    /// How often its plan had been changed by then: what it paid for may be the same again later, and be another agreement.
    pub version: u64,
    /// What it is to pay for.
    pub after: Plan,
}

/// That whoever collects the money agrees to an order. It is good for that one alone: for its organization, from the plan that it
/// names, in that version, to the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What they have agreed to.
    pub order: Order,
    /// Who has agreed.
    pub provider: &'static str,
    /// What they call it, if they call it anything.
    pub reference: Option<String>,
}

/// Collects the money. The built-in one agrees to everything: what is recorded of each change is what bills are written from. A
/// payment provider takes its place.
#[async_trait]
pub trait Billing: Send + Sync {
    /// Agrees that an organization goes over to another plan. Asked before anything is changed, with no transaction open, and once it
    /// is known that nothing else is in the way.
    ///
    /// # Errors
    /// [`Error::PaymentDeclined`]: there is nothing to take back. After any other error nobody knows whether it was agreed to, and it
    /// is [taken back](Self::withdraw). Nothing is changed either way.
    async fn agree(&self, order: &Order) -> Result<Receipt, Error>;

    /// Takes back what was agreed to: something has come in between, and the organization stays with what it had. There is no receipt
    /// when the answer was lost; an order that nobody has agreed to is taken back already.
    ///
    /// # Errors
    /// When it is not certain that it was taken back. That is logged, with the receipt, for somebody to look after.
    async fn withdraw(&self, order: &Order, receipt: Option<&Receipt>) -> Result<(), Error>;
}

/// A change of the plan that is about to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPlanChange {
    /// Names it.
    pub id: PlanChangeId,
    /// The plan before.
    pub before: Plan,
    /// The plan after.
    pub after: Plan,
    /// When.
    pub at: OffsetDateTime,
    /// By whom; by the platform's operator when none.
    pub by: Option<UserId>,
    /// Who has agreed.
    pub provider: &'static str,
    /// What they call it.
    pub reference: Option<String>,
    /// What it deletes; none when that is nothing.
    pub deletion: Option<PlanDeletion>,
}

/// A change of the plan as it is kept.
#[derive(Debug, Clone)]
pub struct KeptPlanChange {
    /// The plan before.
    pub before: Plan,
    /// The plan after.
    pub after: Plan,
    /// When.
    pub at: OffsetDateTime,
    /// By whom, as long as they are a member.
    pub by: Option<Changer>,
    /// Whether it was the platform's operator.
    pub by_operator: bool,
}

/// Reads what is kept of changes of the scope's organization's plan, and what another plan would not keep.
#[async_trait]
pub trait PlanChangesView {
    /// How often the plan has been changed.
    async fn plan_version(&mut self, organization: OrganizationId) -> Result<u64, StoreError>;

    /// Whether a change is kept.
    async fn plan_change_is_kept(
        &mut self,
        organization: OrganizationId,
        change: PlanChangeId,
    ) -> Result<bool, StoreError>;

    /// The last changes, the newest first.
    async fn plan_changes(
        &mut self,
        organization: OrganizationId,
        limit: u16,
    ) -> Result<Vec<KeptPlanChange>, StoreError>;

    /// How many recordings were kept before a moment; counted up to so many.
    async fn recordings_older(
        &mut self,
        organization: OrganizationId,
        than: OffsetDateTime,
        at_most: u32,
    ) -> Result<u64, StoreError>;

    /// How many events the audit log would have taken out of it next, if it kept what has happened since a moment; counted up to so many.
    async fn audit_events_older(
        &mut self,
        organization: OrganizationId,
        than: OffsetDateTime,
        at_most: u32,
    ) -> Result<u64, StoreError>;
}

/// Keeps changes of the scope's organization's plan.
#[async_trait]
pub trait PlanChanges {
    /// Changes the plan, keeps that it was changed, and counts the organization's version up.
    async fn plan_change_add(
        &mut self,
        organization: OrganizationId,
        change: &NewPlanChange,
    ) -> Result<(), StoreError>;
}
