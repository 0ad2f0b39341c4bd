//! Keeping a call that one has taken.

use rollcall_domain::{
    EscalationId, Permission,
    audit::{Action, AuditTarget},
    escalations::EscalationRefusal,
    secret::Secret,
};
use time::OffsetDateTime;

use super::ShownEscalation;
use crate::{Actor, Application, Error, token};

/// A lease that goes on.
#[derive(Debug)]
pub struct Renewed {
    /// The escalation.
    pub escalation: ShownEscalation,
    /// Until when the lease is good.
    pub until: OffsetDateTime,
}

/// Renews a lease that has not run out. It leaves no event, as nothing changes hands.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::NotFound`], and [`EscalationRefusal::LeaseLost`].
pub async fn renew(
    app: &Application,
    actor: &Actor,
    id: EscalationId,
    lease: &Secret,
) -> Result<Renewed, Error> {
    let renewed = async {
        let seat = actor.permit(Permission::EscalationsClaim)?;
        let (organization, hash) = (seat.organization, token::hash(lease.expose()));
        let until = app.pulse.renew(organization, actor.user_id(), id, hash).await?;
        let mut view = app.store.view(seat.scope()).await?;
        let now = view.moment().await?;
        let escalation = view.escalation_find(organization, id, now).await?.ok_or(Error::NotFound)?;
        let until = until.ok_or(EscalationRefusal::LeaseLost)?;
        Ok(Renewed { escalation, until })
    };
    app.refusals_recorded(actor, Action::PermissionDenied, AuditTarget::Escalation(id), renewed.await).await
}

/// A call that the actor has taken, as it is now: for whoever has lost the answer that told them so.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::NotFound`], and [`EscalationRefusal::LeaseLost`] once the lease is over.
pub async fn held(
    app: &Application,
    actor: &Actor,
    id: EscalationId,
    lease: &Secret,
) -> Result<Renewed, Error> {
    let looked = async {
        let seat = actor.permit(Permission::EscalationsClaim)?;
        let mut view = app.store.view(seat.scope()).await?;
        let now = view.moment().await?;
        let escalation = view.escalation_find(seat.organization, id, now).await?.ok_or(Error::NotFound)?;
        escalation.escalation.held_by(actor.user_id(), token::hash(lease.expose()), now)?;
        let until = escalation.escalation.hold.map_or(now, |hold| hold.until());
        Ok(Renewed { escalation, until })
    };
    app.refusals_recorded(actor, Action::PermissionDenied, AuditTarget::Escalation(id), looked.await).await
}
