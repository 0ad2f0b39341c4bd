//! Acting by a lease.

use rollcall_domain::{
    EscalationId, OrganizationId,
    escalations::{Escalation, EscalationRefusal},
    secret::Secret,
};

use crate::{Actor, Application, Error, availability::Desk, ports::UnitOfWork, token};

/// The agent's desk, and what they hold by a lease, taken out of their hands.
///
/// # Errors
/// [`Error::NotFound`], and [`EscalationRefusal::LeaseLost`].
pub(super) async fn by_lease(
    app: &Application,
    actor: &Actor,
    unit: &mut dyn UnitOfWork,
    organization: OrganizationId,
    id: EscalationId,
    shown: &Secret,
) -> Result<(Desk, Escalation), Error> {
    let desk = Desk::open(app, unit, organization, actor.user_id()).await?;
    if let Some(mut desk) = desk
        && let Some(escalation) = desk.hand_in(id)
    {
        escalation.held_by(actor.user_id(), token::hash(shown.expose()), desk.now())?;
        return Ok((desk, escalation));
    }
    let now = unit.moment().await?;
    unit.escalation_find(organization, id, now).await?.ok_or(Error::NotFound)?;
    Err(EscalationRefusal::LeaseLost.into())
}
