//! What organizations are told, in the order in which it is told.
//!
//! Numbers are given by the commit itself, in its last statement, under a lock that it holds until it is over: see migration 27.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use rollcall_application::{
    ports::StoreError,
    stream::{Heard, KeptNotice, StreamEvents, StreamNotice, StreamPlace},
};
use rollcall_domain::{EventId, OrganizationId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use tokio::{sync::Notify, time::timeout};
use uuid::Uuid;

use crate::{
    error::store_error,
    portions::{self, PORTION},
    store::PgStore,
    transaction::{TransactionPurpose, begin, begin_task, task},
};

/// The channel that the trigger of migration 27 speaks on.
pub(crate) const STREAM: &str = "rollcall_stream";
/// How much is kept of what an organization is told.
pub(crate) const MOST: i64 = 10_000;
/// How many organizations are kept in mind that nobody has asked for.
const MOST_HEARD: usize = 10_000;

/// Where something was told, as far as it was heard of.
#[derive(Default)]
pub(crate) struct StreamHeard {
    waiting: Mutex<NewlyTold>,
    told: Notify,
}

#[derive(Default)]
struct NewlyTold {
    organizations: HashSet<Uuid>,
    /// Whether something may have been missed.
    missed: bool,
}

impl StreamHeard {
    pub(crate) fn heard(&self, payload: &str) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match payload.parse() {
            Ok(organization) if waiting.organizations.len() < MOST_HEARD => {
                waiting.organizations.insert(organization);
            }
            // Not from our trigger, or nobody asks: looking everywhere is safe.
            Ok(_) | Err(_) => {
                waiting.organizations.clear();
                waiting.missed = true;
            }
        }
        drop(waiting);
        self.told.notify_one();
    }

    pub(crate) fn missed(&self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).missed = true;
        self.told.notify_one();
    }

    fn take(&self) -> Option<Heard> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let organizations = std::mem::take(&mut waiting.organizations);
        if std::mem::take(&mut waiting.missed) {
            return Some(Heard::Anywhere);
        }
        let organizations: Vec<_> = organizations.into_iter().map(OrganizationId::from_uuid).collect();
        (!organizations.is_empty()).then_some(Heard::In(organizations))
    }
}

/// What an organization is told by one commit, column by column.
#[derive(Default)]
pub(crate) struct NoticeRows {
    pub(crate) ids: Vec<Uuid>,
    pub(crate) actions: Vec<String>,
    permissions: Vec<String>,
    pub(crate) data: Vec<serde_json::Value>,
    pub(crate) at: Vec<OffsetDateTime>,
}

impl NoticeRows {
    /// Whether any of it is what subscribers are told, too.
    pub(crate) fn is_for_subscribers(&self) -> bool {
        self.actions.iter().any(|action| action.starts_with("escalation."))
    }
}

impl From<Vec<StreamNotice>> for NoticeRows {
    fn from(notices: Vec<StreamNotice>) -> Self {
        let mut told = Self::default();
        for notice in notices {
            told.ids.push(notice.id.uuid());
            told.actions.push(notice.kind.to_owned());
            told.permissions.push(notice.permission.as_str().to_owned());
            told.data.push(notice.data);
            told.at.push(notice.occurred_at);
        }
        told
    }
}

/// Tells an organization something with the transaction's commit. Nothing else is locked after this, and nothing else is done but
/// to commit.
pub(crate) async fn tell(
    connection: &mut PgConnection,
    organization: Uuid,
    told: &NoticeRows,
) -> Result<(), StoreError> {
    let tell = sqlx::query!(
        "WITH head AS (INSERT INTO stream_heads AS h (org_id, last) VALUES ($1, $2)
                       ON CONFLICT (org_id) DO UPDATE SET last = h.last + $2
                       RETURNING last),
              old AS (DELETE FROM stream_events e USING head WHERE e.org_id = $1 AND e.sequence <= head.last - $8)
         INSERT INTO stream_events (org_id, sequence, event_id, action, permission, data, occurred_at)
         SELECT $1, head.last - $2 + n.turn, n.event_id, n.action, n.permission, n.data, n.occurred_at
           FROM head, unnest($3::uuid[], $4::text[], $5::text[], $6::jsonb[], $7::timestamptz[])
                      WITH ORDINALITY AS n (event_id, action, permission, data, occurred_at, turn)",
        organization,
        i64::try_from(told.ids.len()).unwrap_or(i64::MAX),
        &told.ids,
        &told.actions,
        &told.permissions,
        &told.data,
        &told.at,
        MOST,
    );
    tell.execute(connection).await.map_err(store_error)?;
    Ok(())
}

