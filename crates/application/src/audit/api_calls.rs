//! Calls made with API keys: noted as they are answered, written into the audit logs a moment later, many at a time.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::{StreamExt, stream};
use rollcall_domain::{
    ApiKeyId, OrganizationId,
    audit::{Action, AuditActor, AuditTarget, Event, Origin, Outcome},
};
use time::OffsetDateTime;

use super::{Entry, EventLine};
use crate::{Application, Error, ErrorChain, ports::StoreError};

/// The most calls that wait. What comes beyond that is lost, and said to be: the service goes on while its database does not.
const MOST: usize = 100_000;
/// The most events of one organization that are written at once,
const AT_ONCE: usize = 1_000;
/// and how many organizations at the same time.
const SIDE_BY_SIDE: usize = 4;
/// How often an event is tried that the database refuses for what it is.
const TRIES: u8 = 5;

/// A call that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiCall {
    /// Whose key it was made with,
    pub organization: OrganizationId,
    /// and which one.
    pub key: ApiKeyId,
    /// When it came.
    pub at: OffsetDateTime,
    /// How.
    pub method: String,
    /// What was called, as the contract has it: without the ids in it.
    pub route: String,
    /// The status of the answer.
    pub status: u16,
    /// Where it came from.
    pub origin: Origin,
}

/// Calls that are not in an audit log yet. Cloning it is cheap.
#[derive(Debug, Clone, Default)]
pub struct ApiCalls(Arc<Mutex<CallBuffer>>);

#[derive(Debug, Default)]
struct CallBuffer {
    calls: Vec<ApiCall>,
    /// What has been tried before.
    batches: Vec<Batch>,
    /// How many events are in them.
    in_batches: usize,
    lost: u64,
}

/// Events of one organization that are written together. Their ids are given once, so that trying again adds nothing that the
/// first try has added, whatever was heard of it.
#[derive(Debug)]
struct Batch {
    organization: OrganizationId,
    lines: Vec<EventLine>,
    refused: u8,
}

impl ApiCalls {
    fn waiting(&self) -> MutexGuard<'_, CallBuffer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a call. Nothing is written, and nobody waits.
    pub fn note(&self, call: ApiCall) {
        let mut waiting = self.waiting();
        if waiting.calls.len() + waiting.in_batches < MOST {
            waiting.calls.push(call);
        } else {
            waiting.lost += 1;
        }
    }

    /// Takes all that waits, what was tried before at the end: it must keep nothing else.
    fn take(&self, app: &Application) -> Vec<Batch> {
        let (calls, mut before, lost) = {
            let mut waiting = self.waiting();
            waiting.in_batches = 0;
            let lost = std::mem::take(&mut waiting.lost);
            (std::mem::take(&mut waiting.calls), std::mem::take(&mut waiting.batches), lost)
        };
        if lost > 0 {
            tracing::error!(
                lost,
                "calls made with API keys are in no audit log: too many waited for the database"
            );
        }
        let mut by_organization: BTreeMap<OrganizationId, Vec<EventLine>> = BTreeMap::new();
        for call in calls {
            let organization = call.organization;
            match line(app, call) {
                Ok(line) => by_organization.entry(organization).or_default().push(line),
                // One that cannot be written keeps no other from the log.
                Err(error) => {
                    tracing::error!(
                        %organization,
                        error = %ErrorChain(&error),
                        "a call made with an API key is in no audit log"
                    )
                }
            }
        }
        let mut batches = Vec::new();
        for (organization, mut lines) in by_organization {
            while !lines.is_empty() {
                let rest = lines.split_off(lines.len().min(AT_ONCE));
                batches.push(Batch { organization, lines, refused: 0 });
                lines = rest;
            }
        }
        batches.append(&mut before);
        batches
    }

    /// Puts a batch back, together with others of its organization that were not refused either: a database that is away for long
    /// leaves few of them.
    fn put_back(&self, mut batch: Batch) {
        let mut waiting = self.waiting();
        waiting.in_batches += batch.lines.len();
        let fits = |other: &Batch| {
            other.organization == batch.organization
                && (other.refused, batch.refused) == (0, 0)
                && other.lines.len() + batch.lines.len() <= AT_ONCE
        };
        match waiting.batches.iter().position(fits) {
            Some(place) => waiting.batches[place].lines.append(&mut batch.lines),
            None => waiting.batches.push(batch),
        }
    }

