//! What is not good any more, in the order in which it is told.
//!
//! A change notes what it takes away in its own transaction, without a place. Places are given afterwards, by one
//! transaction at a time: so whoever sees one sees all before it, however transactions overlap.

use std::time::Duration;

use async_trait::async_trait;
use rollcall_application::{
    ports::StoreError,
    revocations::{FeedPosition, PlacedRevocation, Revocations},
};
use rollcall_domain::{ApiKeyId, OrganizationId, SessionId, UserId, revocations::Revocation};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    error::{corrupt, store_error},
    portions::{self, PORTION},
    row::value,
    store::PgStore,
    transaction::{begin_task, task},
};

/// The most that get their places in one transaction.
const AT_ONCE: u16 = 5_000;

struct NotedRow {
    position: i64,
    published_at: OffsetDateTime,
    kind: String,
    org_id: Option<Uuid>,
    user_id: Option<Uuid>,
    session_id: Option<Uuid>,
    key_id: Option<Uuid>,
    role: Option<String>,
}

impl TryFrom<NotedRow> for PlacedRevocation {
    type Error = StoreError;

    fn try_from(row: NotedRow) -> Result<Self, StoreError> {
        let lacks = || corrupt("a revocation that does not say of what");
        let user_id = || row.user_id.map(UserId::from_uuid).ok_or_else(lacks);
        let api_key_id = || row.key_id.map(ApiKeyId::from_uuid).ok_or_else(lacks);
        let organization_id = || row.org_id.map(OrganizationId::from_uuid).ok_or_else(lacks);
        let revocation = match row.kind.as_str() {
            "session.ended" => Revocation::SessionEnded {
                session_id: row.session_id.map(SessionId::from_uuid).ok_or_else(lacks)?,
                user_id: user_id()?,
                organization_id: row.org_id.map(OrganizationId::from_uuid),
            },
            "member.removed" => {
                Revocation::MemberRemoved { user_id: user_id()?, organization_id: organization_id()? }
            }
            "member.role_changed" => Revocation::RoleChanged {
                user_id: user_id()?,
                organization_id: organization_id()?,
                role: value(&row.role.ok_or_else(lacks)?)?,
            },
            "user.suspended" => Revocation::UserSuspended { user_id: user_id()? },
            "user.deleted" => Revocation::UserDeleted { user_id: user_id()? },
            "organization.deleted" => Revocation::OrganizationDeleted { organization_id: organization_id()? },
            "user.changed" => Revocation::UserChanged { user_id: user_id()? },
            "organization.changed" => Revocation::OrganizationChanged { organization_id: organization_id()? },
            "api_key.revoked" => {
                Revocation::ApiKeyRevoked { api_key_id: api_key_id()?, organization_id: organization_id()? }
            }
            "api_key.changed" => {
                Revocation::ApiKeyChanged { api_key_id: api_key_id()?, organization_id: organization_id()? }
            }
            kind => return Err(corrupt(format!("a revocation of the kind {kind}"))),
        };
        Ok(Self { position: position(row.position, row.published_at), revocation })
    }
}

fn position(number: i64, at: OffsetDateTime) -> FeedPosition {
    // The database keeps microseconds, of which there are few enough until the year 294,000.
    FeedPosition { number, at: i64::try_from(at.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX) }
}

