//! The audit log.

mod checkpoints;
mod intake;
mod log;
mod retention;
mod sequencer;
mod witness;

use std::collections::BTreeMap;

use async_trait::async_trait;
use rollcall_application::{
    ErrorChain, Page, PageRequest,
    audit::{AuditView, Entry, EventKey, KeptLeaf, OwnEvent, OwnEvents, WrittenPosition},
    ports::StoreError,
};
use rollcall_domain::{EventId, OrganizationId, UserId, hexadecimal};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sqlx::{PgConnection, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    bounds::EARLIEST,
    error::{corrupt, store_error},
    row::moment,
    transaction::{NO_ORGANIZATION, Transaction},
};

/// A value that identifies somebody, without its salt.
#[derive(Debug, Deserialize)]
struct Kept {
    value: String,
}

/// What is read back of a leaf.
#[derive(Deserialize)]
struct Changes {
    changes: Vec<Changed>,
}

#[derive(Deserialize)]
struct Changed {
    field: String,
    before: Option<String>,
    after: Option<String>,
}

#[async_trait]
impl OwnEvents for Transaction {
    async fn events_of(
        &mut self,
        user: UserId,
        page: &PageRequest<WrittenPosition>,
    ) -> Result<Page<OwnEvent, WrittenPosition>, StoreError> {
        let name = user.to_string();
        // Whoever else reports something in their name, or about them, does not tell what is theirs.
        let places = sqlx::query_scalar!(
            r#"SELECT m.org_id AS "org_id!" FROM members m WHERE m.user_id = $1
                UNION
               SELECT e.org_id FROM audit_events e WHERE e.target_id = $2 AND e.action IN ('member.left', 'member.removed')"#,
            user.uuid(),
            name,
        );
        let mut places = places.fetch_all(self.connection()).await.map_err(store_error)?;
        places.push(NO_ORGANIZATION);
        // Each half is read in order from an index of its own, however many events there are.
        let rows = sqlx::query!(
            r#"SELECT org_id AS "org_id!", event_id AS "event_id!", occurred_at AS "occurred_at!", action AS "action!",
                      outcome AS "outcome!", leaf AS "leaf!", personal AS "personal!: Json<BTreeMap<String, Kept>>",
                      written AS "written!", COALESCE(actor_id = $1, false) AS "by_them!",
                      COALESCE(target_id = $1, false) AS "about_them!"
                 FROM ((SELECT * FROM audit_events WHERE actor_id = $1 AND written > $2 AND org_id = ANY ($4)
                         ORDER BY written LIMIT $3)
                       UNION ALL
                       (SELECT * FROM audit_events
                         WHERE target_id = $1 AND actor_id IS DISTINCT FROM $1 AND written > $2 AND org_id = ANY ($4)
                         ORDER BY written LIMIT $3)) own
                ORDER BY written
                LIMIT $3"#,
            name,
            page.after.unwrap_or(WrittenPosition::MIN),
            i64::from(page.limit) + 1,
            places.as_slice(),
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        let events = rows
            .into_iter()
            .map(|row| {
                let leaf: Changes =
                    serde_json::from_slice(&row.leaf).map_err(|error| corrupt(ErrorChain(&error)))?;
                Ok(OwnEvent {
                    position: row.written,
                    id: EventId::from_uuid(row.event_id),
                    occurred_at: moment(row.occurred_at),
                    organization: Some(row.org_id)
                        .filter(|id| *id != NO_ORGANIZATION)
                        .map(OrganizationId::from_uuid),
                    action: row.action,
                    outcome: row.outcome,
                    by_them: row.by_them,
                    about_them: row.about_them,
                    changes: leaf.changes.into_iter().map(|c| (c.field, c.before, c.after)).collect(),
                    personal: row.personal.0.into_iter().map(|(field, kept)| (field, kept.value)).collect(),
                })
            })
            .collect::<Result<_, StoreError>>()?;
        Ok(Page::cut(events, page.limit, |event: &OwnEvent| event.position))
    }
}

/// An event as it is kept in a log.
pub(crate) struct EventRow<'a> {
    pub(crate) log: Uuid,
    pub(crate) id: Uuid,
    pub(crate) occurred_at: OffsetDateTime,
    pub(crate) actor_kind: &'static str,
    pub(crate) actor_id: Option<String>,
    pub(crate) session_id: Option<String>,
    pub(crate) action: &'static str,
    pub(crate) target_kind: &'static str,
    pub(crate) target_id: Option<String>,
    pub(crate) outcome: &'static str,
    pub(crate) request_id: Option<&'a str>,
    pub(crate) leaf: Vec<u8>,
    pub(crate) personal: Value,
}

