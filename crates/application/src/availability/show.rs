//! One agent.

use rollcall_domain::{
    Permission, UserId,
    audit::{Action, AuditTarget},
};

use super::ListedAgent;
use crate::{Application, Error, Principal, ports::Scope};

/// An agent.
///
/// # Errors
/// [`Error::PermissionDenied`], and [`Error::NotFound`] for whoever is no agent of the organization.
pub async fn show(app: &Application, principal: &Principal, user: UserId) -> Result<ListedAgent, Error> {
    let read = async {
        let organization = principal.permit(Permission::AvailabilityRead)?.id;
        let mut view = app.store.view(Scope::Organization(organization)).await?;
        let now = view.moment().await?;
        let found = view.agent_find(organization, user, now, app.live()).await?.ok_or(Error::NotFound)?;
        Ok(found.shown_to(principal.grant().permissions(), principal.is(user)))
    };
    app.refusals_recorded(principal, Action::PermissionDenied, AuditTarget::User(user), read.await).await
}
