//! Organizations.

use async_trait::async_trait;
use rollcall_application::{
    organizations::{Organizations, OrganizationsView, Purged},
    ports::StoreError,
};
use rollcall_domain::{
    OrganizationId,
    organizations::{Deleted, Organization, OrganizationDeletion, Plan},
};
use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::{
    error::{corrupt, exactly_one, store_error},
    row::{OrganizationRow, moment},
    transaction::Transaction,
};

#[async_trait]
impl OrganizationsView for Transaction {
    async fn organization_find(&mut self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        let row = sqlx::query_as!(
            OrganizationRow,
            r#"SELECT org_id, name, slug, plan, created_at, suspended_at IS NOT NULL AS "suspended!", version FROM organizations
                WHERE org_id = $1 AND deleted_at IS NULL"#,
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
            r#"SELECT org_id, name, slug, plan, created_at, suspended_at IS NOT NULL AS "suspended!", version FROM organizations
                WHERE org_id = $1 AND deleted_at IS NULL
                  FOR NO KEY UPDATE"#,
            id.uuid()
        );
        row.fetch_optional(self.connection())
            .await
            .map_err(store_error)?
            .map(Organization::try_from)
            .transpose()
    }

    async fn organization_lock_out(
        &mut self,
        id: OrganizationId,
    ) -> Result<Option<Organization>, StoreError> {
        let row = sqlx::query_as!(
            OrganizationRow,
            // Against the FOR KEY SHARE of whatever leads in, and that of foreign keys.
            r#"SELECT org_id, name, slug, plan, created_at, suspended_at IS NOT NULL AS "suspended!", version FROM organizations
                WHERE org_id = $1 AND deleted_at IS NULL
                  FOR UPDATE"#,
            id.uuid()
        );
        row.fetch_optional(self.connection())
            .await
            .map_err(store_error)?
            .map(Organization::try_from)
            .transpose()
    }

    async fn organization_hold(&mut self, id: OrganizationId, plan: Plan) -> Result<bool, StoreError> {
        hold(self.connection(), id, plan).await
    }

    async fn organization_lock_deleted(&mut self, id: OrganizationId) -> Result<Option<Deleted>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT org_id, name, slug, plan, created_at, suspended_at IS NOT NULL AS "suspended!", version,
                      purge_at AS "purge_at!", purged IS NOT NULL AS "purge_begun!"
                 FROM organizations WHERE org_id = $1 AND deleted_at IS NOT NULL
                  FOR UPDATE"#,
            id.uuid()
        );
        let Some(row) = row.fetch_optional(self.connection()).await.map_err(store_error)? else {
            return Ok(None);
        };
        let organization = OrganizationRow {
            org_id: row.org_id,
            name: row.name,
            slug: row.slug,
            plan: row.plan,
            created_at: row.created_at,
            suspended: row.suspended,
            version: row.version,
        };
        Ok(Some(Deleted {
            organization: organization.try_into()?,
            purge_at: moment(row.purge_at),
            purge_begun: row.purge_begun,
        }))
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

    async fn organization_suspend(
        &mut self,
        id: OrganizationId,
        since: Option<OffsetDateTime>,
    ) -> Result<(), StoreError> {
        let update = sqlx::query!(
            "UPDATE organizations SET suspended_at = $2, version = version + 1 WHERE org_id = $1 AND deleted_at IS NULL",
            id.uuid(),
            since,
        );
        // Its API keys are found by it as well.
        self.sessions_change(id.uuid());
        exactly_one(update.execute(self.connection()).await)
    }

    async fn organization_delete(
        &mut self,
        id: OrganizationId,
        deletion: &OrganizationDeletion,
    ) -> Result<(), StoreError> {
        let update = sqlx::query!(
            "UPDATE organizations SET deleted_at = $2, purge_at = $3, version = version + 1
              WHERE org_id = $1 AND deleted_at IS NULL",
            id.uuid(),
            deletion.at(),
            deletion.purge_at(),
        );
        self.sessions_change(id.uuid());
        exactly_one(update.execute(self.connection()).await)?;
        let end = sqlx::query!("DELETE FROM sessions WHERE org_id = $1", id.uuid());
        end.execute(self.connection()).await.map_err(store_error)?;
        // For good, as with sessions: undoing the deletion brings no credential back.
        let revoke = sqlx::query!(
            "UPDATE api_keys SET revoked_at = $2, version = version + 1 WHERE org_id = $1 AND revoked_at IS NULL",
            id.uuid(),
            deletion.at()
        );
        revoke.execute(self.connection()).await.map_err(store_error)?;
        let end_secrets = sqlx::query!("DELETE FROM api_key_secrets WHERE org_id = $1", id.uuid());
        end_secrets.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }

    async fn organization_restore(&mut self, id: OrganizationId) -> Result<(), StoreError> {
        // Every session in it has ended, so none changes.
        let update = sqlx::query!(
            "UPDATE organizations SET deleted_at = NULL, purge_at = NULL, version = version + 1
              WHERE org_id = $1 AND deleted_at IS NOT NULL AND purged IS NULL",
            id.uuid(),
        );
        exactly_one(update.execute(self.connection()).await)
    }

    async fn organization_purge(
        &mut self,
        id: OrganizationId,
        now: OffsetDateTime,
    ) -> Result<Option<Purged>, StoreError> {
        let purge = sqlx::query_scalar!(r#"SELECT purge_organization($1, $2) AS counts"#, id.uuid(), now);
        let Some(counts) = purge.fetch_one(self.connection()).await.map_err(store_error)? else {
            return Ok(None);
        };
        let count = |table: &str| match counts.get(table) {
            None => Ok(0),
            Some(count) => Value::as_u64(count).ok_or_else(|| corrupt("a count that is no number")),
        };
        Ok(Some(Purged {
            members: count("members")?,
            invitations: count("invitations")?,
            api_keys: count("api_keys")?,
            calls: count("calls")?,
            recordings: count("recordings")?,
            mails: count("mails")?,
            audit_events: count("audit_events")?,
        }))
    }
}

/// Holds an organization on its plan until the end of the transaction, unless it has another, or is suspended or deleted.
pub(crate) async fn hold(
    connection: &mut PgConnection,
    organization: OrganizationId,
    plan: Plan,
) -> Result<bool, StoreError> {
    // Changing any of that locks the row FOR UPDATE. If that comes first, this waits, and sees the row as it is then.
    let hold = sqlx::query_scalar!(
        "SELECT org_id FROM organizations
          WHERE org_id = $1 AND plan = $2 AND deleted_at IS NULL AND suspended_at IS NULL
            FOR KEY SHARE",
        organization.uuid(),
        plan.as_str(),
    );
    Ok(hold.fetch_optional(connection).await.map_err(store_error)?.is_some())
}
