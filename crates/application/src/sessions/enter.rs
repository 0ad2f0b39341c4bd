//! Opening a session for somebody who has shown all that is needed.

use rollcall_domain::{
    OrganizationId, UserId,
    accounts::User,
    audit::{Action, AuditActor, AuditTarget, Event, Origin},
};

use super::{Proof, SignedIn, open};
use crate::{
    Application, Error,
    audit::Record,
    ports::{Scope, UnitOfWork},
};

/// Opens a session where somebody wants to work, in a unit of work that has the account's lock and this scope. `factors` are what they
/// have shown, for the audit log (ASVS 16.3.1). Gives back the session with the record that is to be committed.
///
/// # Errors
/// [`Error::NotFound`] when they are not in that organization, [`Error::OrganizationSuspended`]; [`not_there`] writes that down.
pub(crate) async fn enter(
    app: &Application,
    origin: &Origin,
    unit: &mut dyn UnitOfWork,
    user: User,
    organization: Option<OrganizationId>,
    factors: &[&'static str],
) -> Result<(SignedIn, Record), Error> {
    let place = match organization {
        Some(organization) => Some(unit.seat_of(organization, user.id).await?.ok_or(Error::NotFound)?),
        None => None,
    };
    if place.as_ref().is_some_and(|(organization, _)| organization.suspended) {
        return Err(Error::OrganizationSuspended);
    }
    let (signed_in, session) = open(app, user, place, Proof::Fresh);
    unit.session_add(&session, origin).await?;
    let actor = AuditActor::User(signed_in.user.id, Some(signed_in.session.id));
    let event = app.event(actor, origin, Action::SessionCreated, AuditTarget::Session(signed_in.session.id));
    let event = factors.iter().fold(event, |event, factor| event.change("factor", None, Some(factor)));
    Ok((signed_in, app.record(event)))
}

/// Writes down that somebody who has shown all that is needed does not get into the organization that they asked for: at `home`, as
/// that organization need not know them.
pub(crate) async fn not_there(
    app: &Application,
    origin: &Origin,
    home: Scope,
    user: &User,
    error: &Error,
) -> Result<(), Error> {
    app.record_refusal(home, strayed(app, origin, user), error).await
}

/// What is written down of somebody who has shown who they are and is not let in.
pub(crate) fn strayed(app: &Application, origin: &Origin, user: &User) -> Event {
    let actor = AuditActor::User(user.id, None);
    let event = app.event(actor, origin, Action::SessionCreated, AuditTarget::User(user.id));
    event.address("email", &user.email)
}

/// Why somebody does not get in where they want to work, in a unit of work that has the account's scope, wherever else it is; none
/// when they do.
pub(crate) async fn kept_out(
    unit: &mut dyn UnitOfWork,
    user: UserId,
    wanted: Option<OrganizationId>,
) -> Result<Option<Error>, Error> {
    let Some(wanted) = wanted else { return Ok(None) };
    let seats = unit.seats_of(user).await?;
    Ok(match seats.iter().find(|(organization, _)| organization.id == wanted) {
        None => Some(Error::NotFound),
        Some((organization, _)) if organization.suspended => Some(Error::OrganizationSuspended),
        Some(_) => None,
    })
}
