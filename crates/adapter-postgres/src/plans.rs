//! Changes of plans.

use async_trait::async_trait;
use rollcall_application::{
    plans::{KeptPlanChange, NewPlanChange, PlanChanges, PlanChangesView},
    ports::StoreError,
};
use rollcall_domain::OrganizationId;

use crate::{
    error::{exactly_one, store_error},
    row::{moment, value},
    security::changer,
    transaction::Transaction,
};

#[async_trait]
impl PlanChangesView for Transaction {
    async fn plan_changes(
        &mut self,
        organization: OrganizationId,
        limit: u16,
    ) -> Result<Vec<KeptPlanChange>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT p.plan_before AS "plan_before!", p.plan_after AS "plan_after!", p.changed_at AS "changed_at!", p.provider = 'operator' AS "by_operator!",
                      u.user_id AS "user_id?", u.email AS "email?", u.name AS "name?"
                 FROM plan_changes p LEFT JOIN users u ON u.user_id = p.changed_by
                WHERE p.org_id = $1
                ORDER BY p.change_id DESC
                LIMIT $2"#,
            organization.uuid(),
            i64::from(limit),
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        let changes = rows.into_iter().map(|row| {
            Ok(KeptPlanChange {
                before: value(&row.plan_before)?,
                after: value(&row.plan_after)?,
                at: moment(row.changed_at),
                by: changer(row.user_id, row.email, row.name)?,
                by_operator: row.by_operator,
            })
        });
        changes.collect()
    }
}

#[async_trait]
impl PlanChanges for Transaction {
    async fn plan_change_add(
        &mut self,
        organization: OrganizationId,
        change: &NewPlanChange,
    ) -> Result<(), StoreError> {
        let update = sqlx::query!(
            "UPDATE organizations SET plan = $2, version = version + 1 WHERE org_id = $1 AND plan = $3",
            organization.uuid(),
            change.after.as_str(),
            change.before.as_str(),
        );
        // Who asks is found with what their organization pays for.
        self.sessions_change(organization.uuid());
        exactly_one(update.execute(self.connection()).await)?;
        let insert = sqlx::query!(
            "INSERT INTO plan_changes (org_id, change_id, plan_before, plan_after, changed_at, changed_by, provider, reference)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            organization.uuid(),
            change.id.uuid(),
            change.before.as_str(),
            change.after.as_str(),
            change.at,
            change.by.map(|user| user.uuid()),
            change.provider,
            change.reference,
        );
        insert.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }
}
