//! Going to work in another of one's organizations: a new session there, and the end of the old one.

use rollcall_domain::{
    OrganizationId,
    audit::{Action, Target},
};

use super::{SignedIn, open};
use crate::{Actor, Application, Error, ports::Scope};

/// Where to.
#[derive(Debug, Clone, Copy)]
pub struct Command {
    /// The organization.
    pub organization: OrganizationId,
}

/// Opens a session in another organization and ends the actor's.
///
/// # Errors
/// [`Error::NotFound`] unless the actor is in that organization.
pub async fn switch(app: &Application, actor: &Actor, command: Command) -> Result<SignedIn, Error> {
    let switched = change(app, actor, command).await;
    let target = Target::Organization(command.organization);
    app.refusals_recorded(actor, Action::SessionSwitched, target, switched).await
}

async fn change(
    app: &Application,
    actor: &Actor,
    Command { organization }: Command,
) -> Result<SignedIn, Error> {
    let user = actor.user_id();
    let mut unit = app.store.begin(Scope::Seat { organization, user }).await?;
    let place = unit.seat_of(user, organization).await?.ok_or(Error::NotFound)?;
    // A session that was ended in the meantime must not live on in another organization.
    if !unit.session_end(actor.session_id()).await? {
        return Err(Error::Unauthenticated);
    }
    let (mut signed_in, mut session) = open(app, actor.user.clone(), Some(place), app.now());
    // Switching proves nothing anew, and makes nothing last longer.
    for session in [&mut signed_in.session, &mut session.session] {
        session.authenticated_at = actor.session.authenticated_at;
        session.expires_at = actor.session.expires_at;
    }
    unit.session_add(&session, &actor.origin).await?;
    let event = app.event_by(actor, Action::SessionSwitched, Target::Session(signed_in.session.id)).change(
        "organization",
        actor.organization().map(|id| id.to_string()).as_deref(),
        Some(&organization.to_string()),
    );
    unit.commit(app.record(event)).await?;
    Ok(signed_in)
}
