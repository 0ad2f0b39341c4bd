//! Who looks into an audit log is in it, too, and who was kept from it; but not once for every page that they turn. So is who reads a
//! transcript.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use rollcall_domain::audit::{Action, AuditTarget, Event};
use time::{Duration, OffsetDateTime};

use crate::{
    Application, Asks, Error, Principal,
    ports::{Scope, UnitOfWork},
};

/// How long the same reader's looking for the same is one event.
const TOGETHER: Duration = Duration::MINUTE;
/// How many readings a node remembers. Those that it has forgotten are written down once more.
const MOST: usize = 10_000;

/// The readings that this node has written down a moment ago. Cloning it is cheap.
#[derive(Debug, Clone, Default)]
pub struct Readings(Arc<Mutex<HashMap<Reading, OffsetDateTime>>>);

/// Who looked for what.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Reading {
    /// The person or the program,
    reader: Option<String>,
    /// the session,
    session: Option<String>,
    /// where,
    organization: String,
    /// and for what.
    what: String,
}

impl Reading {
    fn by(principal: &Principal, what: String) -> Self {
        let (_, reader, session) = principal.for_audit().parts();
        let organization = principal.organization().map(|id| id.to_string()).unwrap_or_default();
        Self { reader, session, organization, what }
    }
}

impl Readings {
    fn is_written(&self, reading: &Reading, now: OffsetDateTime) -> bool {
        let written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        written.get(reading).is_some_and(|at| (Duration::ZERO..TOGETHER).contains(&(now - *at)))
    }

    fn note(&self, reading: Reading, now: OffsetDateTime) {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if written.len() >= MOST {
            written.retain(|_, at| now - *at < TOGETHER);
        }
        if written.len() >= MOST {
            written.clear();
        }
        written.insert(reading, now);
    }
}

/// Writes down that somebody looks into the log of where they are at work; `changes` say for what. Whoever looks for the same within
/// a minute leaves no other event. What they see is given out after that, not before.
pub(super) async fn record_reading(
    app: &Application,
    principal: &Principal,
    looked_for: &[(&'static str, String)],
) -> Result<(), Error> {
    let Some(organization) = principal.organization() else { return Ok(()) };
    let what = looked_for.iter().map(|(field, value)| format!("{field}={value}\n")).collect();
    let reading = Reading::by(principal, what);
    if app.readings.is_written(&reading, app.now()) {
        return Ok(());
    }
    let event = app.event_by(principal, Action::AuditLogRead, AuditTarget::Organization(organization));
    let event = with_all(event, looked_for);
    let at = event.occurred_at;
    app.store.begin(Scope::Organization(organization)).await?.commit(app.record(event)).await?;
    app.readings.note(reading, at);
    Ok(())
}

/// Writes down that somebody sees something, in the transaction that has found it; `what` tells it from what else they see. Whoever sees
/// the same within a minute leaves no other event. It is given out after that, not before.
pub(crate) async fn record_view(
    app: &Application,
    principal: &Principal,
    unit: Box<dyn UnitOfWork>,
    what: &str,
    event: Event,
) -> Result<(), Error> {
    let reading = Reading::by(principal, format!("{} {what}", event.action.as_str()));
    if app.readings.is_written(&reading, app.now()) {
        return Ok(());
    }
    let at = event.occurred_at;
    unit.commit(app.record(event)).await?;
    app.readings.note(reading, at);
    Ok(())
}

/// What somebody tried: what is folded into one event, and how the event tells it.
pub(crate) struct ReadingAttempt<'a> {
    /// Tells it from what else they try.
    pub(crate) what: &'a str,
    /// The event's action
    pub(crate) action: Action,
    /// and target.
    pub(crate) target: AuditTarget,
}

impl<'a> ReadingAttempt<'a> {
    /// To get to something that takes a permission.
    pub(crate) const fn at(what: &'a str) -> Self {
        Self { what, action: Action::PermissionDenied, target: AuditTarget::Nothing }
    }
}

/// Gives back what somebody has come to, as [`Application::refusals_recorded`] does; but whoever is refused the same again and again
/// within a minute leaves one event.
pub(crate) async fn refusals_recorded_once<T>(
    app: &Application,
    principal: &Principal,
    attempt: ReadingAttempt<'_>,
    result: Result<T, Error>,
) -> Result<T, Error> {
    match &result {
        Err(error) if error.is_refusal() => record_refusal_once(app, principal, attempt, error).await?,
        Ok(_) | Err(_) => {}
    }
    result
}

/// Writes down that somebody was refused; the same again and again within a minute is one event.
pub(crate) async fn record_refusal_once(
    app: &Application,
    principal: &Principal,
    ReadingAttempt { what, action, target }: ReadingAttempt<'_>,
    error: &Error,
) -> Result<(), Error> {
    let reading = Reading::by(principal, format!("refused {what}: {error}"));
    if !app.readings.is_written(&reading, app.now()) {
        let event = app.event_by(principal, action, target);
        let (at, scope) =
            (event.occurred_at, principal.organization().map_or(Scope::Platform, Scope::Organization));
        app.record_refusal(scope, event, error).await?;
        app.readings.note(reading, at);
    }
    Ok(())
}

fn with_all(event: Event, looked_for: &[(&'static str, String)]) -> Event {
    looked_for.iter().fold(event, |event, (field, value)| event.change(field, None, Some(value)))
}

#[cfg(test)]
mod tests {
    use rollcall_domain::Role;

    use super::*;
    use crate::testing::{MockDirectory, TestStore, actor, application};

    fn reading(what: &str) -> Reading {
        let (reader, session) = (Some("user_1".to_owned()), Some("sess_1".to_owned()));
        Reading { reader, session, organization: "org_1".to_owned(), what: what.to_owned() }
    }

    #[test]
    fn the_same_within_a_minute_is_one_reading() {
        let (readings, now) = (Readings::default(), crate::testing::NOW);
        assert!(!readings.is_written(&reading("a"), now));
        readings.note(reading("a"), now);
        assert!(readings.is_written(&reading("a"), now + Duration::seconds(59)));
        assert!(!readings.is_written(&reading("a"), now + Duration::MINUTE));
        assert!(!readings.is_written(&reading("b"), now));
        // A clock that was put back hides nothing.
        assert!(!readings.is_written(&reading("a"), now - Duration::SECOND));
    }

    #[tokio::test]
    async fn the_same_refused_for_another_reason_is_another_event() {
        let store = TestStore::default();
        let app = application(&store, MockDirectory::new());
        let viewer = Principal::Person(actor(1, Role::Viewer));
        for reason in [Error::MfaRequired, Error::OrganizationSuspended, Error::MfaRequired] {
            let refused =
                refusals_recorded_once::<()>(&app, &viewer, ReadingAttempt::at("events"), Err(reason));
            assert!(refused.await.is_err());
        }
        assert_eq!(store.committed().len(), 2);
    }

    #[test]
    fn only_so_many_readings_are_remembered() {
        let (readings, now) = (Readings::default(), crate::testing::NOW);
        for number in 0..2 * MOST {
            readings.note(reading(&number.to_string()), now);
        }
        assert!(readings.0.lock().expect("no panic").len() <= MOST);
    }
}
