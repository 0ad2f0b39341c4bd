//! How far the upload of a recording has come.

use rollcall_domain::{
    CallId, Permission,
    audit::{Action, AuditTarget},
};

use super::{
    keys,
    manifest::Manifest,
    rules::Rules,
    seal::Binding,
    upload::{UploadOutcome, UploadState},
    whole::{self, damaged},
};
use crate::{Application, Error, Principal, ports::Scope};

/// How far the upload has come that a call's recording can be gone on with; or the recording, if it is whole.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::NotFound`], [`Error::CallRecordingDisabled`], [`Error::MediaKeyRequired`].
pub async fn progress(
    app: &Application,
    principal: &Principal,
    call: CallId,
) -> Result<UploadOutcome, Error> {
    let progress = try_progress(app, principal, call).await;
    app.refusals_recorded(principal, Action::RecordingUploaded, AuditTarget::Call(call), progress).await
}

async fn try_progress(
    app: &Application,
    principal: &Principal,
    call: CallId,
) -> Result<UploadOutcome, Error> {
    let organization = principal.permit(Permission::CallsWrite)?.id;
    let mut view = app.store.view(Scope::Organization(organization)).await?;
    view.call_find(organization, call).await?.ok_or(Error::NotFound)?;
    let rules = Rules::of(view.as_mut(), organization).await?;
    rules.taken(view.as_mut(), principal, organization, call).await?;
    let whole = view.recording_of(organization, call).await?;
    drop(view);
    let upload = app.uploads.upload_find(organization, call).await?;
    if let Some(whole) = whole {
        let whole = whole::opened(app, organization, call, &whole)?;
        // One that is damaged is being uploaded again.
        if upload.is_none() || whole.is_intact(app, organization).await? {
            return Ok(UploadOutcome::Known(whole.recording));
        }
    }
    let Some(kept) = upload else {
        return Ok(UploadOutcome::Partly(UploadState { received: 0, expires_at: None }));
    };
    let organization_key = keys::of_organization(app, app.uploads.as_ref(), organization).await?;
    let binding = Binding { organization, recording: kept.id };
    let fault = |_| damaged(organization, kept.id);
    let key = organization_key.unwrap(&kept.key, binding).map_err(fault)?;
    let manifest = Manifest::open(&kept.manifest, &key, binding).map_err(fault)?;
    Ok(UploadOutcome::Partly(UploadState { received: manifest.length, expires_at: Some(kept.expires_at) }))
}
