//! The organization that somebody is at work in.

use rollcall_domain::{
    Permission,
    audit::{Action, AuditTarget},
    organizations::Organization,
};

use crate::{Application, Error, Principal};

/// The organization that somebody is at work in.
///
/// # Errors
/// [`Error::PermissionDenied`] to whoever is in none.
pub async fn show(app: &Application, principal: &Principal) -> Result<Organization, Error> {
    // Authentication has just read it.
    let found = principal.permit(Permission::OrganizationRead).cloned();
    app.refusals_recorded(principal, Action::PermissionDenied, AuditTarget::Nothing, found).await
}
