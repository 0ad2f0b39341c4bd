//! What is older than an organization's plan keeps it goes from its log: first what identifies persons, later the events themselves.
//! Their places and the hashes of their leaves stay, so that everything else can still be proved.

use async_trait::async_trait;
use rollcall_domain::{OrganizationId, organizations::Plan};
use time::{Duration, OffsetDateTime};

use crate::{Application, Error, ErrorChain, PassedOver, ports::StoreError};

/// How long events are kept without what identifies persons, after the plan's time is over: who needs one for a proof can still ask.
const WITHOUT_PERSONS: Duration = Duration::days(30);
/// How many events of one log are gone through at once.
const AT_ONCE: u32 = 1_000;
/// How many logs are looked for at once.
const LOGS: u16 = 100;

/// How long a plan keeps events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionTimes {
    /// Before this moment, what identifies persons goes,
    pub clear_before: OffsetDateTime,
    /// and before this one, the events go.
    pub remove_before: OffsetDateTime,
}

impl RetentionTimes {
    /// What a time to keep events means at a moment.
    pub fn at(now: OffsetDateTime, kept: Duration) -> Self {
        Self { clear_before: now - kept, remove_before: now - kept - WITHOUT_PERSONS }
    }
}

/// Takes what is too old out of the logs. A narrow door beside the units of work: it leaves no events, as there would be one a day
/// for ever, each about the one before.
#[async_trait]
pub trait Retention: Send + Sync {
    /// Some logs of organizations on a plan in which something is too old, but none of `but`.
    async fn due(
        &self,
        plan: Plan,
        kept: RetentionTimes,
        but: &[OrganizationId],
        at_most: u16,
    ) -> Result<Vec<OrganizationId>, StoreError>;

    /// Takes what is too old out of one log, the oldest first, up to `at_most` events; gives back how many it took. None of one whose
    /// organization is not on that plan any more, or is suspended or deleted: until it is done, the organization is held as it is.
    async fn retain(
        &self,
        organization: OrganizationId,
        plan: Plan,
        kept: RetentionTimes,
        at_most: u32,
    ) -> Result<u64, StoreError>;

    /// Takes what identifies persons and is from before a moment out of the platform's own log, in the same way. The events stay.
    async fn retain_platform(&self, clear_before: OffsetDateTime, at_most: u32) -> Result<u64, StoreError>;
}

