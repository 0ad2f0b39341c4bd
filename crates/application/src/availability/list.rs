//! The agents.

use rollcall_domain::{
    Permission, UserId,
    audit::{Action, Target},
};

use super::ListedAgent;
use crate::{Application, Error, Page, PageRequest, Principal, ports::Scope};

/// A page of the agents, by their ids.
///
/// # Errors
/// [`Error::PermissionDenied`].
pub async fn list(
    app: &Application,
    principal: &Principal,
    page: &PageRequest<UserId>,
) -> Result<Page<ListedAgent, UserId>, Error> {
    let read = async {
        let organization = principal.permit(Permission::AvailabilityRead)?.id;
        let mut view = app.store.view(Scope::Organization(organization)).await?;
        Ok(view.agents_page(organization, app.now(), page).await?)
    };
    app.refusals_recorded(principal, Action::PermissionDenied, Target::Nothing, read.await).await
}
