//! What becomes of recordings whose time is over, of uploads that came to nothing, and of segments whose recording is no more.

use rollcall_domain::{
    audit::{Action, AuditActor, AuditTarget, Origin},
    organizations::Plan,
};
use time::Duration;

use super::{ObjectsError, Remains, whole};
use crate::{Application, Error, ErrorChain, ports::Scope};

/// How many are taken at a time.
const AT_A_TIME: u16 = 50;
/// When what was begun by a node that died meanwhile is tried again.
const AGAIN_AFTER: Duration = Duration::minutes(5);
/// When it is looked once more: whatever was being written as its recording ended has been written by then.
const LOOKED_AT_AGAIN_AFTER: Duration = Duration::hours(1);

/// Deletes some recordings that have been kept for as long as their organization's plan says, the oldest of each first; says whether there
/// may be more. Each goes only while its organization is held on that plan, and neither suspended nor deleted.
///
/// # Errors
/// When the store does not answer.
pub async fn retain_some(app: &Application, remains: &dyn Remains) -> Result<bool, Error> {
    let mut more = false;
    for plan in Plan::ALL {
        let days = app.settings.plans.of(plan).recording_retention_days;
        let before = app.now() - Duration::days(i64::from(days));
        let outlived = remains.outlived(plan, before, AT_A_TIME).await?;
        more |= outlived.len() == usize::from(AT_A_TIME);
        for (organization, recording, call) in outlived {
            let mut unit = app.store.begin(Scope::Organization(organization)).await?;
            // It was found a while ago: since then its plan may have come to keep it longer, or its organization been suspended or deleted.
            if !unit.organization_hold(organization, plan).await? {
                continue;
            }
            // The call before what belongs to it, as everybody does.
            let call_is_there = unit.call_lock(organization, call).await?.is_some();
            if !call_is_there || !unit.recording_remove(organization, recording).await? {
                continue;
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
        }
    }
    Ok(more)
}

/// Gives up uploads that nothing was heard of for too long, and removes some of the segments whose recording is no more; says whether
/// there may be more.
///
/// # Errors
/// When the store does not answer.
pub async fn clean_some(app: &Application, remains: &dyn Remains) -> Result<bool, Error> {
    let now = app.now();
    remains.expire_uploads(now).await?;
    let taken = remains.take(now, now + AGAIN_AFTER, AT_A_TIME).await?;
    for (organization, recording) in &taken {
        match app.objects.remove(*organization, *recording).await {
            Ok(()) => remains.settle(*organization, *recording, app.now() + LOOKED_AT_AGAIN_AFTER).await?,
            // It comes again; the others do not wait for it.
            Err(ObjectsError::StillWritten) => {}
            Err(error) => {
                tracing::warn!(error = %ErrorChain(&error), %organization, %recording, "segments were not removed")
            }
        }
    }
    Ok(taken.len() == usize::from(AT_A_TIME))
}
