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

/// Puts checkpoints that are due on their way; gives back whether there may be more.
///
/// # Errors
/// When the database does not answer.
pub async fn send_some(app: &Application, witnesses: &dyn DueWitnesses) -> Result<bool, Error> {
    let due = witnesses.due(app.now(), AT_ONCE).await?;
    let more = due.len() == usize::from(AT_ONCE);
    for organization in due {
        if let Err(error) = send(app, organization).await {
            // Nor is any other kept from its own by this one.
            tracing::warn!(
                %organization,
                error = %ErrorChain(&error),
                "the witness of an audit log is sent no checkpoint"
            );
            witnesses.put_off(organization, app.now() + PUT_OFF).await?;
        }
    }
    Ok(more)
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
