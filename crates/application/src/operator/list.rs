//! Every organization there is.

use rollcall_domain::OrganizationId;

use super::Tenant;
use crate::{Application, Error, Page, PageRequest};

/// A page of the organizations, the newest first.
///
/// # Errors
/// Only when something is out of order.
pub async fn list(
    app: &Application,
    page: &PageRequest<OrganizationId>,
) -> Result<Page<Tenant, OrganizationId>, Error> {
    Ok(app.tenants.page(page).await?)
}
