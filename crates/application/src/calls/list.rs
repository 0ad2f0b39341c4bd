//! The calls of the organization.

use rollcall_domain::{
    Permission,
    audit::{Action, AuditTarget},
    calls::Call,
};

use super::{CallFilter, CallKey};
use crate::{Application, Error, Page, PageRequest, Principal, ports::Scope};

/// A page of the calls that fit, the latest first.
///
/// # Errors
/// [`Error::PermissionDenied`].
pub async fn list(
    app: &Application,
    principal: &Principal,
    filter: &CallFilter,
    page: &PageRequest<CallKey>,
) -> Result<Page<Call, CallKey>, Error> {
    let read = async {
        let organization = principal.permit(Permission::CallsRead)?.id;
        let mut view = app.store.view(Scope::Organization(organization)).await?;
        Ok(view.calls_page(organization, filter, page).await?)
    };
    app.refusals_recorded(principal, Action::PermissionDenied, AuditTarget::Nothing, read.await).await
}
