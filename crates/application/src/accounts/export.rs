//! What is held about a person, for that person.

use rollcall_domain::{
    OrganizationId, Role, SessionId,
    accounts::User,
    audit::{Action, AuditTarget, is_of_actor},
    availability::Agent,
    organizations::Organization,
};
use time::OffsetDateTime;

use super::{PendingEmailChange, PendingPasswordReset};
use crate::{
    Actor, Application, Error, Page, PageRequest,
    audit::{OwnEvent, WrittenPosition},
    ports::View,
    second_factors::Overview,
    security::KeptDeadline,
    sessions::{self, OwnSession},
};

/// How many sessions or events are read at a time: however many there are, no more are held at once.
const AT_A_TIME: u16 = 200;

/// What is held about a person, but for the lists that may be long: see [`export_sessions`] and [`export_events`].
///
/// Invitations to their address are not theirs: whom an organization has invited is for that organization to know.
#[derive(Debug, Clone)]
pub struct ExportedAccount {
    /// When it was put together.
    pub at: OffsetDateTime,
    /// The account.
    pub user: User,
    /// The organizations that it is in, and as what.
    pub seats: Vec<(Organization, Role)>,
    /// What second factors it has.
    pub second_factors: Overview,
    /// By when it needs a second factor, in the organizations that have ever asked it for one.
    pub mfa_deadlines: Vec<KeptDeadline>,
    /// What it is as a human agent, wherever it is one.
    pub agents: Vec<(OrganizationId, Agent)>,
    /// The request for another address that waits.
    pub email_change: Option<PendingEmailChange>,
    /// The requests for another password that wait.
    pub password_resets: Vec<PendingPasswordReset>,
}

/// Puts together what is held about the actor, and writes down that it was asked for.
///
/// # Errors
/// [`Error::SessionRequired`] to whoever comes with an access token.
pub async fn export(app: &Application, actor: &Actor) -> Result<ExportedAccount, Error> {
    let exported = put_together(app, actor).await;
    app.refusals_recorded(actor, Action::AccountExported, AuditTarget::User(actor.user_id()), exported).await
}

/// Makes sure that there would be an export. Nothing is given out, so it is no event.
///
/// # Errors
/// [`Error::SessionRequired`] to whoever comes with an access token.
pub async fn permit_export(app: &Application, actor: &Actor) -> Result<(), Error> {
    let looked = actor.require_session();
    app.refusals_recorded(actor, Action::AccountExported, AuditTarget::User(actor.user_id()), looked).await
}

async fn put_together(app: &Application, actor: &Actor) -> Result<ExportedAccount, Error> {
    actor.require_session()?;
    let (user, now) = (actor.user_id(), app.now());
    let mut unit = app.store.begin(actor.scope()).await?;
    let export = ExportedAccount {
        at: now,
        user: (*actor.user).clone(),
        seats: unit.seats_of(user).await?,
        second_factors: Overview::of(unit.as_mut(), user).await?,
        mfa_deadlines: unit.mfa_deadlines_of(user).await?,
        agents: unit.agents_of(user).await?,
        email_change: unit.email_change_of(user, now).await?,
        password_resets: unit.password_resets_of(&actor.user.email, now).await?,
    };
    unit.commit(app.record(app.event_by(actor, Action::AccountExported, AuditTarget::User(user)))).await?;
    Ok(export)
}

/// The next of the actor's sessions, whether or not they are live, the newest first.
///
/// # Errors
/// [`Error::Unauthenticated`] once the session has ended that the export was asked for in.
pub async fn export_sessions(
    app: &Application,
    actor: &Actor,
    after: Option<SessionId>,
) -> Result<Page<OwnSession, SessionId>, Error> {
    let mut view = still_open(app, actor).await?;
    Ok(view.sessions_page(actor.user_id(), None, &PageRequest { limit: AT_A_TIME, after }).await?)
}

