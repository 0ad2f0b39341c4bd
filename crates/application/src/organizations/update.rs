//! Renaming an organization. Its slug stays, so that addresses that hold it go on working.

use rollcall_domain::{
    Permission,
    audit::{Action, AuditTarget},
    organizations::{Organization, OrganizationName},
    policy::Target,
};

use crate::{Actor, Application, Error, Precondition};

/// What is to be changed; the rest stays.
#[derive(Debug, Clone, Default)]
pub struct Command {
    /// The new name.
    pub name: Option<OrganizationName>,
    /// The versions that the change is meant for.
    pub precondition: Precondition,
}

/// Changes the organization that the actor is at work in.
///
/// # Errors
/// [`Error::PermissionDenied`], and [`Error::PreconditionFailed`] when the organization is not in the
/// expected version any more.
pub async fn update(app: &Application, actor: &Actor, command: Command) -> Result<Organization, Error> {
    let target = actor.organization().map_or(AuditTarget::Nothing, AuditTarget::Organization);
    let updated = change(app, actor, command).await;
    app.refusals_recorded(actor, Action::OrganizationUpdated, target, updated).await
}

async fn change(app: &Application, actor: &Actor, command: Command) -> Result<Organization, Error> {
    let seat = actor.permit(Permission::OrganizationUpdate)?;
    let mut unit = app.store.begin(seat.scope()).await?;
    seat.permit_on(unit.as_mut(), Permission::OrganizationUpdate, Target::Organization).await?;
    let before = unit.organization_lock(seat.organization).await?.ok_or(Error::NotFound)?;
    command.precondition.check(before.version)?;
    let Some(name) = command.name.filter(|name| *name != before.name) else { return Ok(before) };
    let mut after = Organization { name, ..before.clone() };
    unit.organization_save(&after).await?;
    after.version += 1;
    let event = app
        .event_by(actor, Action::OrganizationUpdated, AuditTarget::Organization(seat.organization))
        .change("name", Some(before.name.as_str()), Some(after.name.as_str()));
    unit.commit(app.record(event)).await?;
    Ok(after)
}
