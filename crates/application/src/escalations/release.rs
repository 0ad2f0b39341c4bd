//! Giving a call back.

use rollcall_domain::{
    EscalationId, Permission,
    audit::{Action, AuditTarget},
    secret::Secret,
};

use super::{ShownEscalation, assign_soon, leased::leased};
use crate::{Actor, Application, Error, Precondition};

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
    let released = async {
        let seat = actor.permit(Permission::EscalationsClaim)?;
        let unit = app.store.begin(seat.scope()).await?;
        let mut held = leased(app, actor, &seat, unit, id, lease, precondition).await?;
        held.desk.give_back(held.unit.as_mut(), &mut held.escalation).await?;
        held.commit(app, actor, Action::EscalationReleased, None).await
    };
    let target = AuditTarget::Escalation(id);
    let shown = app.refusals_recorded(actor, Action::EscalationReleased, target, released.await).await?;
    if let Some(organization) = actor.organization() {
        assign_soon(app, organization).await;
    }
    Ok(shown)
}
