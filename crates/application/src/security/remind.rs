//! Telling people by when they need a second factor: when the rule goes on, and again as the deadline comes closer.

use rollcall_domain::{
    OrganizationId,
    audit::{Action, AuditActor, AuditTarget, Origin},
};

use super::MfaNotices;
use crate::{Application, Error, ErrorChain, audit::Record, mail::Letter, ports::Scope};

/// How many organizations are looked at in one step.
const LOOK_AT: u16 = 100;
/// How many people of one organization are told in one transaction.
const BATCH: u16 = 200;

/// Takes one step: queues letters that are due, in each organization where some are. Gives back whether there may be more to
/// do. Which letters they are is claimed in the transaction that queues them, so of several nodes one sends each.
///
/// # Errors
/// Only when something is out of order.
pub async fn remind_some(app: &Application, notices: &dyn MfaNotices) -> Result<bool, Error> {
    let mut queued = false;
    for organization in notices.due(LOOK_AT).await? {
        // What does not work in one organization keeps no other waiting; it is tried again.
        match remind(app, notices, organization).await {
            Ok(told) => queued |= told,
            Err(error) => {
                tracing::warn!(
                    error = %ErrorChain(&error),
                    %organization,
                    "reminders of second-factor deadlines were not sent"
                )
            }
        }
    }
    Ok(queued)
}

async fn remind(
    app: &Application,
    notices: &dyn MfaNotices,
    organization: OrganizationId,
) -> Result<bool, Error> {
    notices.put_off(organization).await?;
    let mut unit = app.store.begin(Scope::Organization(organization)).await?;
    let notified = unit.mfa_notices_claim(organization, BATCH).await?;
    if notified.is_empty() {
        return Ok(false);
    }
    let target = AuditTarget::Organization(organization);
    let event = app.event(AuditActor::System, &Origin::default(), Action::MfaRemindersSent, target);
    let event = event.change("members", None, Some(&notified.len().to_string()));
    let letters = notified.into_iter().map(|notified| match notified.first {
        true => Letter::MfaRequired { organization, member: notified.user },
        false => Letter::MfaReminder { organization, member: notified.user },
    });
    unit.commit(letters.fold(app.record(event), Record::mail)).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use rollcall_domain::audit::Outcome;

    use super::*;
    use crate::{
        ports::StoreError,
        security::Notified,
        testing::{MockDirectory, MockUnit, TestStore, application, organization, user},
    };

    struct Due;

    #[async_trait]
    impl MfaNotices for Due {
        async fn due(&self, _: u16) -> Result<Vec<OrganizationId>, StoreError> {
            Ok(vec![organization().id])
        }

        async fn put_off(&self, _: OrganizationId) -> Result<(), StoreError> {
            Ok(())
        }
    }

    fn claimed(notified: Vec<Notified>) -> TestStore {
        let mut unit = MockUnit::new();
        unit.expect_mfa_notices_claim().returning(move |_, _| Ok(notified.clone()));
        TestStore::of(unit)
    }

    #[tokio::test]
    async fn reminders_are_sent_by_the_commit_that_claims_them() {
        let notified = [(1, true), (2, false)].map(|(n, first)| Notified { user: user(n).id, first });
        let store = claimed(notified.to_vec());
        let app = application(&store, MockDirectory::new());
        assert!(remind_some(&app, &Due).await.expect("a step"));
        let organization = organization().id;
        let expected = (
            Scope::Organization(organization),
            vec![(Action::MfaRemindersSent, Outcome::Success)],
            vec![
                Letter::MfaRequired { organization, member: user(1).id },
                Letter::MfaReminder { organization, member: user(2).id },
            ],
        );
        assert_eq!(store.committed(), [expected]);
    }

    #[tokio::test]
    async fn where_another_node_was_faster_nobody_is_reminded() {
        let store = claimed(vec![]);
        let app = application(&store, MockDirectory::new());
        assert!(!remind_some(&app, &Due).await.expect("a step"));
        assert!(store.committed().is_empty());
    }
}
