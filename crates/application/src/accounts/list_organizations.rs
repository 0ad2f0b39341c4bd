//! The organizations that a person is in.

use rollcall_domain::{Role, organizations::Organization};

use crate::{Actor, Application, Error, ports::Scope};

/// The organizations that the actor is in, by name, and as what.
///
/// # Errors
/// Only when something is out of order.
pub async fn list_organizations(
    app: &Application,
    actor: &Actor,
) -> Result<Vec<(Organization, Role)>, Error> {
    let mut view = app.store.view(Scope::Account(actor.user_id())).await?;
    Ok(view.seats_of(actor.user_id()).await?)
}
