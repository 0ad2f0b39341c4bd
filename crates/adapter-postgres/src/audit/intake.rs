//! What programs do and report, on its way into the audit logs.

use async_trait::async_trait;
use rollcall_application::{
    audit::{AuditIntake, EventLine},
    ports::StoreError,
};
use rollcall_domain::{OrganizationId, security::Control};
use serde_json::Value;

use crate::{
    audit::kept,
    error::store_error,
    store::PgStore,
    transaction::{TransactionPurpose, begin},
};

#[async_trait]
impl AuditIntake for PgStore {
    async fn take(
        &self,
        organization: OrganizationId,
        lines: &[EventLine],
    ) -> Result<Option<usize>, StoreError> {
        let mut transaction =
            begin(&self.pool, TransactionPurpose::Change, Some(organization.uuid()), None, "").await?;
        // One batch of an organization after the other: two who tell the same, each in an order of its own, would wait for each other.
        let lock = sqlx::query!(
            "SELECT pg_advisory_xact_lock(hashtextextended('rollcall.reports:' || $1::uuid::text, 0))",
            organization.uuid()
        );
        lock.execute(&mut *transaction).await.map_err(store_error)?;
        // Held, so that whoever switches the log off at this moment comes after these events, or before them.
        let on = sqlx::query_scalar!(
            "SELECT enabled FROM security_controls WHERE org_id = $1 AND control = $2 FOR SHARE",
            organization.uuid(),
            Control::AuditLog.as_str(),
        );
        if on.fetch_optional(&mut *transaction).await.map_err(store_error)? != Some(true) {
            return Ok(None);
        }
        let ids: Vec<_> = lines.iter().map(|line| line.id.uuid()).collect();
        let times: Vec<_> = lines.iter().map(|line| line.occurred_at).collect();
        let actor_kinds: Vec<_> = lines.iter().map(|line| line.actor_kind.to_owned()).collect();
        let actor_ids: Vec<_> = lines.iter().map(|line| line.actor_id.clone()).collect();
        let actions: Vec<_> = lines.iter().map(|line| line.action.clone()).collect();
        let target_kinds: Vec<_> = lines.iter().map(|line| line.target_kind.clone()).collect();
        let target_ids: Vec<_> = lines.iter().map(|line| line.target_id.clone()).collect();
        let outcomes: Vec<_> = lines.iter().map(|line| line.outcome.to_owned()).collect();
        let requests: Vec<_> = lines.iter().map(|line| line.request_id.clone()).collect();
        let leaves: Vec<_> = lines.iter().map(|line| line.leaf.clone()).collect();
        let personal: Vec<Value> = lines
            .iter()
            .map(|line| kept(line.personal.iter().map(|(field, kept)| (field.as_str(), kept))))
            .collect();
        // One that retention has taken is known by its place in the tree, of which an event has only one.
        let insert = sqlx::query!(
            "INSERT INTO audit_events (org_id, event_id, occurred_at, actor_kind, actor_id, action, target_kind, target_id,
                                       outcome, request_id, leaf, personal)
             SELECT $1, t.event_id, t.occurred_at, t.actor_kind, t.actor_id, t.action, t.target_kind, t.target_id,
                    t.outcome, t.request_id, t.leaf, t.personal
               FROM unnest($2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                           $9::text[], $10::text[], $11::bytea[], $12::jsonb[])
                    WITH ORDINALITY AS t (event_id, occurred_at, actor_kind, actor_id, action, target_kind, target_id,
                                          outcome, request_id, leaf, personal, place)
              WHERE NOT EXISTS (SELECT FROM audit_leaves l WHERE l.org_id = $1 AND l.event_id = t.event_id OFFSET 0)
              ORDER BY t.place
                 ON CONFLICT (org_id, event_id) DO NOTHING",
            organization.uuid(),
            ids.as_slice(),
            times.as_slice(),
            actor_kinds.as_slice(),
            actor_ids.as_slice() as &[Option<String>],
            actions.as_slice(),
            target_kinds.as_slice(),
            target_ids.as_slice() as &[Option<String>],
            outcomes.as_slice(),
            requests.as_slice() as &[Option<String>],
            leaves.as_slice(),
            personal.as_slice(),
        );
        let new = insert.execute(&mut *transaction).await.map_err(store_error)?.rows_affected();
        let committed = transaction.commit().await;
        // Also when it seems to have failed: the answer may have been lost on its way.
        self.events_written.notify_one();
        committed.map_err(store_error)?;
        // No more than there were.
        Ok(Some(usize::try_from(new).unwrap_or(lines.len())))
    }
}
