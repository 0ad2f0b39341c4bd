//! What is kept of organizations.

use async_trait::async_trait;
use rollcall_domain::{OrganizationId, organizations::Organization};

use crate::ports::StoreError;

/// Reads organizations.
#[async_trait]
pub trait OrganizationsView {
    /// The scope's organization.
    async fn organization_find(&mut self, id: OrganizationId) -> Result<Option<Organization>, StoreError>;
}

/// Changes organizations.
#[async_trait]
pub trait Organizations {
    /// The scope's organization, locked until the end of the transaction.
    async fn organization_lock(&mut self, id: OrganizationId) -> Result<Option<Organization>, StoreError>;

    /// Adds the scope's organization.
    async fn organization_add(&mut self, organization: &Organization) -> Result<(), StoreError>;

    /// Saves the name of the scope's organization, and counts its version up.
    async fn organization_save(&mut self, organization: &Organization) -> Result<(), StoreError>;
}
