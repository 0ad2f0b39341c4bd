//! One organization.

use rollcall_domain::OrganizationId;

use super::Tenant;
use crate::{Application, Error};

/// An organization, deleted or not.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn show(app: &Application, id: OrganizationId) -> Result<Tenant, Error> {
    app.tenants.find(id).await?.ok_or(Error::NotFound)
}

/// Why nothing can be changed about an organization that is not among those that are there: it is deleted, or never was.
pub(super) async fn not_there(app: &Application, id: OrganizationId) -> Error {
    match show(app, id).await {
        Ok(_) => Error::OrganizationDeleted,
        Err(error) => error,
    }
}
