//! The members of the organization.

use rollcall_domain::{
    Permission,
    audit::{Action, AuditTarget},
    members::Member,
};

use super::{MemberFilter, MemberKey};
use crate::{Application, Error, Page, PageRequest, Principal, ports::Scope};

/// A page of the members that fit, those who came in first at its beginning.
///
/// # Errors
/// [`Error::PermissionDenied`].
pub async fn list(
    app: &Application,
    principal: &Principal,
    filter: &MemberFilter,
    page: &PageRequest<MemberKey>,
) -> Result<Page<Member, MemberKey>, Error> {
    let read = async {
        let organization = principal.permit(Permission::TeamRead)?.id;
        let mut view = app.store.view(Scope::Organization(organization)).await?;
        Ok(view.members_page(organization, filter, page).await?)
    };
    app.refusals_recorded(principal, Action::PermissionDenied, AuditTarget::Nothing, read.await).await
}
