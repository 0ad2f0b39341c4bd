//! The organizations, as the platform's staff see them.

use async_trait::async_trait;
use rollcall_application::{
    Page, PageRequest,
    operator::{Tenant, Tenants},
    ports::StoreError,
};
use rollcall_domain::OrganizationId;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    bounds::GREATEST_ID,
    error::store_error,
    row::{OrganizationRow, moment},
    store::PgStore,
    transaction::{begin_task, task},
};

struct TenantRow {
    org_id: Uuid,
    name: String,
    slug: String,
    plan: String,
    created_at: OffsetDateTime,
    version: i32,
    suspended_at: Option<OffsetDateTime>,
    deleted_at: Option<OffsetDateTime>,
    purge_at: Option<OffsetDateTime>,
}

impl TryFrom<TenantRow> for Tenant {
    type Error = StoreError;

    fn try_from(row: TenantRow) -> Result<Self, StoreError> {
        let organization = OrganizationRow {
            org_id: row.org_id,
            name: row.name,
            slug: row.slug,
            plan: row.plan,
            created_at: row.created_at,
            suspended: row.suspended_at.is_some(),
            version: row.version,
        };
        Ok(Self {
            organization: organization.try_into()?,
            suspended_at: row.suspended_at.map(moment),
            deleted_at: row.deleted_at.map(moment),
            purge_at: row.purge_at.map(moment),
        })
    }
}

#[async_trait]
impl Tenants for PgStore {
    async fn page(
        &self,
        page: &PageRequest<OrganizationId>,
    ) -> Result<Page<Tenant, OrganizationId>, StoreError> {
        let mut transaction = begin_task(&self.pool, task::OPERATOR).await?;
        let rows = sqlx::query_as!(
            TenantRow,
            "SELECT org_id, name, slug, plan, created_at, version, suspended_at, deleted_at, purge_at FROM organizations
              WHERE org_id < $1
              ORDER BY org_id DESC
              LIMIT $2",
            page.after.map_or(GREATEST_ID, |after| after.uuid()),
            i64::from(page.limit) + 1,
        );
        let rows = rows.fetch_all(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        let tenants = rows.into_iter().map(Tenant::try_from).collect::<Result<_, _>>()?;
        Ok(Page::cut(tenants, page.limit, |tenant: &Tenant| tenant.organization.id))
    }

    async fn find(&self, id: OrganizationId) -> Result<Option<Tenant>, StoreError> {
        let mut transaction = begin_task(&self.pool, task::OPERATOR).await?;
        let row = sqlx::query_as!(
            TenantRow,
            "SELECT org_id, name, slug, plan, created_at, version, suspended_at, deleted_at, purge_at FROM organizations
              WHERE org_id = $1",
            id.uuid(),
        );
        let row = row.fetch_optional(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        row.map(Tenant::try_from).transpose()
    }
}
