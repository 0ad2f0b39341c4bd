//! What was said in a call.

use rollcall_domain::{
    CallId, Permission,
    audit::{Action, AuditTarget},
    calls::Transcript,
};

use crate::{Application, Error, Principal, ports::Scope};

/// The transcript of a call, as it was stored.
///
/// # Errors
/// [`Error::PermissionDenied`], and [`Error::NotFound`] for what is not the organization's, or has none.
pub async fn show_transcript(
    app: &Application,
    principal: &Principal,
    id: CallId,
) -> Result<Transcript, Error> {
    let read = async {
        let organization = principal.permit(Permission::CallsRead)?.id;
        let mut view = app.store.view(Scope::Organization(organization)).await?;
        view.transcript_find(organization, id).await?.ok_or(Error::NotFound)
    };
    app.refusals_recorded(principal, Action::PermissionDenied, AuditTarget::Call(id), read.await).await
}
