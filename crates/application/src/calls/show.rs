//! One call.

use rollcall_domain::{
    CallId, Permission,
    audit::{Action, AuditTarget},
    calls::Call,
};

use crate::{Application, Error, Principal, ports::Scope};

/// A call.
///
/// # Errors
/// [`Error::PermissionDenied`], and [`Error::NotFound`] for what is not the organization's.
pub async fn show(app: &Application, principal: &Principal, id: CallId) -> Result<Call, Error> {
    let read = async {
        let organization = principal.permit(Permission::CallsRead)?.id;
        let mut view = app.store.view(Scope::Organization(organization)).await?;
        view.call_find(organization, id).await?.ok_or(Error::NotFound)
    };
    app.refusals_recorded(principal, Action::PermissionDenied, AuditTarget::Call(id), read.await).await
}