impl<'a> EventRow<'a> {
    /// In an organization's log, or in the platform's.
    pub(crate) fn of(organization: Option<OrganizationId>, entry: &'a Entry) -> Result<Self, StoreError> {
        let event = entry.event();
        let (actor_kind, actor_id, session_id) = event.actor.parts();
        let (target_kind, target_id) = event.target.parts();
        Ok(Self {
            log: organization.map_or(NO_ORGANIZATION, |organization| organization.uuid()),
            id: event.id.uuid(),
            occurred_at: event.occurred_at,
            actor_kind,
            actor_id,
            session_id,
            action: event.action.as_str(),
            target_kind,
            target_id,
            outcome: event.outcome.as_str(),
            request_id: event.origin.request_id.as_deref(),
            leaf: entry.leaf(organization).map_err(StoreError::Internal)?,
            personal: kept(entry.personal().iter().map(|(field, kept)| (*field, kept))),
        })
    }

    pub(crate) async fn write(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let insert = sqlx::query!(
            "INSERT INTO audit_events (org_id, event_id, occurred_at, actor_kind, actor_id, session_id, action,
                                       target_kind, target_id, outcome, request_id, leaf, personal)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            self.log,
            self.id,
            self.occurred_at,
            self.actor_kind,
            self.actor_id,
            self.session_id,
            self.action,
            self.target_kind,
            self.target_id,
            self.outcome,
            self.request_id,
            self.leaf,
            self.personal,
        );
        insert.execute(connection).await.map_err(store_error).map(drop)
    }
}

/// What identifies a person, each value with the salt of its commitment.
pub(crate) fn kept<'a>(fields: impl Iterator<Item = (&'a str, &'a (String, [u8; 16]))>) -> Value {
    let fields = fields
        .map(|(field, (value, salt))| (field.to_owned(), json!({"value": value, "salt": hexadecimal(salt)})));
    Value::Object(fields.collect::<Map<_, _>>())
}

#[async_trait]
impl AuditView for Transaction {
    async fn audit_events_page(
        &mut self,
        organization: OrganizationId,
        page: &PageRequest<EventKey>,
    ) -> Result<Page<KeptLeaf, EventKey>, StoreError> {
        let after = page.after.unwrap_or(EventKey { occurred_at: EARLIEST, written: 0 });
        let rows = sqlx::query!(
            r#"SELECT occurred_at, written AS "written!", leaf
                 FROM audit_events
                WHERE org_id = $1 AND (occurred_at, written) > ($2, $3)
                ORDER BY occurred_at, written
                LIMIT $4"#,
            organization.uuid(),
            after.occurred_at,
            after.written,
            i64::from(page.limit) + 1,
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        let events = rows.into_iter().map(|row| {
            Ok(KeptLeaf {
                key: EventKey { occurred_at: moment(row.occurred_at), written: row.written },
                leaf: String::from_utf8(row.leaf).map_err(corrupt)?,
            })
        });
        let events = events.collect::<Result<_, StoreError>>()?;
        Ok(Page::cut(events, page.limit, |event: &KeptLeaf| event.key))
    }

    async fn audit_events_personal(
        &mut self,
        organization: OrganizationId,
        events: &[EventKey],
    ) -> Result<BTreeMap<WrittenPosition, Value>, StoreError> {
        let times: Vec<OffsetDateTime> = events.iter().map(|event| event.occurred_at).collect();
        let written: Vec<i64> = events.iter().map(|event| event.written).collect();
        // `OFFSET 0` keeps it to one look-up for each of them, whatever the planner knows of the table.
        let rows = sqlx::query!(
            r#"SELECT e.written AS "written!",
                      CASE WHEN (SELECT erasing()) THEN personal_told(e.personal, e.actor_id, e.target_id, e.occurred_at)
                           ELSE e.personal END AS "personal!: Value"
                 FROM unnest($2::timestamptz[], $3::bigint[]) AS w (occurred_at, written)
                CROSS JOIN LATERAL (
                          SELECT * FROM audit_events a
                           WHERE a.org_id = $1 AND a.occurred_at = w.occurred_at AND a.written = w.written OFFSET 0) e"#,
            organization.uuid(),
            times.as_slice(),
            written.as_slice(),
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        Ok(rows.into_iter().map(|row| (row.written, row.personal)).collect())
    }
}
