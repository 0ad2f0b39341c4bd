//! The audit log.

use std::fmt::Write;

use rollcall_application::{
    audit::{Entry, Record},
    ports::StoreError,
};
use rollcall_domain::OrganizationId;
use serde_json::{Map, Value, json};
use sqlx::PgConnection;

use crate::{error::store_error, transaction::NO_ORGANIZATION};

/// Writes the events of a record into an organization's log, or into the platform's.
pub(crate) async fn write(
    connection: &mut PgConnection,
    organization: Option<OrganizationId>,
    record: &Record,
) -> Result<(), StoreError> {
    let log = organization.map_or(NO_ORGANIZATION, |organization| organization.uuid());
    for entry in record.entries() {
        let event = entry.event();
        let (actor_kind, actor_id, session_id) = event.actor.parts();
        let (target_kind, target_id) = event.target.parts();
        sqlx::query!(
            "INSERT INTO audit_events (org_id, event_id, occurred_at, actor_kind, actor_id, session_id, action,
                                       target_kind, target_id, outcome, request_id, leaf, personal)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            log,
            event.id.uuid(),
            event.occurred_at,
            actor_kind,
            actor_id,
            session_id,
            event.action.as_str(),
            target_kind,
            target_id,
            event.outcome.as_str(),
            event.origin.request_id,
            entry.leaf(organization).map_err(StoreError::Internal)?,
            personal(entry),
        )
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    }
    Ok(())
}

fn personal(entry: &Entry) -> Value {
    let fields = entry.personal().iter().map(|(field, (value, salt))| {
        let mut hex = String::with_capacity(2 * salt.len());
        for byte in salt {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        ((*field).to_owned(), json!({"value": value, "salt": hex}))
    });
    Value::Object(fields.collect::<Map<_, _>>())
}
