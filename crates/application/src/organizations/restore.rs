//! Undoing the deletion of an organization.

use rollcall_domain::{
    OrganizationId,
    audit::{Action, AuditActor, AuditTarget, Origin},
    organizations::{self, Organization},
};

use crate::{Application, Error, Precondition, ports::Scope};

/// Undoes a deletion, for the platform's operator: members, roles and open invitations are as they were. Sessions that
/// have ended stay ended.
///
/// # Errors
/// [`Error::NotFound`] for an organization that is not deleted; [`Error::OrganizationDeleted`] when its time is over;
/// [`Error::LastOwner`] when its Owners have closed their accounts in the meantime; [`Error::PreconditionFailed`].
pub async fn restore(
    app: &Application,
    origin: &Origin,
    organization: OrganizationId,
    precondition: &Precondition,
) -> Result<Organization, Error> {
    let mut unit = app.store.begin(Scope::Organization(organization)).await?;
    let deleted = unit.organization_lock_deleted(organization).await?.ok_or(Error::NotFound)?;
    organizations::restore(&deleted, app.now()).map_err(|_| Error::OrganizationDeleted)?;
    precondition.check(deleted.organization.version)?;
    unit.organization_restore(organization).await?;
    let target = AuditTarget::Organization(organization);
    let event = app.event(AuditActor::Operator, origin, Action::OrganizationRestored, target);
    unit.commit(app.record(event)).await?;
    Ok(Organization { version: deleted.organization.version + 1, ..deleted.organization })
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{audit::Outcome, organizations::Deleted};
    use time::{Duration, OffsetDateTime};

    use super::*;
    use crate::testing::{MockDirectory, MockUnit, NOW, TestStore, application, organization};

    fn unit(purge_at: OffsetDateTime, purge_begun: bool) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_organization_lock_deleted()
            .returning(move |_| Ok(Some(Deleted { organization: organization(), purge_at, purge_begun })));
        unit.expect_organization_restore().returning(|_| Ok(()));
        unit
    }

    #[tokio::test]
    async fn undoing_a_deletion_leaves_the_operator_s_event_in_the_organization_s_log() {
        let store = TestStore::of(unit(NOW + Duration::SECOND, false));
        let app = application(&store, MockDirectory::new());
        let restored = restore(&app, &Origin::default(), organization().id, &Precondition::None)
            .await
            .expect("restored");
        assert_eq!(restored.version, organization().version + 1);
        let expected = (
            Scope::Organization(organization().id),
            vec![(Action::OrganizationRestored, Outcome::Success)],
            vec![],
        );
        assert_eq!(store.committed(), [expected]);
    }

    #[tokio::test]
    async fn an_organization_whose_time_is_over_or_purge_has_begun_stays_deleted() {
        for (purge_at, purge_begun) in [(NOW, false), (NOW + Duration::DAY, true)] {
            let store = TestStore::of(unit(purge_at, purge_begun));
            let app = application(&store, MockDirectory::new());
            let refused = restore(&app, &Origin::default(), organization().id, &Precondition::None).await;
            assert!(matches!(refused, Err(Error::OrganizationDeleted)), "{refused:?}");
            assert!(store.committed().is_empty());
        }
    }
}
