//! Giving up the upload of a recording before it is whole. What has come of it is no recording yet, so it is nobody's evidence: whoever may
//! upload may give it up. That they did is written down with it.

use rollcall_domain::{
    CallId, Permission,
    audit::{Action, AuditTarget},
};

use super::whole;
use crate::{Application, Error, Principal};

/// Gives up whatever is being uploaded for a call, also what is coming in at this moment. Nothing is left of it.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::Unauthenticated`] to whoever has lost the right to it meanwhile, and [`Error::NotFound`] for a
/// call that is not the organization's, or that nothing is uploaded for.
pub async fn give_up(app: &Application, principal: &Principal, call: CallId) -> Result<(), Error> {
    let given_up = try_give_up(app, principal, call).await;
    app.refusals_recorded(principal, Action::RecordingUploadDiscarded, AuditTarget::Call(call), given_up)
        .await
}

async fn try_give_up(app: &Application, principal: &Principal, call: CallId) -> Result<(), Error> {
    let organization = principal.permit(Permission::CallsWrite)?.id;
    let mut unit = app.store.begin(principal.scope()).await?;
    principal.permit_again(unit.as_mut(), Permission::CallsWrite, app.now()).await?;
    // Keeping a recording ends the call's uploads, too. The lock puts one after the other.
    unit.call_lock(organization, call).await?.ok_or(Error::NotFound)?;
    let uploads = unit.uploads_give_up(organization, call).await?;
    let mut events = uploads.iter().map(|upload| {
        let target = AuditTarget::Recording(*upload);
        let event = app.event_by(principal, Action::RecordingUploadDiscarded, target);
        event.change("call", Some(&call.to_string()), None)
    });
    let first = events.next().ok_or(Error::NotFound)?;
    let record = app.record(first).and_all(events, app.entropy.as_ref());
    unit.commit(record).await?;
    for upload in &uploads {
        whole::remove_objects(app, organization, *upload).await;
    }
    Ok(())
}
