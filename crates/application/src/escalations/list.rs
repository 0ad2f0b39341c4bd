//! The queue, and what was in it.

use rollcall_domain::{
    Permission,
    audit::{Action, AuditTarget},
};

use super::{EscalationFilter, EscalationKey, ShownEscalation};
use crate::{Application, Error, Page, PageRequest, Principal, ports::Scope};

/// A page of the escalations that fit.
///
/// # Errors
/// [`Error::PermissionDenied`].
pub async fn list(
    app: &Application,
    principal: &Principal,
    filter: EscalationFilter,
    page: &PageRequest<EscalationKey>,
) -> Result<Page<ShownEscalation, EscalationKey>, Error> {
    let read = async {
        let organization = principal.permit(Permission::EscalationsRead)?.id;
        let mut view = app.store.view(Scope::Organization(organization)).await?;
        let now = view.moment().await?;
        Ok(view.escalations_page(organization, filter, now, page).await?)
    };
    app.refusals_recorded(principal, Action::PermissionDenied, AuditTarget::Nothing, read.await).await
}
