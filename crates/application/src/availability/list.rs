//! The agents.

use rollcall_domain::{
    Permission, UserId,
    audit::{Action, AuditTarget},
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
        let now = view.moment().await?;
        let Page { entries, next } = view.agents_page(organization, now, app.live(), page).await?;
        let permissions = principal.grant().permissions();
        let shown = |listed: ListedAgent| {
            let is_the_agent = principal.is(listed.agent.user);
            listed.shown_to(permissions, is_the_agent)
        };
        let entries = entries.into_iter().map(shown).collect();
        Ok(Page { entries, next })
    };
    app.refusals_recorded(principal, Action::PermissionDenied, AuditTarget::Nothing, read.await).await
}
