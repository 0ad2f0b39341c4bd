//! Removing everything of the organizations whose time is over.

use rollcall_domain::{
    OrganizationId,
    audit::{Action, AuditActor, AuditTarget, Origin},
};
use time::OffsetDateTime;

use crate::{
    Application, Error, ErrorChain, PassedOver,
    ports::{Purge, Scope},
};

/// How many organizations are looked at for one that nobody else is at.
const LOOK_AT: u16 = 100;
/// How many rows are removed in one transaction.
const BATCH: u32 = 5_000;

/// Takes one step: removes some rows of one organization, or the organization itself when nothing else is left of it.
/// Gives back whether there may be more to do. Each step is whole by itself, so it does not matter where it ends, who
/// goes on, and how many are at it. Where it does not work, that is told in the log, and the organization is passed over for the rest of
/// the round: it comes again with the next.
///
/// The organization's log goes with the rest; that it was purged stands in the platform's.
///
/// # Errors
/// When the database does not answer.
pub async fn purge_some(
    app: &Application,
    purge: &dyn Purge,
    passed_over: &mut PassedOver,
) -> Result<bool, Error> {
    let now = app.now();
    // Those that are passed over are among them, and take nobody's place.
    let look_at = LOOK_AT.saturating_add(u16::try_from(passed_over.count()).unwrap_or(u16::MAX));
    for organization in purge.due(now, look_at).await? {
        if passed_over.contains(organization) {
            continue;
        }
        match purge_one(app, purge, organization, now).await {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(error = %ErrorChain(&error), %organization, "an organization was not purged");
                passed_over.note(organization);
                // Whether it is a matter of this one alone is found out by asking again: a database that is away ends the round.
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Takes a step in one organization; gives back whether there was one to take.
async fn purge_one(
    app: &Application,
    purge: &dyn Purge,
    organization: OrganizationId,
    now: OffsetDateTime,
) -> Result<bool, Error> {
    match purge.remove_some(organization, now, BATCH).await? {
        None => return Ok(false),
        Some(0) => {}
        Some(_) => return Ok(true),
    }
    let mut unit = app.store.begin(Scope::Platform).await?;
    let Some(purged) = unit.organization_purge(organization, now).await? else { return Ok(false) };
    let target = AuditTarget::Organization(organization);
    let event = app.event(AuditActor::System, &Origin::default(), Action::OrganizationPurged, target);
    let event = [
        ("members", purged.members),
        ("invitations", purged.invitations),
        ("api_keys", purged.api_keys),
        ("calls", purged.calls),
        ("recordings", purged.recordings),
        ("mails", purged.mails),
        ("audit_events", purged.audit_events),
    ]
    .into_iter()
    .fold(event, |event, (what, count)| event.change(what, Some(&count.to_string()), None));
    unit.commit(app.record(event)).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use async_trait::async_trait;
    use rollcall_domain::audit::Outcome;

    use super::*;
    use crate::{
        organizations::Purged,
        ports::StoreError,
        testing::{LogHeard, MockDirectory, MockUnit, TestStore, application, organization},
    };

    /// One step of a round of its own.
    async fn step(app: &Application, purge: &dyn Purge) -> bool {
        purge_some(app, purge, &mut PassedOver::default()).await.expect("a step")
    }

    /// Two organizations are due; of each so many rows are removed at a step.
    struct Due([Option<u64>; 2]);

    #[async_trait]
    impl Purge for Due {
        async fn due(&self, _: OffsetDateTime, _: u16) -> Result<Vec<OrganizationId>, StoreError> {
            Ok(vec![organization().id, OrganizationId::from_parts(0, &[2; 10])])
        }

        async fn remove_some(
            &self,
            id: OrganizationId,
            _: OffsetDateTime,
            _: u32,
        ) -> Result<Option<u64>, StoreError> {
            Ok(self.0[usize::from(id != organization().id)])
        }
    }

    #[tokio::test]
    async fn only_the_last_step_leaves_an_event_and_it_is_the_platform_s() {
        let mut unit = MockUnit::new();
        unit.expect_organization_purge().returning(|_, _| Ok(Some(Purged::default())));
        let store = TestStore::of(unit);
        let app = application(&store, MockDirectory::new());
        assert!(step(&app, &Due([Some(7), None])).await);
        assert!(store.committed().is_empty());
        // What somebody else is at is passed over.
        assert!(step(&app, &Due([None, Some(0)])).await);
        let expected = (Scope::Platform, vec![(Action::OrganizationPurged, Outcome::Success)], vec![]);
        assert_eq!(store.committed(), [expected]);
        assert!(!step(&app, &Due([None, None])).await);
    }

    #[tokio::test]
    async fn of_two_nodes_that_come_to_the_end_one_records_it() {
        let mut unit = MockUnit::new();
        unit.expect_organization_purge().returning(|_, _| Ok(None));
        let store = TestStore::of(unit);
        let app = application(&store, MockDirectory::new());
        assert!(!step(&app, &Due([Some(0), None])).await);
        assert!(store.committed().is_empty());
    }

    /// A database that goes away once it has said what is due.
    #[derive(Default)]
    struct Leaving {
        asked: AtomicU32,
        tried: AtomicU32,
    }

    #[async_trait]
    impl Purge for Leaving {
        async fn due(&self, _: OffsetDateTime, _: u16) -> Result<Vec<OrganizationId>, StoreError> {
            match self.asked.fetch_add(1, Ordering::Relaxed) {
                0 => Ok((1..9).map(|number| OrganizationId::from_parts(0, &[number; 10])).collect()),
                _ => Err(StoreError::Unavailable("away".into())),
            }
        }

        async fn remove_some(
            &self,
            _: OrganizationId,
            _: OffsetDateTime,
            _: u32,
        ) -> Result<Option<u64>, StoreError> {
            self.tried.fetch_add(1, Ordering::Relaxed);
            Err(StoreError::Unavailable("away".into()))
        }
    }

    #[tokio::test]
    async fn a_database_that_goes_away_is_not_waited_for_with_each_organization() {
        let app = application(&TestStore::default(), MockDirectory::new());
        let (leaving, mut passed_over) = (Leaving::default(), PassedOver::default());
        assert!(purge_some(&app, &leaving, &mut passed_over).await.expect("a step"));
        assert!(purge_some(&app, &leaving, &mut passed_over).await.is_err());
        assert_eq!(leaving.tried.load(Ordering::Relaxed), 1);
    }

    /// More are due than are looked at. Somebody holds something of all but the last.
    struct Held(AtomicU32);

    #[async_trait]
    impl Purge for Held {
        async fn due(&self, _: OffsetDateTime, limit: u16) -> Result<Vec<OrganizationId>, StoreError> {
            let due = (0..=LOOK_AT).map(|number| OrganizationId::from_parts(number.into(), &[0; 10]));
            Ok(due.take(limit.into()).collect())
        }

        async fn remove_some(
            &self,
            id: OrganizationId,
            _: OffsetDateTime,
            _: u32,
        ) -> Result<Option<u64>, StoreError> {
            if id != OrganizationId::from_parts(LOOK_AT.into(), &[0; 10]) {
                return Err(StoreError::Unavailable("held by somebody".into()));
            }
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(Some(5))
        }
    }

    #[tokio::test]
    async fn organizations_that_are_passed_over_hide_no_others_however_many_they_are() {
        let app = application(&TestStore::default(), MockDirectory::new());
        let (held, mut passed_over) = (Held(AtomicU32::default()), PassedOver::default());
        for _ in 0..=LOOK_AT {
            assert!(purge_some(&app, &held, &mut passed_over).await.expect("a step"));
        }
        assert_eq!(held.0.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn an_organization_whose_last_step_fails_keeps_no_other_waiting() {
        let (heard, _hearing) = LogHeard::here();
        let mut held = MockUnit::new();
        held.expect_organization_purge()
            .times(1)
            .returning(|_, _| Err(StoreError::Unavailable("held by somebody".into())));
        let app = application(&TestStore::of(held), MockDirectory::new());
        let mut passed_over = PassedOver::default();
        assert!(purge_some(&app, &Due([Some(0), Some(5)]), &mut passed_over).await.expect("a step"));
        assert!(purge_some(&app, &Due([Some(0), Some(5)]), &mut passed_over).await.expect("a step"));
        let lines = heard.lines();
        let whose = organization().id.to_string();
        assert!(
            matches!(&lines[..], [line] if line.contains("held by somebody") && line.contains(&whose)),
            "{lines:?}"
        );
    }
}
