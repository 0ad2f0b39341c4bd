//! Calls that wait for a human agent.

mod changes;
mod row;

use async_trait::async_trait;
use rollcall_application::{
    Page, PageRequest,
    escalations::{EscalationFilter, EscalationKey, EscalationsView, ShownEscalation},
    ports::StoreError,
};
use rollcall_domain::{
    EscalationId, OrganizationId, UserId,
    escalations::{EscalationSettings, EscalationStatus},
};
use time::OffsetDateTime;

use self::row::ShownRow;
use crate::{
    bounds::{EARLIEST, GREATEST_ID, LATEST, LEAST_ID},
    error::store_error,
    transaction::Transaction,
};

/// What may be written down of an escalation that has come so far.
fn written_down(status: Option<EscalationStatus>) -> Vec<String> {
    let may_be: &[EscalationStatus] = match status {
        None => &[],
        Some(EscalationStatus::Unanswered) => {
            &[EscalationStatus::Unanswered, EscalationStatus::Waiting, EscalationStatus::Offered]
        }
        Some(EscalationStatus::Waiting) => {
            &[EscalationStatus::Waiting, EscalationStatus::Offered, EscalationStatus::Claimed]
        }
        Some(EscalationStatus::Callback) => {
            &[EscalationStatus::Callback, EscalationStatus::Offered, EscalationStatus::Claimed]
        }
        Some(EscalationStatus::Offered) => &[EscalationStatus::Offered],
        Some(EscalationStatus::Claimed) => &[EscalationStatus::Claimed],
        Some(EscalationStatus::Resolved) => &[EscalationStatus::Resolved],
        Some(EscalationStatus::Abandoned) => &[EscalationStatus::Abandoned],
    };
    may_be.iter().map(|status| status.as_str().to_owned()).collect()
}

#[async_trait]
impl EscalationsView for Transaction {
    async fn escalation_find(
        &mut self,
        organization: OrganizationId,
        id: EscalationId,
        now: OffsetDateTime,
    ) -> Result<Option<ShownEscalation>, StoreError> {
        let row = sqlx::query_as!(
            ShownRow,
            r#"SELECT e.escalation_id, e.call_id, e.reason, e.priority, e.skills, e.status, e.callback, e.agent, e.expires_at,
                      e.offered_to, e.lease_hash, e.fence, e.claimed_at, e.waits_until, e.created_at, e.ended_at, e.version,
                      CASE WHEN escalation_seen(e.status, e.callback, e.expires_at, e.waits_until, $3) = 'waiting'
                           THEN (SELECT count(*) FROM escalations q
                                  WHERE q.org_id = e.org_id
                                    AND q.status IN ('waiting', 'offered', 'claimed')
                                    AND escalation_seen(q.status, q.callback, q.expires_at, q.waits_until, $3) = 'waiting'
                                    AND (q.priority > e.priority
                                         OR (q.priority = e.priority
                                             AND (q.created_at, q.escalation_id) <= (e.created_at, e.escalation_id))))
                           ELSE 0 END AS "position!"
                 FROM escalations e WHERE e.org_id = $1 AND e.escalation_id = $2"#,
            organization.uuid(),
            id.uuid(),
            now,
        );
        let row = row.fetch_optional(self.connection()).await.map_err(store_error)?;
        row.map(|row| row.shown(now)).transpose()
    }

    async fn escalation_holder(
        &mut self,
        organization: OrganizationId,
        id: EscalationId,
        now: OffsetDateTime,
    ) -> Result<Option<UserId>, StoreError> {
        let find = sqlx::query_scalar!(
            r#"SELECT agent AS "agent!" FROM escalations
                WHERE org_id = $1 AND escalation_id = $2 AND status IN ('offered', 'claimed') AND expires_at > $3"#,
            organization.uuid(),
            id.uuid(),
            now,
        );
        let found = find.fetch_optional(self.connection()).await.map_err(store_error)?;
        Ok(found.map(UserId::from_uuid))
    }

