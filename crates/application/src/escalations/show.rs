//! One escalation.

use rollcall_domain::{
    EscalationId, Permission,
    audit::{Action, AuditTarget},
};

use super::ShownEscalation;
use crate::{Application, Error, Principal, ports::Scope};

/// An escalation, with its place in the queue while it waits.
///
/// # Errors
/// [`Error::PermissionDenied`], and [`Error::NotFound`] for what is not the organization's.
pub async fn show(
    app: &Application,
    principal: &Principal,
    id: EscalationId,
) -> Result<ShownEscalation, Error> {
    let read = async {
        let organization = principal.permit(Permission::EscalationsRead)?.id;
        let mut view = app.store.view(Scope::Organization(organization)).await?;
        let now = view.moment().await?;
        view.escalation_find(organization, id, now).await?.ok_or(Error::NotFound)
    };
    app.refusals_recorded(principal, Action::PermissionDenied, AuditTarget::Escalation(id), read.await).await
}
