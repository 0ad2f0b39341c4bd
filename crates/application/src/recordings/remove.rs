//! Deleting the recording of a call. Its key goes with its row, in the same commit; its segments right behind it.

use rollcall_domain::{
    CallId, Permission, RecordingId,
    audit::{Action, AuditTarget},
    policy,
};

use super::{
    rules::{self, Rules},
    whole,
};
use crate::{Actor, Application, Error, Precondition};

/// Deletes the recording of a call.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::NotFound`], [`Error::PreconditionFailed`], and
/// [`Error::CallRecordingDisabled`] when it is off and nothing is kept.
pub async fn remove(
    app: &Application,
    actor: &Actor,
    call: CallId,
    precondition: &Precondition<RecordingId>,
) -> Result<(), Error> {
    let removed = try_remove(app, actor, call, precondition).await;
    app.refusals_recorded(actor, Action::RecordingDeleted, AuditTarget::Call(call), removed).await
}

async fn try_remove(
    app: &Application,
    actor: &Actor,
    call: CallId,
    precondition: &Precondition<RecordingId>,
) -> Result<(), Error> {
    let seat = actor.permit(Permission::RecordingsDelete)?;
    let organization = seat.organization;
    let mut unit = app.store.begin(seat.scope()).await?;
    seat.permit_on(unit.as_mut(), Permission::RecordingsDelete, policy::Target::Organization).await?;
    unit.call_lock(organization, call).await?.ok_or(Error::NotFound)?;
    let rules = Rules::of(unit.as_mut(), organization).await?;
    let kept = unit.recording_of(organization, call).await?.ok_or(rules.nothing_kept())?;
    precondition.check(kept.id)?;
    unit.recording_remove(organization, kept.id).await?;
    let event = app.event_by(actor, Action::RecordingDeleted, AuditTarget::Recording(kept.id));
    // One that cannot be opened any more can still be deleted.
    let event = match whole::opened(app, organization, call, &kept) {
        Ok(opened) => rules::told(event, &opened.recording),
        Err(_) => event.change("call", Some(&call.to_string()), None),
    };
    unit.commit(app.record(event)).await?;
    whole::remove_objects(app, organization, kept.id).await;
    Ok(())
}