/// Takes some of what is too old out of the logs; gives back whether there may be more. Where it does not work, that is told in the log,
/// and the organization, or the platform's own log, is passed over for the rest of the round: it comes again with the next.
///
/// # Errors
/// When the database does not answer.
pub async fn retain_some(
    app: &Application,
    retention: &dyn Retention,
    passed_over: &mut PassedOver,
) -> Result<bool, Error> {
    let mut more = false;
    for plan in Plan::ALL {
        let days = i64::from(app.settings.plans.of(plan).audit_retention_days);
        let kept = RetentionTimes::at(app.now(), Duration::days(days));
        for organization in retention.due(plan, kept, &passed_over.all(), LOGS).await? {
            match retention.retain(organization, plan, kept, AT_ONCE).await {
                Ok(events) => more |= events > 0,
                Err(error) => {
                    tracing::warn!(
                        error = %ErrorChain(&error),
                        %organization,
                        "what is too old was not taken out of an audit log"
                    );
                    passed_over.note(organization);
                    // Whether it is a matter of this one alone is found out by asking again: a database that is away ends the round.
                    return Ok(true);
                }
            }
        }
    }
    let days = i64::from(app.settings.platform_log_days);
    if !passed_over.contains_platform() {
        match retention.retain_platform(app.now() - Duration::days(days), AT_ONCE).await {
            Ok(events) => more |= events > 0,
            Err(error) => {
                tracing::warn!(
                    error = %ErrorChain(&error),
                    "what is too old was not taken out of the platform's own audit log"
                );
                passed_over.note_platform();
                // As with organizations.
                return Ok(true);
            }
        }
    }
    Ok(more)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::testing::{LogHeard, MockDirectory, TestStore, application};

    /// Organizations whose logs are too old by so many steps. What is the first one's is held by somebody.
    struct Logs {
        due: Mutex<Vec<(OrganizationId, u32)>>,
        tried: Mutex<Vec<OrganizationId>>,
        platform: Mutex<u32>,
        /// Whether somebody holds something of the platform's own log.
        platform_is_held: bool,
    }

    fn log(number: u8) -> OrganizationId {
        OrganizationId::from_parts(0, &[number; 10])
    }

    #[async_trait]
    impl Retention for Logs {
        async fn due(
            &self,
            plan: Plan,
            _: RetentionTimes,
            but: &[OrganizationId],
            at_most: u16,
        ) -> Result<Vec<OrganizationId>, StoreError> {
            let due = self.due.lock().expect("no panic");
            let due =
                due.iter().filter(|(log, steps)| plan == Plan::Free && *steps > 0 && !but.contains(log));
            Ok(due.take(at_most.into()).map(|(log, _)| *log).collect())
        }

        async fn retain(
            &self,
            organization: OrganizationId,
            _: Plan,
            _: RetentionTimes,
            at_most: u32,
        ) -> Result<u64, StoreError> {
            self.tried.lock().expect("no panic").push(organization);
            if organization == log(0) {
                return Err(StoreError::Unavailable("held by somebody".into()));
            }
            let mut due = self.due.lock().expect("no panic");
            due.iter_mut().filter(|(due, _)| *due == organization).for_each(|(_, steps)| *steps -= 1);
            Ok(at_most.into())
        }

        async fn retain_platform(&self, _: OffsetDateTime, _: u32) -> Result<u64, StoreError> {
            *self.platform.lock().expect("no panic") += 1;
            if self.platform_is_held {
                Err(StoreError::Unavailable("held by somebody".into()))
            } else {
                Ok(0)
            }
        }
    }

    #[tokio::test]
    async fn an_organization_that_somebody_holds_is_passed_over_and_tried_again_in_the_next_round() {
        let (heard, _hearing) = LogHeard::here();
        let app = application(&TestStore::default(), MockDirectory::new());
        let logs = Logs {
            due: Mutex::new(vec![(log(0), 1), (log(1), 3), (log(2), 1)]),
            tried: Mutex::default(),
            platform: Mutex::default(),
            platform_is_held: false,
        };
        let mut passed_over = PassedOver::default();
        while retain_some(&app, &logs, &mut passed_over).await.expect("a step") {}
        // Once, however many steps the others take.
        let tried = std::mem::take(&mut *logs.tried.lock().expect("no panic"));
        assert_eq!(tried, [log(0), log(1), log(2), log(1), log(1)]);
        assert!(*logs.platform.lock().expect("no panic") > 0);
        let lines = heard.lines();
        assert!(
            matches!(&lines[..], [line] if line.contains("held by somebody") && line.contains(&log(0).to_string())),
            "{lines:?}"
        );
        retain_some(&app, &logs, &mut PassedOver::default()).await.expect("a step");
        assert_eq!(*logs.tried.lock().expect("no panic"), [log(0)]);
    }

    #[tokio::test]
    async fn the_platform_s_own_log_that_somebody_holds_keeps_no_other_waiting() {
        let (heard, _hearing) = LogHeard::here();
        let app = application(&TestStore::default(), MockDirectory::new());
        let logs = Logs {
            due: Mutex::new(vec![(log(1), 3)]),
            tried: Mutex::default(),
            platform: Mutex::default(),
            platform_is_held: true,
        };
        let mut passed_over = PassedOver::default();
        for more in [true, true, true, false] {
            assert_eq!(retain_some(&app, &logs, &mut passed_over).await.expect("a step"), more);
        }
        // Once, however many steps the others take.
        assert_eq!(*logs.platform.lock().expect("no panic"), 1);
        assert_eq!(*logs.tried.lock().expect("no panic"), [log(1); 3]);
        let lines = heard.lines();
        assert!(matches!(&lines[..], [line] if line.contains("held by somebody")), "{lines:?}");
        retain_some(&app, &logs, &mut PassedOver::default()).await.expect("a step");
        assert_eq!(*logs.platform.lock().expect("no panic"), 2);
    }

    /// A database that goes away once it has said what is due.
    #[derive(Default)]
    struct Leaving {
        asked: Mutex<u32>,
        tried: Mutex<u32>,
    }

    #[async_trait]
    impl Retention for Leaving {
        async fn due(
            &self,
            _: Plan,
            _: RetentionTimes,
            _: &[OrganizationId],
            _: u16,
        ) -> Result<Vec<OrganizationId>, StoreError> {
            let mut asked = self.asked.lock().expect("no panic");
            *asked += 1;
            if *asked == 1 {
                Ok((1..9).map(log).collect())
            } else {
                Err(StoreError::Unavailable("away".into()))
            }
        }

        async fn retain(
            &self,
            _: OrganizationId,
            _: Plan,
            _: RetentionTimes,
            _: u32,
        ) -> Result<u64, StoreError> {
            *self.tried.lock().expect("no panic") += 1;
            Err(StoreError::Unavailable("away".into()))
        }

        async fn retain_platform(&self, _: OffsetDateTime, _: u32) -> Result<u64, StoreError> {
            Ok(0)
        }
    }

    #[tokio::test]
    async fn a_database_that_goes_away_is_not_waited_for_with_each_log() {
        let app = application(&TestStore::default(), MockDirectory::new());
        let (leaving, mut passed_over) = (Leaving::default(), PassedOver::default());
        assert!(retain_some(&app, &leaving, &mut passed_over).await.expect("a step"));
        assert!(retain_some(&app, &leaving, &mut passed_over).await.is_err());
        assert_eq!(*leaving.tried.lock().expect("no panic"), 1);
    }

    #[test]
    fn persons_go_first_and_events_a_month_later() {
        let now = crate::testing::NOW;
        let kept = RetentionTimes::at(now, Duration::days(365));
        assert_eq!(now - kept.clear_before, Duration::days(365));
        assert_eq!(now - kept.remove_before, Duration::days(395));
    }
}
