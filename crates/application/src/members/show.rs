//! One member.

use rollcall_domain::{
    Permission, UserId,
    audit::{Action, AuditTarget},
    members::Member,
};

use crate::{Application, Error, Principal, ports::Scope};

/// A member.
///
/// # Errors
/// [`Error::PermissionDenied`], and [`Error::NotFound`] for whoever is not in the organization.
pub async fn show(app: &Application, principal: &Principal, user: UserId) -> Result<Member, Error> {
    let read = async {
        let organization = principal.permit(Permission::TeamRead)?.id;
        let mut view = app.store.view(Scope::Organization(organization)).await?;
        view.member_find(organization, user).await?.ok_or(Error::NotFound)
    };
    app.refusals_recorded(principal, Action::PermissionDenied, AuditTarget::User(user), read.await).await
}
