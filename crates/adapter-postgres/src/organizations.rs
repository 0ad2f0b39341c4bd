//! Organizations.

use async_trait::async_trait;
use rollcall_application::{
    organizations::{Organizations, OrganizationsView},
    ports::StoreError,
};
use rollcall_domain::{OrganizationId, organizations::Organization};

use crate::{
    error::{exactly_one, store_error},
    row::OrganizationRow,
    transaction::Transaction,
};

#[async_trait]
impl OrganizationsView for Transaction {
    async fn organization_find(&mut self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        let row = sqlx::query_as!(
            OrganizationRow,
            "SELECT org_id, name, slug, plan, created_at, version FROM organizations WHERE org_id = $1",
            id.uuid()
        );
        row.fetch_optional(self.connection())
            .await
            .map_err(store_error)?
            .map(Organization::try_from)
            .transpose()
    }
}

#[async_trait]
impl Organizations for Transaction {
    async fn organization_lock(&mut self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        let row = sqlx::query_as!(
            OrganizationRow,
            "SELECT org_id, name, slug, plan, created_at, version FROM organizations WHERE org_id = $1
                FOR NO KEY UPDATE",
            id.uuid()
        );
        row.fetch_optional(self.connection())
            .await
            .map_err(store_error)?
            .map(Organization::try_from)
            .transpose()
    }

    async fn organization_add(&mut self, organization: &Organization) -> Result<(), StoreError> {
        let insert = sqlx::query!(
            "INSERT INTO organizations (org_id, name, slug, plan, created_at, version) VALUES ($1, $2, $3, $4, $5, $6)",
            organization.id.uuid(),
            organization.name.as_str(),
            organization.slug.as_str(),
            organization.plan.as_str(),
            organization.created_at,
            organization.version,
        );
        insert.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }

    async fn organization_save(&mut self, organization: &Organization) -> Result<(), StoreError> {
        let update = sqlx::query!(
            "UPDATE organizations SET name = $2, version = version + 1 WHERE org_id = $1",
            organization.id.uuid(),
            organization.name.as_str(),
        );
        self.sessions_change(organization.id.uuid());
        exactly_one(update.execute(self.connection()).await)
    }
}
