//! Giving a call back.

use rollcall_domain::{
    EscalationId, Permission,
    audit::{Action, AuditTarget},
    escalations::EscalationStatus,
    policy,
    secret::Secret,
};

use super::{ShownEscalation, assign_soon, locked::by_lease};
use crate::{Actor, Application, Error, Precondition, availability::By};

/// Gives a call back: it waits in its old place.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::NotFound`], [`Error::PreconditionFailed`], and
/// [`LeaseLost`](rollcall_domain::escalations::EscalationRefusal::LeaseLost).
pub async fn release(
    app: &Application,
    actor: &Actor,
    id: EscalationId,
    lease: &Secret,
    precondition: &Precondition,
) -> Result<ShownEscalation, Error> {
    let released = change(app, actor, id, lease, precondition).await;
    let target = AuditTarget::Escalation(id);
    let shown = app.refusals_recorded(actor, Action::EscalationReleased, target, released).await?;
    if let Some(organization) = actor.organization() {
        assign_soon(app, organization).await;
    }
    Ok(shown)
}

async fn change(
    app: &Application,
    actor: &Actor,
    id: EscalationId,
    lease: &Secret,
    precondition: &Precondition,
) -> Result<ShownEscalation, Error> {
    let seat = actor.permit(Permission::EscalationsClaim)?;
    let organization = seat.organization;
    let mut unit = app.store.begin(seat.scope()).await?;
    seat.permit_on(unit.as_mut(), Permission::EscalationsClaim, policy::Target::Organization).await?;
    let (mut desk, mut escalation) = by_lease(app, actor, unit.as_mut(), organization, id, lease).await?;
    precondition.check(escalation.version)?;
    let was = escalation.status;
    desk.give_back(unit.as_mut(), &mut escalation).await?;
    let event = app.event_by(actor, Action::EscalationReleased, AuditTarget::Escalation(id));
    desk.tell(
        event
            .change("status", Some(was.as_str()), Some(escalation.status.as_str()))
            .change("agent", Some(&actor.user_id().to_string()), None)
            .change("call", None, Some(&escalation.call.to_string())),
    );
    if escalation.status == EscalationStatus::Abandoned {
        let event = app.event_by(actor, Action::EscalationAbandoned, AuditTarget::Escalation(id));
        desk.tell(event.change("call", None, Some(&escalation.call.to_string())));
    }
    let now = desk.now();
    let closed = desk.close(app, unit.as_mut(), &By::asking(actor)).await?;
    let shown = unit.escalation_find(organization, id, now).await?.ok_or(Error::NotFound)?;
    closed.commit(app, unit).await?;
    Ok(shown)
}
