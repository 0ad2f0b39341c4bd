//! Going over to another plan, by an Owner, who pays for it.

use rollcall_domain::{
    Permission,
    audit::{Action, AuditTarget},
    organizations::Plan,
    plans::Consent,
    policy::Target,
};

use super::{
    Bill, NewPlanChange, Order, Receipt,
    billing::bill,
    going_over::{decide, put_through},
};
use crate::{Actor, Application, Error, ErrorChain, Precondition, Seat, ports::StoreError};

/// Which plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Command {
    /// The plan.
    pub plan: Plan,
    /// What may go with the plan before.
    pub consent: Consent,
}

/// Takes the organization that the actor is at work in over to another plan.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::ElevationRequired`]; [`Error::ControlsInUse`], [`Error::TooManyMembers`],
/// [`Error::TooManyApiKeysForPlan`] or [`Error::RetentionTooShort`] when the plan is too small; [`Error::PaymentDeclined`];
/// [`Error::PreconditionFailed`]; [`Error::PlanChanged`] when somebody else was faster with another plan.
pub async fn change(
    app: &Application,
    actor: &Actor,
    command: Command,
    precondition: &Precondition,
) -> Result<Bill, Error> {
    let target = actor.organization().map_or(AuditTarget::Nothing, AuditTarget::Organization);
    let changed = order(app, actor, command, precondition).await;
    app.refusals_recorded(actor, Action::PlanChanged, target, changed).await
}

async fn order(
    app: &Application,
    actor: &Actor,
    command: Command,
    precondition: &Precondition,
) -> Result<Bill, Error> {
    let seat = actor.permit(Permission::BillingManage)?;
    actor.require_elevation(app.now())?;
    let organization = seat.organization;
    // Looked at first without a lock, so that nobody is asked for money in vain.
    let mut view = app.store.view(seat.scope()).await?;
    let found = view.organization_find(organization).await?.ok_or(Error::Unauthenticated)?;
    let before = found.plan;
    let is_nothing = decide(app, view.as_mut(), organization, before, command).await?.is_none();
    precondition.check(found.version)?;
    if is_nothing {
        return bill(view.as_mut(), organization, before, found.version).await;
    }
    let version = view.plan_version(organization).await?;
    drop(view);
    let order =
        Order { id: app.id(), organization, by: actor.user_id(), before, version, after: command.plan };
    let receipt = agreed(app, &order).await?;
    let shown = match go_over(app, actor, seat, command, precondition, &receipt).await {
        Ok(Ordered::GoneOver(bill)) => return Ok(bill),
        Ok(Ordered::Already(bill)) => Ok(bill),
        Ok(Ordered::Unclear { bill, error }) => match is_kept(app, seat, &order).await {
            Ok(true) => return Ok(bill),
            Ok(false) => Err(error.into()),
            Err(unknown) => {
                // Then the plan speaks, and somebody has to look.
                paid_in_vain(&order, Some(&receipt), &unknown);
                return Err(error.into());
            }
        },
        Err(error) => Err(error),
    };
    withdraw(app, &order, Some(&receipt)).await;
    shown
}

/// Asks whoever collects the money. What they may have agreed to without our hearing of it is taken back.
async fn agreed(app: &Application, order: &Order) -> Result<Receipt, Error> {
    match app.billing.agree(order).await {
        Ok(receipt) if receipt.order == *order => Ok(receipt),
        Ok(other) => {
            // What they have agreed to is another's to use, or to take back.
            withdraw(app, order, None).await;
            Err(Error::Internal(format!("the receipt is for {:?} and not for {order:?}", other.order).into()))
        }
        Err(Error::PaymentDeclined) => Err(Error::PaymentDeclined),
        Err(error) => {
            withdraw(app, order, None).await;
            Err(error)
        }
    }
}

async fn withdraw(app: &Application, order: &Order, receipt: Option<&Receipt>) {
    if let Err(error) = app.billing.withdraw(order, receipt).await {
        paid_in_vain(order, receipt, &error);
    }
}

fn paid_in_vain(order: &Order, receipt: Option<&Receipt>, error: &Error) {
    tracing::error!(
        organization = %order.organization,
        order = %order.id,
        reference = receipt.and_then(|receipt| receipt.reference.as_deref()),
        error = %ErrorChain(error),
        "a plan may have been paid for without having been changed"
    );
}

/// What has come of an order.
enum Ordered {
    /// The organization has gone over.
    GoneOver(Bill),
    /// Somebody else was faster, and has paid for it.
    Already(Bill),
    /// It was committed, and the answer to that was lost.
    Unclear {
        /// What is so if it has gone over.
        bill: Bill,
        error: StoreError,
    },
}

/// Changes the plan as the receipt says, and in no other way: a receipt for what has not been in force since is good for nothing.
async fn go_over(
    app: &Application,
    actor: &Actor,
    seat: Seat,
    command: Command,
    precondition: &Precondition,
    receipt: &Receipt,
) -> Result<Ordered, Error> {
    let (organization, order) = (seat.organization, &receipt.order);
    let mut unit = app.store.begin(seat.scope()).await?;
    unit.team_lock(organization).await?;
    let found = unit.organization_lock_out(organization).await?.ok_or(Error::Unauthenticated)?;
    seat.permit_on(unit.as_mut(), Permission::BillingManage, Target::Organization).await?;
    precondition.check(found.version)?;
    let is_as_ordered = (found.plan, unit.plan_version(organization).await?) == (order.before, order.version);
    if found.plan != order.after && !is_as_ordered {
        return Err(Error::PlanChanged { plan: found.plan });
    }
    let Some(change) = decide(app, unit.as_mut(), organization, found.plan, command).await? else {
        return Ok(Ordered::Already(bill(unit.as_mut(), organization, found.plan, found.version).await?));
    };
    let kept = NewPlanChange {
        id: order.id,
        before: change.before(),
        after: change.after(),
        at: app.now(),
        by: Some(order.by),
        provider: receipt.provider,
        reference: receipt.reference.clone(),
        deletion: change.deletion(),
    };
    let event = |action, target| app.event_by(actor, action, target);
    let record = put_through(app, unit.as_mut(), organization, &change, &kept, event).await?;
    let bill = bill(unit.as_mut(), organization, change.after(), found.version + 1).await?;
    match unit.commit(record).await {
        Ok(()) => Ok(Ordered::GoneOver(bill)),
        Err(error) => Ok(Ordered::Unclear { bill, error }),
    }
}

/// Whether an order has changed the plan. Whoever holds the team's lock knows: what was under way has ended, one way or the other.
async fn is_kept(app: &Application, seat: Seat, order: &Order) -> Result<bool, Error> {
    let mut unit = app.store.begin(seat.scope()).await?;
    unit.team_lock(order.organization).await?;
    Ok(unit.plan_change_is_kept(order.organization, order.id).await?)
}

#[cfg(test)]
#[path = "change_tests.rs"]
mod tests;
