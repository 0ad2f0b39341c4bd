//! The organization that the actor is at work in.

use rollcall_domain::{
    Permission,
    audit::{Action, Target},
    organizations::Organization,
};

use crate::{Actor, Application, Error};

/// The organization that the actor is at work in.
///
/// # Errors
/// [`Error::PermissionDenied`] to whoever is in none.
pub async fn show(app: &Application, actor: &Actor) -> Result<Organization, Error> {
    let found = match actor.permit(Permission::OrganizationRead) {
        // Authentication has just read it.
        Ok(_) => actor.place.clone().map(|(organization, _)| organization).ok_or(Error::NotFound),
        Err(refusal) => Err(refusal),
    };
    app.refusals_recorded(actor, Action::PermissionDenied, Target::Nothing, found).await
}