    async fn escalations_page(
        &mut self,
        organization: OrganizationId,
        filter: EscalationFilter,
        now: OffsetDateTime,
        page: &PageRequest<EscalationKey>,
    ) -> Result<Page<ShownEscalation, EscalationKey>, StoreError> {
        let limit = i64::from(page.limit) + 1;
        let in_hand = matches!(
            filter.status,
            Some(EscalationStatus::Offered | EscalationStatus::Claimed | EscalationStatus::Callback)
        );
        let rows = if filter.status == Some(EscalationStatus::Waiting) {
            let after = page.after.map_or((10, EARLIEST, LEAST_ID), |after| {
                (i16::from(after.priority.number()), after.created_at, after.id.uuid())
            });
            sqlx::query_as!(
                ShownRow,
                r#"SELECT * FROM (
                       SELECT e.escalation_id, e.call_id, e.reason, e.priority, e.skills, e.status, e.callback, e.agent, e.expires_at,
                              e.offered_to, e.lease_hash, e.fence, e.claimed_at, e.waits_until, e.created_at, e.ended_at, e.version,
                              row_number() OVER (ORDER BY e.priority DESC, e.created_at, e.escalation_id) AS "position!"
                         FROM escalations e
                        WHERE e.org_id = $1
                          AND e.status IN ('waiting', 'offered', 'claimed')
                          AND escalation_seen(e.status, e.callback, e.expires_at, e.waits_until, $2) = 'waiting') q
                    WHERE q.priority < $3 OR (q.priority = $3 AND (q.created_at, q.escalation_id) > ($4, $5))
                    ORDER BY q.priority DESC, q.created_at, q.escalation_id LIMIT $6"#,
                organization.uuid(),
                now,
                after.0,
                after.1,
                after.2,
                limit,
            )
            .fetch_all(self.connection())
            .await
        } else if in_hand {
            // These are few beside all that is over, and have an index of their own.
            let after = page.after.map_or((LATEST, GREATEST_ID), |after| (after.created_at, after.id.uuid()));
            sqlx::query_as!(
                ShownRow,
                r#"SELECT e.escalation_id, e.call_id, e.reason, e.priority, e.skills, e.status, e.callback, e.agent, e.expires_at,
                          e.offered_to, e.lease_hash, e.fence, e.claimed_at, e.waits_until, e.created_at, e.ended_at, e.version,
                          0::bigint AS "position!"
                     FROM escalations e
                    WHERE e.org_id = $1 AND e.status IN ('offered', 'claimed', 'callback')
                      AND escalation_seen(e.status, e.callback, e.expires_at, e.waits_until, $3) = $2
                      AND (e.created_at, e.escalation_id) < ($4, $5)
                    ORDER BY e.created_at DESC, e.escalation_id DESC LIMIT $6"#,
                organization.uuid(),
                filter.status.map(EscalationStatus::as_str),
                now,
                after.0,
                after.1,
                limit,
            )
            .fetch_all(self.connection())
            .await
        } else {
            let after = page.after.map_or((LATEST, GREATEST_ID), |after| (after.created_at, after.id.uuid()));
            sqlx::query_as!(
                ShownRow,
                r#"SELECT e.escalation_id, e.call_id, e.reason, e.priority, e.skills, e.status, e.callback, e.agent, e.expires_at,
                          e.offered_to, e.lease_hash, e.fence, e.claimed_at, e.waits_until, e.created_at, e.ended_at, e.version,
                          CASE WHEN escalation_seen(e.status, e.callback, e.expires_at, e.waits_until, $3) = 'waiting'
                               THEN (SELECT count(*) FROM escalations q
                                      WHERE q.org_id = e.org_id
                                        AND q.status IN ('waiting', 'offered', 'claimed')
                                        AND escalation_seen(q.status, q.callback, q.expires_at, q.waits_until, $3) = 'waiting'
                                        AND (q.priority > e.priority
                                             OR (q.priority = e.priority
                                                 AND (q.created_at, q.escalation_id) <= (e.created_at, e.escalation_id))))
                               ELSE 0 END AS "position!"
                     FROM escalations e
                    WHERE e.org_id = $1
                      AND ($2::text IS NULL
                           OR (e.status = ANY($7)
                               AND escalation_seen(e.status, e.callback, e.expires_at, e.waits_until, $3) = $2))
                      AND (e.created_at, e.escalation_id) < ($4, $5)
                    ORDER BY e.created_at DESC, e.escalation_id DESC LIMIT $6"#,
                organization.uuid(),
                filter.status.map(EscalationStatus::as_str),
                now,
                after.0,
                after.1,
                limit,
                &written_down(filter.status),
            )
            .fetch_all(self.connection())
            .await
        };
        let rows = rows.map_err(store_error)?;
        let shown = rows.into_iter().map(|row| row.shown(now)).collect::<Result<_, _>>()?;
        Ok(Page::cut(shown, page.limit, ShownEscalation::key))
    }

    async fn escalation_settings(
        &mut self,
        organization: OrganizationId,
    ) -> Result<EscalationSettings, StoreError> {
        let row = sqlx::query_as!(
            EscalationSettings,
            "SELECT wait_limit_seconds, offer_seconds, lease_seconds, automatic AS automatic_assignment, version
               FROM escalation_settings WHERE org_id = $1",
            organization.uuid(),
        );
        let row = row.fetch_optional(self.connection()).await.map_err(store_error)?;
        Ok(row.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{
        CallId,
        availability::Skills,
        escalations::{Escalation, Hold, Priority},
        secret::TokenHash,
    };
    use time::Duration;

    use super::*;

    #[test]
    fn a_list_by_status_looks_at_whatever_may_have_come_so_far() {
        let now = OffsetDateTime::UNIX_EPOCH;
        for (status, callback, is_late) in EscalationStatus::ALL.into_iter().flat_map(|status| {
            [(false, false), (false, true), (true, false), (true, true)].map(|(c, l)| (status, c, l))
        }) {
            let until = if is_late { now } else { now + Duration::SECOND };
            let mut escalation = Escalation::waiting(
                EscalationId::from_parts(0, &[1; 10]),
                CallId::from_parts(0, &[1; 10]),
                "asks for a human".parse().expect("a reason"),
                Priority::new(5).expect("a priority"),
                Skills::default(),
                &EscalationSettings::default(),
                now,
            );
            (escalation.status, escalation.callback, escalation.waits_until) = (status, callback, until);
            if matches!(status, EscalationStatus::Offered | EscalationStatus::Claimed) {
                escalation.hold = Some(match status {
                    EscalationStatus::Offered => Hold::Offer { generation: 1, until },
                    _ => Hold::Lease { token: TokenHash([1; 32]), until },
                });
            }
            let seen = escalation.seen_at(now).status;
            let looked_at = written_down(Some(seen));
            assert!(looked_at.iter().any(|one| one == status.as_str()), "{status:?} is seen as {seen:?}");
        }
    }
}
