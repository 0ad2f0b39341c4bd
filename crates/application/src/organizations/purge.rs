//! Removing everything of the organizations whose time is over.

use rollcall_domain::audit::{Action, AuditActor, AuditTarget, Origin};

use crate::{
    Application, Error, ErrorChain,
    ports::{Purge, Scope},
};

/// How many organizations are looked at for one that nobody else is at.
const LOOK_AT: u16 = 100;
/// How many rows are removed in one transaction.
const BATCH: u32 = 5_000;

/// Takes one step: removes some rows of one organization, or the organization itself when nothing else is left of it.
/// Gives back whether there may be more to do. Each step is whole by itself, so it does not matter where it ends, who
/// goes on, and how many are at it.
///
/// The organization's log goes with the rest; that it was purged stands in the platform's.
///
/// # Errors
/// Only when something is out of order.
pub async fn purge_some(app: &Application, purge: &dyn Purge) -> Result<bool, Error> {
    let now = app.now();
    for organization in purge.due(now, LOOK_AT).await? {
        let removed = purge.remove_some(organization, now, BATCH).await.unwrap_or_else(|error| {
            // It is tried again; the others do not wait for it.
            tracing::warn!(error = %ErrorChain(&error), %organization, "an organization was not purged");
            None
        });
        match removed {
            None => {}
            Some(0) => {
                let mut unit = app.store.begin(Scope::Platform).await?;
                let Some(purged) = unit.organization_purge(organization, now).await? else { continue };
                let target = AuditTarget::Organization(organization);
                let event =
                    app.event(AuditActor::System, &Origin::default(), Action::OrganizationPurged, target);
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
                return Ok(true);
            }
            Some(_) => return Ok(true),
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use rollcall_domain::{OrganizationId, audit::Outcome};
    use time::OffsetDateTime;

    use super::*;
    use crate::{
        organizations::Purged,
        ports::StoreError,
        testing::{MockDirectory, MockUnit, TestStore, application, organization},
    };

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
        assert!(purge_some(&app, &Due([Some(7), None])).await.expect("a step"));
        assert!(store.committed().is_empty());
        // What somebody else is at is passed over.
        assert!(purge_some(&app, &Due([None, Some(0)])).await.expect("a step"));
        let expected = (Scope::Platform, vec![(Action::OrganizationPurged, Outcome::Success)], vec![]);
        assert_eq!(store.committed(), [expected]);
        assert!(!purge_some(&app, &Due([None, None])).await.expect("a step"));
    }

    #[tokio::test]
    async fn of_two_nodes_that_come_to_the_end_one_records_it() {
        let mut unit = MockUnit::new();
        unit.expect_organization_purge().returning(|_, _| Ok(None));
        let store = TestStore::of(unit);
        let app = application(&store, MockDirectory::new());
        assert!(!purge_some(&app, &Due([Some(0), None])).await.expect("a step"));
        assert!(store.committed().is_empty());
    }
}
