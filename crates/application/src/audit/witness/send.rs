//! Each day's checkpoint goes on its way to the witness.

use rollcall_domain::{
    OrganizationId,
    audit::witness::{EVERY, Witness},
    audit::{Action, AuditActor, AuditTarget, Origin},
};
use time::Duration;

use super::{DueWitnesses, NewDelivery};
use crate::{Application, Error, ErrorChain, audit::newest_checkpoint, mail::Letter, ports::Scope};

/// How many organizations are looked after at once.
const AT_ONCE: u16 = 50;
/// When it is tried again where there is no checkpoint.
const PUT_OFF: Duration = Duration::minutes(5);

/// Puts checkpoints that are due on their way; gives back whether there may be more. Where it does not work, that is told in the log, and
/// tried again later.
///
/// # Errors
/// When the database does not answer.
pub async fn send_some(app: &Application, witnesses: &dyn DueWitnesses) -> Result<bool, Error> {
    let due = witnesses.due(app.now(), AT_ONCE).await?;
    let full = due.len() == usize::from(AT_ONCE);
    let mut moved = false;
    for organization in due {
        let Err(error) = send(app, organization).await else {
            moved = true;
            continue;
        };
        // Nor is any other kept from its own by this one.
        tracing::warn!(
            %organization,
            error = %ErrorChain(&error),
            "the witness of an audit log is sent no checkpoint"
        );
        match witnesses.put_off(organization, app.now() + PUT_OFF).await {
            Ok(()) => moved = true,
            Err(error) => {
                tracing::warn!(
                    %organization,
                    error = %ErrorChain(&error),
                    "a checkpoint for a witness was not put off"
                );
                // Whether it is a matter of this one alone is found out by asking again: a database that is away ends the round.
                witnesses.due(app.now(), 1).await?;
            }
        }
    }
    // Those that cannot even be put off would be found again at once.
    Ok(full && moved)
}

async fn send(app: &Application, organization: OrganizationId) -> Result<(), Error> {
    let checkpoint = newest_checkpoint(app, Some(organization)).await?;
    let now = app.now();
    let mut unit = app.store.begin(Scope::Organization(organization)).await?;
    let Some(kept) = unit.witness_lock(organization).await? else { return Ok(()) };
    // Another node was faster.
    if kept.next_at > now {
        return Ok(());
    }
    let size = checkpoint.size;
    let delivery = NewDelivery { id: app.id(), size, note: checkpoint.note, at: now, next_at: now + EVERY };
    unit.witness_deliver(organization, &delivery).await?;
    let target = AuditTarget::Organization(organization);
    let event = app
        .event(AuditActor::System, &Origin::default(), Action::AuditCheckpointSent, target)
        .change("size", None, Some(&size.to_string()))
        .change("witness", None, Some(kept.witness.kind()));
    let record = app.record(event);
    let record = match kept.witness {
        Witness::Mail(_) => record.mail(Letter::AuditCheckpoint { organization, delivery: delivery.id }),
        Witness::Webhook(_) => record,
    };
    Ok(unit.commit(record).await?)
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    };

    use async_trait::async_trait;
    use time::OffsetDateTime;

    use super::*;
    use crate::{
        ports::StoreError,
        testing::{LogHeard, MockDirectory, MockUnit, TestStore, application},
    };

    fn organization(number: u8) -> OrganizationId {
        OrganizationId::from_parts(0, &[number; 10])
    }

    fn away() -> StoreError {
        StoreError::Unavailable("away".into())
    }

    /// So many are due, of which nothing can be sent, and the first cannot be put off either.
    struct Due(u8, Mutex<Vec<OrganizationId>>);

    #[async_trait]
    impl DueWitnesses for Due {
        async fn due(&self, _: OffsetDateTime, _: u16) -> Result<Vec<OrganizationId>, StoreError> {
            Ok((0..self.0).map(organization).collect())
        }

        async fn put_off(&self, of: OrganizationId, _: OffsetDateTime) -> Result<(), StoreError> {
            if of == organization(0) {
                return Err(away());
            }
            self.1.lock().expect("no panic").push(of);
            Ok(())
        }
    }

    /// Nothing can be signed.
    fn unsigned() -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_signing_keys().returning(|| Err(away()));
        unit
    }

    #[tokio::test]
    async fn what_cannot_be_put_off_keeps_no_other_witness_waiting() {
        let (heard, _hearing) = LogHeard::here();
        let store = TestStore::of_each([unsigned(), unsigned(), unsigned()]);
        let app = application(&store, MockDirectory::new());
        let due = Due(3, Mutex::default());
        assert!(!send_some(&app, &due).await.expect("a step"));
        assert_eq!(*due.1.lock().expect("no panic"), [organization(1), organization(2)]);
        assert_eq!(heard.lines().len(), 4);
    }

    #[tokio::test]
    async fn a_step_that_is_full_is_followed_by_another() {
        for (due, is_followed) in [(AT_ONCE, true), (AT_ONCE - 1, false)] {
            let store = TestStore::of_each((0..due).map(|_| unsigned()).collect::<Vec<_>>());
            let due = Due(u8::try_from(due).expect("few"), Mutex::default());
            let app = application(&store, MockDirectory::new());
            assert_eq!(send_some(&app, &due).await.expect("a step"), is_followed);
        }
    }

    /// A database that goes away once it has said what is due.
    #[derive(Default)]
    struct Leaving {
        asked: AtomicU32,
        tried: AtomicU32,
    }

    #[async_trait]
    impl DueWitnesses for Leaving {
        async fn due(&self, _: OffsetDateTime, _: u16) -> Result<Vec<OrganizationId>, StoreError> {
            match self.asked.fetch_add(1, Ordering::Relaxed) {
                0 => Ok((0..8).map(organization).collect()),
                _ => Err(away()),
            }
        }

        async fn put_off(&self, _: OrganizationId, _: OffsetDateTime) -> Result<(), StoreError> {
            self.tried.fetch_add(1, Ordering::Relaxed);
            Err(away())
        }
    }

    #[tokio::test]
    async fn a_database_that_goes_away_is_not_waited_for_with_each_witness() {
        let app = application(&TestStore::of(unsigned()), MockDirectory::new());
        let leaving = Leaving::default();
        assert!(send_some(&app, &leaving).await.is_err());
        assert_eq!(leaving.tried.load(Ordering::Relaxed), 1);
    }
}
