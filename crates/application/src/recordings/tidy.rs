//! What becomes of recordings whose time is over, of uploads that came to nothing, and of segments whose recording is no more.

use rollcall_domain::{
    CallId, OrganizationId, RecordingId,
    audit::{Action, AuditActor, AuditTarget, Origin},
    organizations::Plan,
};
use time::Duration;

use super::{ObjectsError, Remains, whole};
use crate::{Application, Error, ErrorChain, PassedOver, ports::Scope};

/// How many are taken at a time.
const AT_A_TIME: u16 = 50;
/// When what was begun by a node that died meanwhile is tried again.
const AGAIN_AFTER: Duration = Duration::minutes(5);
/// When it is looked once more: whatever was being written as its recording ended has been written by then.
const LOOKED_AT_AGAIN_AFTER: Duration = Duration::hours(1);

/// Deletes some recordings that have been kept for as long as their organization's plan says, the oldest of each first; says whether there
/// may be more. Each goes only while its organization is held on that plan, and neither suspended nor deleted. Where it does not work, that
/// is told in the log, and the organization is passed over for the rest of the round: it comes again with the next.
///
/// # Errors
/// When the store does not answer.
pub async fn retain_some(
    app: &Application,
    remains: &dyn Remains,
    passed_over: &mut PassedOver,
) -> Result<bool, Error> {
    let mut more = false;
    for plan in Plan::ALL {
        let days = app.settings.plans.of(plan).recording_retention_days;
        let before = app.now() - Duration::days(i64::from(days));
        let outlived = remains.outlived(plan, before, &passed_over.all(), AT_A_TIME).await?;
        more |= outlived.len() == usize::from(AT_A_TIME);
        for (organization, recording, call) in outlived {
            if let Err(error) = expire(app, organization, recording, call, plan, days).await {
                tracing::warn!(
                    error = %ErrorChain(&error),
                    %organization,
                    %recording,
                    "a recording whose time is over was not deleted"
                );
                passed_over.note(organization);
                // Whether it is a matter of this one alone is found out by asking again: a database that is away ends the round.
                return Ok(true);
            }
        }
    }
    Ok(more)
}

/// Deletes a recording that was kept for as long as a plan keeps it, if it still is on that plan.
async fn expire(
    app: &Application,
    organization: OrganizationId,
    recording: RecordingId,
    call: CallId,
    plan: Plan,
    days: u32,
) -> Result<(), Error> {
    let mut unit = app.store.begin(Scope::Organization(organization)).await?;
    // It was found a while ago: since then its plan may have come to keep it longer, or its organization been suspended or deleted.
    if !unit.organization_hold(organization, plan).await? {
        return Ok(());
    }
    // The call before what belongs to it, as everybody does.
    let call_is_there = unit.call_lock(organization, call).await?.is_some();
    if !call_is_there || !unit.recording_remove(organization, recording).await? {
        return Ok(());
    }
    let target = AuditTarget::Recording(recording);
    let event = app.event(AuditActor::System, &Origin::default(), Action::RecordingExpired, target);
    let event = event.change("call", Some(&call.to_string()), None).change(
        "retention_days",
        Some(&days.to_string()),
        None,
    );
    unit.commit(app.record(event)).await?;
    whole::remove_objects(app, organization, recording).await;
    Ok(())
}

/// Gives up uploads that nothing was heard of for too long, and removes some of the segments whose recording is no more; says whether
/// there may be more. Where uploads cannot be given up, their organization is passed over for the rest of the round.
///
/// # Errors
/// When the store does not answer.
pub async fn clean_some(
    app: &Application,
    remains: &dyn Remains,
    passed_over: &mut PassedOver,
) -> Result<bool, Error> {
    let now = app.now();
    let expired = remains.uploads_expired(now, &passed_over.all(), AT_A_TIME).await?;
    for organization in &expired {
        match remains.expire_uploads(*organization, now).await {
            // Somebody holds all that are left of it. They come again; nobody else's wait for them.
            Ok(0) => passed_over.note(*organization),
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(
                    error = %ErrorChain(&error),
                    %organization,
                    "uploads that nobody goes on with were not given up"
                );
                passed_over.note(*organization);
                // Whether it is a matter of this one alone is found out by asking again: a database that is away ends the round.
                return Ok(true);
            }
        }
    }
    let taken = remains.take(now, now + AGAIN_AFTER, AT_A_TIME).await?;
    for (organization, recording) in &taken {
        match app.objects.remove(*organization, *recording).await {
            Ok(()) => {
                let again_at = app.now() + LOOKED_AT_AGAIN_AFTER;
                if let Err(error) = remains.settle(*organization, *recording, again_at).await {
                    tracing::warn!(
                        error = %ErrorChain(&error),
                        %organization,
                        %recording,
                        "that segments were removed was not noted"
                    );
                    // Whether it is a matter of this one alone is found out by asking something else, as what was taken with it comes
                    // again only after a while: a database that is away ends the round.
                    remains.uploads_expired(now, &passed_over.all(), 1).await?;
                }
            }
            // It comes again; the others do not wait for it.
            Err(ObjectsError::StillWritten) => {}
            Err(error) => {
                tracing::warn!(error = %ErrorChain(&error), %organization, %recording, "segments were not removed")
            }
        }
    }
    Ok([expired.len(), taken.len()].contains(&usize::from(AT_A_TIME)))
}

#[cfg(test)]
#[path = "tidy_tests.rs"]
mod tests;
