//! Going to work in another of one's organizations: a new session there, and the end of the old one.

use rollcall_domain::{
    OrganizationId,
    audit::{Action, AuditTarget},
};

use super::{Proof, SignedIn, open};
use crate::{
    Actor, Application, Error,
    availability::{By, signed_out},
    ports::Scope,
};

/// Where to.
#[derive(Debug, Clone, Copy)]
pub struct Command {
    /// The organization.
    pub organization: OrganizationId,
}

/// Opens a session in another organization and ends the actor's.
///
/// # Errors
/// [`Error::NotFound`] unless the actor is in that organization; [`Error::OrganizationSuspended`]; [`Error::SessionRequired`] to
/// whoever comes with an access token.
pub async fn switch(app: &Application, actor: &Actor, command: Command) -> Result<SignedIn, Error> {
    let switched = change(app, actor, command).await;
    let target = AuditTarget::Organization(command.organization);
    app.refusals_recorded(actor, Action::SessionSwitched, target, switched).await
}

async fn change(
    app: &Application,
    actor: &Actor,
    Command { organization }: Command,
) -> Result<SignedIn, Error> {
    actor.require_session()?;
    let user = actor.user_id();
    let mut unit = app.store.begin(Scope::Seat { organization, user }).await?;
    unit.user_lock(user).await?.ok_or(Error::Unauthenticated)?;
    let place = unit.seat_of(organization, user).await?.ok_or(Error::NotFound)?;
    if place.0.suspended {
        return Err(Error::OrganizationSuspended);
    }
    // A session that was ended in the meantime must not live on in another organization.
    if !unit.session_end(actor.session_id()).await? {
        return Err(Error::Unauthenticated);
    }
    let (signed_in, session) = open(app, (*actor.user).clone(), Some(place), Proof::from(&actor.session));
    unit.session_add(&session, &actor.origin).await?;
    // Whoever reads the log there need not know where else somebody works.
    let event = app
        .event_by(actor, Action::SessionSwitched, AuditTarget::Session(signed_in.session.id))
        .change("organization", None, Some(&organization.to_string()));
    let record = signed_out(app, &By::asking(actor), unit.as_mut(), user, app.record(event)).await?;
    unit.commit(record).await?;
    Ok(signed_in)
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, audit::Outcome};
    use time::Duration;

    use super::*;
    use crate::testing::{MockDirectory, MockUnit, NOW, TestStore, actor, application, organization};

    fn unit(seat: Option<Role>, still_open: bool) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_user_lock().returning(|_| Ok(Some(crate::testing::user(1))));
        unit.expect_seat_of().returning(move |_, _| Ok(seat.map(|role| (organization(), role))));
        unit.expect_session_end().returning(move |_| Ok(still_open));
        unit.expect_session_add().returning(|_, _| Ok(()));
        unit
    }

    #[tokio::test]
    async fn switching_makes_nothing_last_longer() {
        let store = TestStore::of(unit(Some(Role::Viewer), true));
        let mut actor = actor(1, Role::Owner);
        actor.session.authenticated_at = NOW - Duration::DAY;
        let app = application(&store, MockDirectory::new());
        let switched =
            switch(&app, &actor, Command { organization: organization().id }).await.expect("switched");
        assert_eq!(switched.session.authenticated_at, actor.session.authenticated_at);
        assert_eq!(switched.session.expires_at, actor.session.expires_at);
        assert_eq!(store.committed()[0].1, [(Action::SessionSwitched, Outcome::Success)]);
    }

    #[tokio::test]
    async fn whoever_is_not_there_or_not_signed_in_any_more_does_not_switch() {
        for (seat, still_open) in [(None, true), (Some(Role::Viewer), false)] {
            let store = TestStore::of(unit(seat, still_open));
            let app = application(&store, MockDirectory::new());
            let refused =
                switch(&app, &actor(1, Role::Owner), Command { organization: organization().id }).await;
            assert!(matches!(refused, Err(Error::NotFound | Error::Unauthenticated)), "{refused:?}");
            let succeeded = |(_, outcome): &(Action, Outcome)| *outcome == Outcome::Success;
            assert!(!store.committed().iter().any(|(_, events, _)| events.iter().any(succeeded)));
        }
    }
}
