//! What is older than an organization's plan keeps it goes from its log: first what identifies persons, later the events themselves.
//! Their places and the hashes of their leaves stay, so that everything else can still be proved.

use async_trait::async_trait;
use rollcall_domain::{OrganizationId, organizations::Plan};
use time::{Duration, OffsetDateTime};

use crate::{Application, Error, ports::StoreError};

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
    /// Some logs of organizations on a plan in which something is too old.
    async fn due(
        &self,
        plan: Plan,
        kept: RetentionTimes,
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

/// Takes some of what is too old out of the logs; gives back whether there may be more.
///
/// # Errors
/// When the database does not answer.
pub async fn retain_some(app: &Application, retention: &dyn Retention) -> Result<bool, Error> {
    let mut more = false;
    for plan in Plan::ALL {
        let days = i64::from(app.settings.plans.of(plan).audit_retention_days);
        let kept = RetentionTimes::at(app.now(), Duration::days(days));
        for organization in retention.due(plan, kept, LOGS).await? {
            more |= retention.retain(organization, plan, kept, AT_ONCE).await? > 0;
        }
    }
    let days = i64::from(app.settings.platform_log_days);
    more |= retention.retain_platform(app.now() - Duration::days(days), AT_ONCE).await? > 0;
    Ok(more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn persons_go_first_and_events_a_month_later() {
        let now = crate::testing::NOW;
        let kept = RetentionTimes::at(now, Duration::days(365));
        assert_eq!(now - kept.clear_before, Duration::days(365));
        assert_eq!(now - kept.remove_before, Duration::days(395));
    }
}
