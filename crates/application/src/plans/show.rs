//! What the organization that somebody is at work in pays for.

use rollcall_domain::{
    Permission,
    audit::{Action, AuditTarget},
    organizations::Plan,
    plans::Offer,
};

use crate::{Application, Error, Principal};

/// What the organization pays for, and what that entitles it to.
///
/// # Errors
/// [`Error::PermissionDenied`] to whoever is in none.
pub async fn show<'a>(app: &'a Application, principal: &Principal) -> Result<(Plan, &'a Offer), Error> {
    // Authentication has just read it.
    let plan = principal.permit(Permission::OrganizationRead).map(|organization| organization.plan);
    let shown = plan.map(|plan| (plan, app.settings.plans.of(plan)));
    app.refusals_recorded(principal, Action::PermissionDenied, AuditTarget::Nothing, shown).await
}
