//! The end of a call that waits.

use rollcall_domain::{
    CallId, OrganizationId,
    audit::{Action, AuditTarget, Event},
    escalations::EscalationStatus,
};

use super::give_up::give_up;
use crate::{Application, Error, Principal, ports::UnitOfWork};

/// Abandons what a call that has ended waits in, if nobody has taken it and it has not waited for as long as it was to; gives back what
/// there is to write down. The call is locked.
pub(crate) async fn hang_up(
    app: &Application,
    principal: &Principal,
    unit: &mut dyn UnitOfWork,
    organization: OrganizationId,
    call: CallId,
) -> Result<Option<Event>, Error> {
    let Some(mut escalation) = unit.escalation_of_call_lock(organization, call).await? else {
        return Ok(None);
    };
    match escalation.status {
        EscalationStatus::Waiting | EscalationStatus::Offered => {}
        // Whoever has taken it says when they are done; one that is given back later is abandoned then. A callback is for later anyway.
        EscalationStatus::Claimed
        | EscalationStatus::Callback
        | EscalationStatus::Resolved
        | EscalationStatus::Abandoned
        | EscalationStatus::Unanswered => {
            return Ok(None);
        }
    }
    let now = unit.moment().await?;
    // The platform has seen that nobody was free, which nobody has written down yet: that stays so, and the caller may be called back.
    if escalation.clone().seen_at(now).status == EscalationStatus::Unanswered {
        return give_up(app, unit, organization, &mut escalation, now).await.map(Some);
    }
    escalation.abandon(now)?;
    unit.escalation_save(organization, &escalation).await?;
    let event = app.event_by(principal, Action::EscalationAbandoned, AuditTarget::Escalation(escalation.id));
    Ok(Some(event.change("call", None, Some(&call.to_string()))))
}
