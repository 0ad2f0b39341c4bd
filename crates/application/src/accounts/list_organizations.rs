//! The organizations that a person is in.

use rollcall_domain::{OrganizationId, Role, organizations::Organization};

use crate::{Actor, Application, Error, Page, PageRequest, ports::Scope};

/// Where an organization stands in the list, which is ordered by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrganizationListKey {
    /// Its name, in lower case.
    pub name: String,
    /// Which one it is.
    pub id: OrganizationId,
}

/// A page of the organizations that the actor is in, by name, and as what. Nobody is in so many that they are not all looked at.
///
/// # Errors
/// Only when something is out of order.
pub async fn list_organizations(
    app: &Application,
    actor: &Actor,
    page: &PageRequest<OrganizationListKey>,
) -> Result<Page<(Organization, Role), OrganizationListKey>, Error> {
    let mut view = app.store.view(Scope::Account(actor.user_id())).await?;
    let mut seats = view.seats_of(actor.user_id()).await?;
    seats.sort_by_cached_key(key);
    seats.retain(|seat| page.after.as_ref().is_none_or(|after| key(seat) > *after));
    Ok(Page::cut(seats, page.limit, key))
}

fn key((organization, _): &(Organization, Role)) -> OrganizationListKey {
    OrganizationListKey { name: organization.name.as_str().to_lowercase(), id: organization.id }
}
