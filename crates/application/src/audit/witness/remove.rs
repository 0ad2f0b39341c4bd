//! Sending the checkpoints to nobody any more.

use rollcall_domain::{
    Permission,
    audit::{Action, AuditTarget},
    policy::Target,
};

use crate::{Actor, Application, Error, Precondition};

/// Removes the witness of the organization that the actor is at work in.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::ElevationRequired`], [`Error::PreconditionFailed`], and [`Error::NotFound`] when there is none.
pub async fn remove(app: &Application, actor: &Actor, precondition: &Precondition) -> Result<(), Error> {
    let target = actor.organization().map_or(AuditTarget::Nothing, AuditTarget::Organization);
    let removed = take_away(app, actor, precondition).await;
    app.refusals_recorded(actor, Action::AuditWitnessRemoved, target, removed).await
}

async fn take_away(app: &Application, actor: &Actor, precondition: &Precondition) -> Result<(), Error> {
    let seat = actor.permit(Permission::SecurityManage)?;
    let now = app.now();
    actor.require_elevation(now)?;
    let organization = seat.organization;
    let mut unit = app.store.begin(seat.scope()).await?;
    seat.permit_on(unit.as_mut(), Permission::SecurityManage, Target::Organization).await?;
    let before = unit.witness_lock(organization).await?.ok_or(Error::NotFound)?;
    precondition.check(before.version())?;
    unit.witness_remove(organization, now).await?;
    let event = app.event_by(actor, Action::AuditWitnessRemoved, AuditTarget::Organization(organization));
    let event = event.change("witness", Some(before.witness.kind()), None);
    Ok(unit.commit(app.record(event)).await?)
}
