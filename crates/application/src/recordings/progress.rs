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

/// How far the upload of a call's recording has come that can be resumed; the recording, if there is no such upload. The answer comes from
/// what is noted of either: however often somebody asks, no audio is read (attack 35).
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
    let whole = whole.map(|whole| whole::opened(app, organization, call, &whole)).transpose()?;
    // Keeping a recording ends other uploads of its call, so one beside it began later, to replace it if it is damaged. Whether it
    // is, is found out when that upload ends.
    let Some(kept) = app.uploads.upload_find(organization, call).await? else {
        return Ok(match whole {
            Some(whole) => UploadOutcome::Known(whole.recording),
            None => UploadOutcome::Partly(UploadState { received: 0, expires_at: None }),
        });
    };
    let organization_key = keys::of_organization(app, app.uploads.as_ref(), organization).await?;
    let binding = Binding { organization, recording: kept.id };
    let fault = |_| damaged(organization, kept.id);
    let key = organization_key.unwrap(&kept.key, binding).map_err(fault)?;
    let manifest = Manifest::open(&kept.manifest, &key, binding).map_err(fault)?;
    Ok(UploadOutcome::Partly(UploadState { received: manifest.length, expires_at: Some(kept.expires_at) }))
}
