//! Keeping everybody out of an organization, until that is lifted.

use rollcall_domain::{
    OrganizationId,
    audit::{Action, AuditActor, AuditTarget, Origin},
    availability::Cause,
};

use super::{Tenant, not_there, show};
use crate::{
    Application, Error, Precondition,
    availability::{By, empty},
    ports::Scope,
};

/// Suspends an organization: everything of it stays, and its sessions and API keys are good for nothing until it is restored.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::OrganizationDeleted`]: nobody gets in there anyway; [`Error::PreconditionFailed`].
pub async fn suspend(
    app: &Application,
    origin: &Origin,
    id: OrganizationId,
    precondition: &Precondition,
) -> Result<Tenant, Error> {
    let mut unit = app.store.begin(Scope::Organization(id)).await?;
    // Whoever holds what they are there, or is on their way in, is waited for.
    let Some(found) = unit.organization_lock_out(id).await? else {
        drop(unit);
        return Err(not_there(app, id).await);
    };
    precondition.check(found.version)?;
    if !found.suspended {
        unit.organization_suspend(id, Some(app.now())).await?;
        let target = AuditTarget::Organization(id);
        let event = app.event(AuditActor::Operator, origin, Action::OrganizationSuspended, target);
        let by = By::actor(AuditActor::Operator, origin);
        let left = empty(app, &by, unit.as_mut(), id, Cause::Suspended).await?;
        unit.commit(app.record(event).and_all(left, app.entropy.as_ref())).await?;
    }
    show(app, id).await
}