    /// What could not be written is tried again. Where the database refuses something for what it is, that is found by halves, and
    /// given up in the end; the rest is written.
    fn failed(&self, mut batch: Batch, error: &StoreError) {
        if !matches!(error, StoreError::Internal(_)) {
            return self.put_back(batch);
        }
        batch.refused = batch.refused.saturating_add(1);
        if batch.lines.len() > 1 {
            let lines = batch.lines.split_off(batch.lines.len() / 2);
            self.put_back(Batch { lines, refused: 1, ..batch });
            return self.put_back(Batch { refused: 1, ..batch });
        }
        if batch.refused < TRIES {
            return self.put_back(batch);
        }
        let event = batch.lines.first().map(|line| line.id.to_string());
        tracing::error!(
            error = %ErrorChain(error),
            event,
            organization = %batch.organization,
            "a call is in no audit log: it is not taken"
        );
    }
}

fn line(app: &Application, call: ApiCall) -> Result<EventLine, Error> {
    let ApiCall { organization, key, at, method, route, status, origin } = call;
    let id = app.entropy.id(at);
    let outcome = if status < 400 { Outcome::Success } else { Outcome::Refused };
    let event = Event::new(id, at, AuditActor::ApiKey(key), origin, Action::ApiCalled, AuditTarget::Nothing)
        .outcome(outcome)
        .change("method", None, Some(&method))
        .change("route", None, Some(&route))
        .change("status", None, Some(&status.to_string()));
    EventLine::of(&Entry::new(event, app.entropy.as_ref()), organization)
}

