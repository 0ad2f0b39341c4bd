//! Giving up the upload of a recording before it is whole. What has come of it is no recording yet, so it is nobody's evidence: whoever may
//! upload may give it up.

use rollcall_domain::{
    CallId, Permission,
    audit::{Action, AuditTarget},
};

use super::whole;
use crate::{Application, Error, Principal, ports::Scope};

/// Gives up whatever is being uploaded for a call, also what is coming in at this moment. Nothing is left of it.
///
/// # Errors
/// [`Error::PermissionDenied`], and [`Error::NotFound`] for a call that is not the organization's, or that nothing is uploaded for.
pub async fn give_up(app: &Application, principal: &Principal, call: CallId) -> Result<(), Error> {
    let given_up = try_give_up(app, principal, call).await;
    app.refusals_recorded(principal, Action::RecordingUploaded, AuditTarget::Call(call), given_up).await
}

async fn try_give_up(app: &Application, principal: &Principal, call: CallId) -> Result<(), Error> {
    let organization = principal.permit(Permission::CallsWrite)?.id;
    let mut view = app.store.view(Scope::Organization(organization)).await?;
    view.call_find(organization, call).await?.ok_or(Error::NotFound)?;
    drop(view);
    let uploads = app.uploads.uploads_abandon(organization, call).await?;
    for upload in &uploads {
        whole::remove_objects(app, organization, *upload).await;
    }
    if uploads.is_empty() { Err(Error::NotFound) } else { Ok(()) }
}
