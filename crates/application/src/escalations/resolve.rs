//! Being done with a call.

use rollcall_domain::{
    EscalationId, Permission,
    audit::{Action, AuditTarget},
    secret::Secret,
};

use super::{ShownEscalation, assign_soon, leased::leased};
use crate::{Actor, Application, Error, Precondition};

/// Ends what a call was escalated for.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::NotFound`], [`Error::PreconditionFailed`], and
/// [`LeaseLost`](rollcall_domain::escalations::EscalationRefusal::LeaseLost).
pub async fn resolve(
    app: &Application,
    actor: &Actor,
    id: EscalationId,
    lease: &Secret,
    precondition: &Precondition,
) -> Result<ShownEscalation, Error> {
    let resolved = async {
        let seat = actor.permit(Permission::EscalationsClaim)?;
        let unit = app.store.begin(seat.scope()).await?;
        let mut held = leased(app, actor, &seat, unit, id, lease, precondition).await?;
        held.escalation.resolve(held.desk.now());
        held.unit.escalation_save(seat.organization, &held.escalation).await?;
        held.commit(app, actor, Action::EscalationResolved, Some(actor.user_id())).await
    };
    let target = AuditTarget::Escalation(id);
    let shown = app.refusals_recorded(actor, Action::EscalationResolved, target, resolved.await).await?;
    if let Some(organization) = actor.organization() {
        assign_soon(app, organization).await;
    }
    Ok(shown)
}
