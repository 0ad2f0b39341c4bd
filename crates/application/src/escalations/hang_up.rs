//! The end of a call that waits.

use rollcall_domain::{
    CallId, OrganizationId, UserId,
    audit::{Action, AuditTarget, Event},
    escalations::EscalationStatus,
};

use super::give_up::give_up;
use crate::{Application, Error, Principal, ports::UnitOfWork};

/// What the end of a call makes of what it waits in.
pub(crate) enum HungUp {
    /// Nothing.
    Unchanged,
    /// There is this to write down.
    Told(Box<Event>),
    /// Nothing yet: first what this agent does not hold any more has to go back.
    Lapsed(UserId),
}

/// Abandons what a call that has ended waits in, if nobody has taken it and it has not waited for as long as it was to. The call is locked.
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
    // Whoever has missed an offer is away, which is written down under their lock; that is taken before this one.
    if let Some(user) = escalation.agent.filter(|_| escalation.has_lapsed(now)) {
        return Ok(HungUp::Lapsed(user));
    }
    // The platform has seen that nobody was free, which nobody has written down yet: that stays so, and the caller may be called back.
    if escalation.clone().seen_at(now).status == EscalationStatus::Unanswered {
        let event = give_up(app, unit, organization, &mut escalation, now).await?;
        return Ok(HungUp::Told(Box::new(event)));
    }
    escalation.abandon(now)?;
    unit.escalation_save(organization, &escalation).await?;
    let event = app.event_by(principal, Action::EscalationAbandoned, AuditTarget::Escalation(escalation.id));
    Ok(HungUp::Told(Box::new(event.change("call", None, Some(&call.to_string())))))
}