/// Writes down the calls that wait, each in the log of its organization, if that is on. What fails waits on; it keeps nothing else.
/// Gives back how many events still wait.
///
/// # Errors
/// When a call cannot be put into words, which does not happen.
pub async fn write_down_calls(app: &Application) -> Result<usize, Error> {
    let batches = app.api_calls.take(app);
    let write = |batch: Batch| async move {
        if let Err(error) = app.audit_intake.take(batch.organization, &batch.lines).await {
            tracing::warn!(error = %ErrorChain(&error), "calls made with API keys are not in the audit log yet");
            app.api_calls.failed(batch, &error);
        }
    };
    stream::iter(batches).for_each_concurrent(SIDE_BY_SIDE, write).await;
    Ok(app.api_calls.waiting().in_batches)
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;
    use crate::testing::{MockDirectory, NOW, TestStore, api_key, application};

    /// Takes what comes, but for some organizations, and for one route.
    #[derive(Default)]
    struct Intake {
        taken: Mutex<Vec<(OrganizationId, Vec<EventLine>)>>,
        down: Mutex<Vec<OrganizationId>>,
        /// The answer is lost after it was taken.
        lost: Mutex<bool>,
    }

    #[async_trait]
    impl super::super::AuditIntake for Intake {
        async fn take(
            &self,
            organization: OrganizationId,
            lines: &[EventLine],
        ) -> Result<Option<usize>, StoreError> {
            if self.down.lock().expect("no poison").contains(&organization) {
                return Err(StoreError::Unavailable("down".into()));
            }
            let poison = |line: &EventLine| String::from_utf8_lossy(&line.leaf).contains("/poison");
            if lines.iter().any(poison) {
                return Err(StoreError::Internal("poison".into()));
            }
            self.taken.lock().expect("no poison").push((organization, lines.to_vec()));
            match *self.lost.lock().expect("no poison") {
                true => Err(StoreError::Unavailable("the answer is lost".into())),
                false => Ok(Some(lines.len())),
            }
        }
    }

    fn organization(number: u8) -> OrganizationId {
        OrganizationId::from_parts(0, &[number; 10])
    }

    fn call(number: u8, route: &str) -> ApiCall {
        ApiCall {
            organization: organization(number),
            key: api_key(1).id,
            at: NOW,
            method: "GET".to_owned(),
            route: route.to_owned(),
            status: 200,
            origin: Origin::default(),
        }
    }

    fn app() -> (Application, Arc<Intake>) {
        let intake = Arc::new(Intake::default());
        let app = application(&TestStore::default(), MockDirectory::new());
        (Application { audit_intake: intake.clone(), ..app }, intake)
    }

    fn taken_of(intake: &Intake, number: u8) -> usize {
        let taken = intake.taken.lock().expect("no poison");
        taken.iter().filter(|(of, _)| *of == organization(number)).map(|(_, lines)| lines.len()).sum()
    }

    #[tokio::test]
    async fn calls_are_written_down_by_organization_and_once() {
        let (app, intake) = app();
        for number in [1, 2, 1] {
            app.api_calls.note(call(number, "/v1/members"));
        }
        assert_eq!(write_down_calls(&app).await.expect("written"), 0);
        assert_eq!((taken_of(&intake, 1), taken_of(&intake, 2)), (2, 1));
        assert_eq!(write_down_calls(&app).await.expect("nothing"), 0);
        assert_eq!(intake.taken.lock().expect("no poison").len(), 2);
    }

    #[tokio::test]
    async fn an_organization_whose_log_does_not_answer_keeps_no_other_and_loses_nothing() {
        let (app, intake) = app();
        intake.down.lock().expect("no poison").push(organization(1));
        for round in 0..3 {
            app.api_calls.note(call(1, "/v1/members"));
            app.api_calls.note(call(2, "/v1/members"));
            assert_eq!(write_down_calls(&app).await.expect("tried"), round + 1);
            assert_eq!(taken_of(&intake, 2), round + 1);
        }
        // However long it takes, they are not many.
        assert_eq!(app.api_calls.waiting().batches.len(), 1);
        intake.down.lock().expect("no poison").clear();
        assert_eq!(write_down_calls(&app).await.expect("written"), 0);
        assert_eq!(taken_of(&intake, 1), 3);
    }

    #[tokio::test]
    async fn one_event_that_is_not_taken_is_found_and_given_up_and_the_rest_is_written() {
        let (app, intake) = app();
        for number in 0..10 {
            app.api_calls.note(call(1, if number == 6 { "/poison" } else { "/v1/members" }));
        }
        for _ in 0..10 {
            write_down_calls(&app).await.expect("tried");
        }
        assert_eq!(taken_of(&intake, 1), 9);
        assert_eq!(app.api_calls.waiting().in_batches, 0);
    }

    #[tokio::test]
    async fn what_the_database_refuses_is_tried_a_few_times() {
        let (app, _) = app();
        app.api_calls.note(call(1, "/poison"));
        for left in [1, 1, 1, 1, 0] {
            assert_eq!(write_down_calls(&app).await.expect("tried"), left);
        }
    }

    #[tokio::test]
    async fn a_call_that_was_refused_is_told_as_refused() {
        let (app, intake) = app();
        for status in [200, 304, 399, 400, 403, 500] {
            app.api_calls.note(ApiCall { status, ..call(1, "/v1/members") });
        }
        write_down_calls(&app).await.expect("written");
        let taken = intake.taken.lock().expect("no poison");
        let outcomes: Vec<&str> = taken[0].1.iter().map(|line| line.outcome).collect();
        assert_eq!(outcomes, ["success", "success", "success", "refused", "refused", "refused"]);
    }

    #[tokio::test]
    async fn what_waits_to_be_tried_again_takes_room_too() {
        let (app, intake) = app();
        intake.down.lock().expect("no poison").push(organization(1));
        (0..MOST - 1).for_each(|_| app.api_calls.note(call(1, "/v1/members")));
        assert_eq!(write_down_calls(&app).await.expect("tried"), MOST - 1);
        (0..3).for_each(|_| app.api_calls.note(call(2, "/v1/members")));
        assert_eq!(app.api_calls.waiting().lost, 2);
    }

    #[tokio::test]
    async fn what_was_taken_and_not_heard_of_is_told_again_with_the_same_ids() {
        let (app, intake) = app();
        *intake.lost.lock().expect("no poison") = true;
        app.api_calls.note(call(1, "/v1/members"));
        assert_eq!(write_down_calls(&app).await.expect("tried"), 1);
        *intake.lost.lock().expect("no poison") = false;
        assert_eq!(write_down_calls(&app).await.expect("written"), 0);
        let taken = intake.taken.lock().expect("no poison");
        assert_eq!(taken[0], taken[1]);
    }

    #[tokio::test]
    async fn more_than_there_is_room_for_is_lost_and_the_service_goes_on() {
        let (app, intake) = app();
        for _ in 0..MOST + 5 {
            app.api_calls.note(call(1, "/v1/members"));
        }
        assert_eq!(app.api_calls.waiting().lost, 5);
        assert_eq!(write_down_calls(&app).await.expect("written"), 0);
        assert_eq!(taken_of(&intake, 1), MOST);
        assert!(intake.taken.lock().expect("no poison").iter().all(|(_, lines)| lines.len() <= AT_ONCE));
    }
}
