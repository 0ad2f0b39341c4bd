//! Acting by a lease.

use rollcall_domain::{
    EscalationId, OrganizationId, Permission, UserId,
    audit::{Action, AuditTarget},
    escalations::{Escalation, EscalationRefusal, EscalationStatus},
    policy::Target,
    secret::Secret,
};

use super::ShownEscalation;
use crate::{
    Actor, Application, Error, Precondition, Seat,
    availability::{By, Desk},
    ports::UnitOfWork,
    token,
};

/// What an agent holds by a lease, taken out of their hands, with their desk, which is locked.
pub(super) struct Leased {
    organization: OrganizationId,
    pub(super) unit: Box<dyn UnitOfWork>,
    pub(super) desk: Desk,
    pub(super) escalation: Escalation,
    was: EscalationStatus,
}

/// What the actor holds, if they may still take calls and their lease is good.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::NotFound`], [`Error::PreconditionFailed`], and [`EscalationRefusal::LeaseLost`].
pub(super) async fn leased(
    app: &Application,
    actor: &Actor,
    seat: &Seat,
    mut unit: Box<dyn UnitOfWork>,
    id: EscalationId,
    lease: &Secret,
    precondition: &Precondition,
) -> Result<Leased, Error> {
    seat.permit_on(unit.as_mut(), Permission::EscalationsClaim, Target::Organization).await?;
    let organization = seat.organization;
    let (desk, escalation) = by_lease(app, unit.as_mut(), organization, actor.user_id(), id, lease).await?;
    precondition.check(escalation.version)?;
    Ok(Leased { organization, unit, desk, was: escalation.status, escalation })
}

async fn by_lease(
    app: &Application,
    unit: &mut dyn UnitOfWork,
    organization: OrganizationId,
    agent: UserId,
    id: EscalationId,
    lease: &Secret,
) -> Result<(Desk, Escalation), Error> {
    let desk = Desk::open(app, unit, organization, agent).await?;
    if let Some(mut desk) = desk
        && let Some(escalation) = desk.hand_in(id)
    {
        escalation.held_by(agent, token::hash(lease.expose()), desk.now())?;
        return Ok((desk, escalation));
    }
    let now = unit.moment().await?;
    unit.escalation_find(organization, id, now).await?.ok_or(Error::NotFound)?;
    Err(EscalationRefusal::LeaseLost.into())
}

impl Leased {
    /// Commits what has become of it, which is saved: by what action, and who is its agent from then on.
    pub(super) async fn commit(
        mut self,
        app: &Application,
        actor: &Actor,
        action: Action,
        agent: Option<UserId>,
    ) -> Result<ShownEscalation, Error> {
        let Escalation { id, call, status, .. } = self.escalation;
        let (before, after) = (actor.user_id().to_string(), agent.map(|agent| agent.to_string()));
        let event = app.event_by(actor, action, AuditTarget::Escalation(id));
        self.desk.tell(
            event
                .change("status", Some(self.was.as_str()), Some(status.as_str()))
                .change("agent", Some(&before), after.as_deref())
                .change("call", None, Some(&call.to_string())),
        );
        if status == EscalationStatus::Abandoned {
            let event = app.event_by(actor, Action::EscalationAbandoned, AuditTarget::Escalation(id));
            self.desk.tell(event.change("call", None, Some(&call.to_string())));
        }
        let now = self.desk.now();
        let closed = self.desk.close(app, self.unit.as_mut(), &By::asking(actor)).await?;
        let shown = self.unit.escalation_find(self.organization, id, now).await?.ok_or(Error::NotFound)?;
        closed.commit(app, self.unit).await?;
        Ok(shown)
    }
}