#[async_trait]
impl StreamEvents for PgStore {
    async fn heard(&self, at_most: Duration) -> Heard {
        let stream = &self.sessions.stream;
        loop {
            if let Some(heard) = stream.take() {
                return heard;
            }
            let woken = timeout(at_most, stream.told.notified()).await;
            // Without the connection that brings notifications there is nothing to wait for.
            if woken.is_err() && !self.sessions.hears() {
                return Heard::Anywhere;
            }
        }
    }

    async fn head(&self, organization: OrganizationId) -> Result<StreamPlace, StoreError> {
        let organization = organization.uuid();
        let mut transaction =
            begin(&self.pool, TransactionPurpose::Look, Some(organization), None, "").await?;
        let row = sqlx::query!(
            r#"SELECT h.last, e.event_id AS "event_id?" FROM stream_heads h
                 LEFT JOIN stream_events e ON e.org_id = h.org_id AND e.sequence = h.last
                WHERE h.org_id = $1"#,
            organization
        );
        let row = row.fetch_optional(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(row.map_or(StreamPlace::START, |row| StreamPlace {
            sequence: row.last,
            event: row.event_id.map(EventId::from_uuid),
        }))
    }

    async fn ahead(&self, of: &[(OrganizationId, i64)]) -> Result<Vec<OrganizationId>, StoreError> {
        if of.is_empty() {
            return Ok(Vec::new());
        }
        let (organizations, numbers): (Vec<_>, Vec<_>) =
            of.iter().map(|(organization, number)| (organization.uuid(), *number)).unzip();
        let mut transaction = begin_task(&self.pool, task::STREAM).await?;
        let ahead = sqlx::query_scalar!(
            "SELECT h.org_id FROM unnest($1::uuid[], $2::bigint[]) AS w (org_id, number)
               JOIN stream_heads h ON h.org_id = w.org_id AND h.last > w.number",
            &organizations,
            &numbers,
        );
        let ahead = ahead.fetch_all(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(ahead.into_iter().map(OrganizationId::from_uuid).collect())
    }

    async fn is_known(&self, organization: OrganizationId, place: StreamPlace) -> Result<bool, StoreError> {
        let organization = organization.uuid();
        let mut transaction =
            begin(&self.pool, TransactionPurpose::Look, Some(organization), None, "").await?;
        let row = sqlx::query!(
            r#"SELECT min(sequence) AS first,
                      bool_or(sequence = $2 AND event_id = $3) AS "is_there"
                 FROM stream_events
                WHERE org_id = $1
                  AND (sequence = $2 OR sequence = (SELECT min(f.sequence) FROM stream_events f WHERE f.org_id = $1))"#,
            organization,
            place.sequence,
            place.event.map(|event| event.uuid()),
        );
        let row = row.fetch_one(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(match place {
            StreamPlace::START => row.first.is_none_or(|first| first == 1),
            StreamPlace { .. } => row.is_there == Some(true),
        })
    }

    async fn after(
        &self,
        organization: OrganizationId,
        sequence: i64,
        at_most: u16,
    ) -> Result<Vec<KeptNotice>, StoreError> {
        let organization = organization.uuid();
        let mut transaction =
            begin(&self.pool, TransactionPurpose::Look, Some(organization), None, "").await?;
        let rows = sqlx::query!(
            r#"SELECT sequence, event_id, action, permission, data::text AS "data!" FROM stream_events
                WHERE org_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3"#,
            organization,
            sequence,
            i64::from(at_most),
        );
        let rows = rows.fetch_all(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        let kept = rows.into_iter().map(|row| KeptNotice {
            sequence: row.sequence,
            event: EventId::from_uuid(row.event_id),
            kind: row.action,
            permission: row.permission.parse().ok(),
            data: row.data,
        });
        Ok(kept.collect())
    }

    async fn forget(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        let old = || {
            // The last one stays: whoever has heard it can still go on from there. The service may not lock them: where two nodes forget,
            // one waits for the other, and finds that they are gone.
            sqlx::query!(
                "WITH old AS MATERIALIZED (
                     SELECT e.org_id, e.sequence FROM stream_events e JOIN stream_heads h ON h.org_id = e.org_id
                      WHERE e.occurred_at < $1 AND e.sequence < h.last
                      ORDER BY e.occurred_at, e.org_id, e.sequence LIMIT $2)
                 DELETE FROM stream_events e USING old WHERE e.org_id = old.org_id AND e.sequence = old.sequence",
                before,
                PORTION,
            )
        };
        portions::forget(&self.pool, task::STREAM, old).await
    }
}
