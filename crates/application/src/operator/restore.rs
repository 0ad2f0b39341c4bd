//! Letting people into an organization again.

use rollcall_domain::{
    OrganizationId,
    audit::{Action, AuditActor, AuditTarget, Origin},
};

use super::{Tenant, show};
use crate::{Application, Error, Precondition, organizations, ports::Scope};

/// Undoes a deletion, or else lifts a suspension: one thing at a time, so that nobody who was suspended comes back by deleting
/// themselves.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::OrganizationDeleted`] when the time to undo the deletion is over; [`Error::LastOwner`] when nobody is
/// left to own it; [`Error::PreconditionFailed`].
pub async fn restore(
    app: &Application,
    origin: &Origin,
    id: OrganizationId,
    precondition: &Precondition,
) -> Result<Tenant, Error> {
    if show(app, id).await?.deleted_at.is_some() {
        organizations::restore(app, origin, id, precondition).await?;
    } else {
        lift(app, origin, id, precondition).await?;
    }
    show(app, id).await
}

async fn lift(
    app: &Application,
    origin: &Origin,
    id: OrganizationId,
    precondition: &Precondition,
) -> Result<(), Error> {
    let mut unit = app.store.begin(Scope::Organization(id)).await?;
    let found = unit.organization_lock_out(id).await?.ok_or(Error::NotFound)?;
    precondition.check(found.version)?;
    if !found.suspended {
        return Ok(());
    }
    unit.organization_suspend(id, None).await?;
    let target = AuditTarget::Organization(id);
    let event = app.event(AuditActor::Operator, origin, Action::OrganizationRestored, target);
    let event = event.change("status", Some("suspended"), Some("active"));
    Ok(unit.commit(app.record(event)).await?)
}
