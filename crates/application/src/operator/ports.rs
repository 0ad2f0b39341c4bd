//! The organizations, as the platform's staff see them.

use async_trait::async_trait;
use rollcall_domain::{OrganizationId, organizations::Organization};
use time::OffsetDateTime;

use crate::{Page, PageRequest, ports::StoreError};

/// An organization, as the platform's staff see it: nothing of what is in it.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// The organization, deleted or not.
    pub organization: Organization,
    /// Since when it is suspended; none when it is not.
    pub suspended_at: Option<OffsetDateTime>,
    /// When it was deleted,
    pub deleted_at: Option<OffsetDateTime>,
    /// and when everything of it is removed; none of either when it is not deleted.
    pub purge_at: Option<OffsetDateTime>,
}

/// Looks at organizations from the outside. A narrow door of its own beside the units of work: there is no other way to see more
/// than one of them.
#[async_trait]
pub trait Tenants: Send + Sync {
    /// A page of the organizations, the newest first.
    async fn page(
        &self,
        page: &PageRequest<OrganizationId>,
    ) -> Result<Page<Tenant, OrganizationId>, StoreError>;

    /// An organization.
    async fn find(&self, id: OrganizationId) -> Result<Option<Tenant>, StoreError>;
}