/// The next of the events that the actor made happen, or that happened to them, the oldest first. Of what an event says, they get
/// what is theirs: from where it was done, if they did it, and what has changed, if it was about them.
///
/// # Errors
/// [`Error::Unauthenticated`] once the session has ended that the export was asked for in.
pub async fn export_events(
    app: &Application,
    actor: &Actor,
    after: Option<WrittenPosition>,
) -> Result<Page<OwnEvent, WrittenPosition>, Error> {
    let mut view = still_open(app, actor).await?;
    let mut page = view.events_of(actor.user_id(), &PageRequest { limit: AT_A_TIME, after }).await?;
    page.entries.iter_mut().for_each(keep_what_is_theirs);
    Ok(page)
}

/// What the account may see, as long as the session is open (attack 9).
async fn still_open(app: &Application, actor: &Actor) -> Result<Box<dyn View>, Error> {
    sessions::note_use(app, actor).await;
    let mut view = app.store.view(actor.scope()).await?;
    let session = view.session_find(actor.user_id(), actor.organization(), actor.session_id()).await?;
    match session.filter(|found| sessions::is_good(app, found)) {
        Some(_) => Ok(view),
        None => Err(Error::Unauthenticated),
    }
}

fn keep_what_is_theirs(event: &mut OwnEvent) {
    let (by_them, about_them) = (event.by_them, event.about_them);
    event.personal.retain(|field, _| if is_of_actor(field) { by_them } else { about_them });
    if !about_them {
        event.changes.clear();
    }
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{EventId, audit::Outcome};

    use super::*;
    use crate::testing::{MockDirectory, MockUnit, NOW, TestStore, actor, application};

    fn event(by_them: bool, about_them: bool) -> OwnEvent {
        let personal = [("ip", "192.0.2.7"), ("user_agent", "curl"), ("email", "x@example.com")];
        OwnEvent {
            position: 1,
            id: EventId::from_parts(0, &[0; 10]),
            occurred_at: NOW,
            organization: None,
            action: String::new(),
            outcome: String::new(),
            by_them,
            about_them,
            changes: vec![("role".to_owned(), None, None)],
            personal: personal.map(|(field, value)| (field.to_owned(), value.to_owned())).into(),
        }
    }

    #[test]
    fn an_exported_event_holds_what_is_about_whoever_exports_and_nothing_about_others() {
        for (by_them, about_them, expected, changes) in [
            (true, true, vec!["email", "ip", "user_agent"], 1),
            // They have invited somebody: the address is not theirs.
            (true, false, vec!["ip", "user_agent"], 0),
            // Somebody else has removed them: from where is not theirs to know.
            (false, true, vec!["email"], 1),
        ] {
            let mut event = event(by_them, about_them);
            keep_what_is_theirs(&mut event);
            assert_eq!(event.personal.keys().collect::<Vec<_>>(), expected);
            assert_eq!(event.changes.len(), changes);
        }
    }

    #[tokio::test]
    async fn whoever_takes_away_what_is_held_leaves_an_event() {
        let mut unit = MockUnit::new();
        unit.expect_seats_of().returning(|_| Ok(Vec::new()));
        unit.expect_totp_find().returning(|_| Ok(None));
        unit.expect_passkeys_of().returning(|_| Ok(Vec::new()));
        unit.expect_recovery_codes_left().returning(|_| Ok(0));
        unit.expect_mfa_deadlines_of().returning(|_| Ok(Vec::new()));
        unit.expect_email_change_of().returning(|_, _| Ok(None));
        unit.expect_password_resets_of().returning(|_, _| Ok(Vec::new()));
        let store = TestStore::of(unit);
        let app = application(&store, MockDirectory::new());
        export(&app, &actor(1, Role::Viewer)).await.expect("an export");
        assert_eq!(store.committed()[0].1, [(Action::AccountExported, Outcome::Success)]);
    }
}
