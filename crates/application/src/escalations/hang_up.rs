//! The end of a call that waits.

use rollcall_domain::{
    CallId, OrganizationId, UserId,
    audit::{Action, AuditTarget, Event},
    escalations::EscalationStatus,
};

use super::give_up::give_up;
use crate::{Application, Error, Principal, ports::UnitOfWork};

/// What the end of a call does to the escalation that it waits in.
pub(crate) enum HungUp {
    /// Nothing.
    Unchanged,
    /// It has ended, as this event says.
    Ended(Box<Event>),
    /// Nothing yet: what this agent held has lapsed, and has to go back first.
    Lapsed(UserId),
}

/// Ends the escalation that an ended call waits in, if nobody has taken it: unanswered if its time to wait is over, or else abandoned. The
/// call is locked.
pub(crate) async fn hang_up(
    app: &Application,
    principal: &Principal,
    unit: &mut dyn UnitOfWork,
    organization: OrganizationId,
    call: CallId,
) -> Result<HungUp, Error> {
    let Some(mut escalation) = unit.escalation_of_call_lock(organization, call).await? else {
        return Ok(HungUp::Unchanged);
    };
    match escalation.status {
        EscalationStatus::Waiting | EscalationStatus::Offered => {}
        // Whoever has taken it says when they are done; one that is given back later is abandoned then. A callback is for later anyway.
        EscalationStatus::Claimed
        | EscalationStatus::Callback
        | EscalationStatus::Resolved
        | EscalationStatus::Abandoned
        | EscalationStatus::Unanswered => {
            return Ok(HungUp::Unchanged);
        }
    }
    let now = unit.moment().await?;
    // Missing an offer makes an agent away. That is written down under the agent's lock, which is taken before this one.
    if let Some(user) = escalation.agent.filter(|_| escalation.has_lapsed(now)) {
        return Ok(HungUp::Lapsed(user));
    }
    // Nobody was free in time, though that has not been written down yet. It stays unanswered, so the caller may still be called back.
    if escalation.is_overdue(now) {
        let event = give_up(app, unit, organization, &mut escalation, now).await?;
        return Ok(HungUp::Ended(Box::new(event)));
    }
    escalation.abandon(now)?;
    unit.escalation_save(organization, &escalation).await?;
    let event = app.event_by(principal, Action::EscalationAbandoned, AuditTarget::Escalation(escalation.id));
    Ok(HungUp::Ended(Box::new(event.change("call", None, Some(&call.to_string())))))
}
