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
