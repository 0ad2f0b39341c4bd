//! Leaving an organization.

use rollcall_domain::{
    OrganizationId, Permission,
    audit::{Action, AuditTarget},
    availability::Cause,
    members::{Departure, Membership},
};

use super::succession::{Successor, settle};
use crate::{
    Actor, Application, Error,
    audit::Record,
    availability::{self, By},
    ports::UnitOfWork,
};

/// Takes the actor out of the organization they are at work in; the session ends with the membership, and open
/// invitations that they stand behind are taken back.
///
/// # Errors
/// [`Error::LastOwner`], and [`Error::PermissionDenied`] to whoever is in no organization.
pub async fn leave(app: &Application, actor: &Actor) -> Result<(), Error> {
    let left = change(app, actor).await;
    app.refusals_recorded(actor, Action::MemberLeft, AuditTarget::User(actor.user_id()), left).await
}

async fn change(app: &Application, actor: &Actor) -> Result<(), Error> {
    actor.require_session()?;
    // Not a matter of permissions: whoever is shut out until they have set up a second factor may leave instead.
    let seat = actor.seat().ok_or(Error::PermissionDenied { required: Permission::OrganizationRead })?;
    let mut unit = app.store.begin(seat.scope()).await?;
    unit.team_lock(seat.organization).await?;
    let member = unit.member_find(seat.organization, actor.user_id()).await?.ok_or(Error::Unauthenticated)?;
    let owners = unit.owners_count(seat.organization).await?;
    let departure = Departure::leave(member.membership, owners)?;
    let record = depart(app, actor, unit.as_mut(), seat.organization, departure).await?;
    Ok(unit.commit(record).await?)
}

/// Takes the actor out of an organization, once that is decided; gives back what there is to write down.
pub(crate) async fn depart(
    app: &Application,
    actor: &Actor,
    unit: &mut dyn UnitOfWork,
    organization: OrganizationId,
    departure: Departure,
) -> Result<Record, Error> {
    let Membership { user, role } = departure.membership();
    // An invitation that they are in the middle of making is seen, or is not made.
    unit.member_lock(organization, user).await?;
    let settled = settle(app, actor, unit, organization, user, Successor::Nobody).await?;
    let by = By::asking(actor);
    let left = availability::leave(app, &by, unit, organization, user, Cause::Removed).await?;
    unit.member_remove(organization, user).await?;
    let event = app.event_by(actor, Action::MemberLeft, AuditTarget::User(user)).change(
        "role",
        Some(role.as_str()),
        None,
    );
    Ok(app.record(event).and_all(settled.into_iter().chain(left), app.entropy.as_ref()))
}