#[async_trait]
impl Revocations for PgStore {
    async fn publish(&self, now: OffsetDateTime) -> Result<FeedPosition, StoreError> {
        loop {
            let mut transaction = begin_task(&self.pool, task::REVOCATIONS).await?;
            let waiting = sqlx::query_scalar!(
                r#"SELECT EXISTS (SELECT FROM revocations WHERE position IS NULL) AS "waiting!""#
            );
            let waiting = waiting.fetch_one(&mut *transaction).await.map_err(store_error)?;
            let mut placed = 0;
            if waiting {
                // In a statement of its own: the next one then sees what the holder before has committed.
                let lock =
                    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended('rollcall.revocations', 0))");
                lock.execute(&mut *transaction).await.map_err(store_error)?;
                let place = sqlx::query!(
                    "WITH waiting AS (
                         SELECT entry, row_number() OVER (ORDER BY entry) AS turn
                           FROM (SELECT entry FROM revocations WHERE position IS NULL ORDER BY entry LIMIT $2) w),
                     head AS (SELECT COALESCE(max(position), 0) AS position FROM revocations)
                     UPDATE revocations r SET position = head.position + waiting.turn, published_at = $1
                       FROM waiting, head WHERE r.entry = waiting.entry",
                    now,
                    i64::from(AT_ONCE),
                );
                placed = place.execute(&mut *transaction).await.map_err(store_error)?.rows_affected();
            }
            let head = sqlx::query!(
                r#"SELECT position AS "position!", published_at AS "published_at!" FROM revocations
                    WHERE position IS NOT NULL ORDER BY position DESC LIMIT 1"#
            );
            let head = head.fetch_optional(&mut *transaction).await.map_err(store_error)?;
            transaction.commit().await.map_err(store_error)?;
            if placed < u64::from(AT_ONCE) {
                return Ok(
                    head.map_or(FeedPosition::START, |head| position(head.position, head.published_at))
                );
            }
        }
    }

    async fn is_known(&self, wanted: FeedPosition) -> Result<bool, StoreError> {
        let mut transaction = begin_task(&self.pool, task::REVOCATIONS).await?;
        let row = sqlx::query!(
            r#"SELECT min(position) AS first,
                      max(published_at) FILTER (WHERE position = $1) AS published_at
                 FROM revocations WHERE position IN ($1, (SELECT min(position) FROM revocations))"#,
            wanted.number
        );
        let row = row.fetch_one(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        if wanted == FeedPosition::START {
            return Ok(row.first.is_none_or(|first| first == 1));
        }
        Ok(row.published_at.is_some_and(|at| position(wanted.number, at) == wanted))
    }

    async fn after(&self, number: i64, at_most: u16) -> Result<Vec<PlacedRevocation>, StoreError> {
        let mut transaction = begin_task(&self.pool, task::REVOCATIONS).await?;
        let rows = sqlx::query_as!(
            NotedRow,
            r#"SELECT position AS "position!", published_at AS "published_at!", kind, org_id, user_id, session_id, key_id, role
                 FROM revocations WHERE position > $1 AND kind <> 'forgotten' ORDER BY position LIMIT $2"#,
            number,
            i64::from(at_most),
        );
        let rows = rows.fetch_all(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        rows.into_iter().map(PlacedRevocation::try_from).collect()
    }

    async fn wait(&self, at_most: Duration) {
        // Whatever is noted is also told to those who remember sessions. Whether that was heard makes it quicker, no more.
        let _ = tokio::time::timeout(at_most, self.sessions.change_heard.notified()).await;
    }

    async fn forget(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        let old = || {
            // The oldest first, so that whoever goes on from what is still there misses nothing. For the same reason rows that another node
            // is forgetting are not skipped: this waits, and finds them gone.
            sqlx::query!(
                "WITH old AS MATERIALIZED (
                     SELECT entry FROM revocations
                      WHERE published_at < $1 AND position < (SELECT max(position) FROM revocations)
                      ORDER BY published_at, position LIMIT $2)
                 DELETE FROM revocations r USING old WHERE r.entry = old.entry",
                before,
                PORTION,
            )
        };
        let forgotten = portions::forget(&self.pool, task::REVOCATIONS, old).await?;
        let mut transaction = begin_task(&self.pool, task::REVOCATIONS).await?;
        // Of the last one only its place stays, from which the next goes on. It is not cleared before all others are gone, whichever node
        // takes them, as whoever goes on from one of them is told it.
        let empty = sqlx::query!(
            "UPDATE revocations
                SET kind = 'forgotten', org_id = NULL, user_id = NULL, session_id = NULL, key_id = NULL, role = NULL
              WHERE published_at < $1 AND kind <> 'forgotten' AND position = (SELECT max(position) FROM revocations)
                AND NOT EXISTS (SELECT FROM revocations o WHERE o.position < revocations.position)",
            before
        );
        empty.execute(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(forgotten)
    }
}
