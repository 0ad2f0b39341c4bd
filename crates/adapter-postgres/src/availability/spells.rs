//! How long who was what.

use rollcall_application::{
    availability::{Period, Spell},
    ports::StoreError,
};
use rollcall_domain::{OrganizationId, UserId};

use crate::{
    bounds::{GREATEST_ID, LEAST_ID},
    error::store_error,
    row::value,
    transaction::Transaction,
};

impl Transaction {
    /// From one change to the next, and from the last before the time to the first in it.
    pub(super) async fn spells(
        &mut self,
        organization: OrganizationId,
        user: Option<UserId>,
        period: Period,
    ) -> Result<Vec<Spell>, StoreError> {
        let (first, last) = user.map_or((LEAST_ID, GREATEST_ID), |user| (user.uuid(), user.uuid()));
        // Whose history there is, is found by going from one to the next: there may be years of it.
        let find = sqlx::query!(
            r#"WITH RECURSIVE who AS (
                   (SELECT c.user_id FROM availability_changes c
                     WHERE c.org_id = $1 AND c.user_id >= $2 AND c.user_id <= $5 ORDER BY c.user_id LIMIT 1)
                    UNION ALL
                   SELECT (SELECT c.user_id FROM availability_changes c
                            WHERE c.org_id = $1 AND c.user_id > w.user_id AND c.user_id <= $5
                            ORDER BY c.user_id LIMIT 1)
                     FROM who w WHERE w.user_id IS NOT NULL),
               marks AS (
                   SELECT w.user_id, b.status, $3::timestamptz AS at, 0 AS later, 0 AS version
                     FROM who w CROSS JOIN LATERAL (
                          SELECT c.status FROM availability_changes c
                           WHERE c.org_id = $1 AND c.user_id = w.user_id AND c.at < $3
                           ORDER BY c.at DESC, c.version DESC LIMIT 1) b
                    UNION ALL
                   SELECT w.user_id, c.status, c.at, 1, c.version
                     FROM who w JOIN availability_changes c
                       ON c.org_id = $1 AND c.user_id = w.user_id AND c.at >= $3 AND c.at < $4),
               spells AS (
                   SELECT user_id, status, at, lead(at, 1, $4) OVER (PARTITION BY user_id ORDER BY at, later, version) AS ends
                     FROM marks)
               SELECT user_id AS "user_id!", status AS "status!", sum(extract(epoch FROM ends - at))::float8 AS "seconds!"
                 FROM spells GROUP BY user_id, status ORDER BY user_id, status"#,
            organization.uuid(),
            first,
            period.since,
            period.until,
            last,
        );
        let rows = find.fetch_all(self.connection()).await.map_err(store_error)?;
        let spell = |user, status: &str, seconds| {
            Ok(Spell { user: UserId::from_uuid(user), status: value(status)?, seconds })
        };
        rows.into_iter().map(|row| spell(row.user_id, &row.status, row.seconds)).collect()
    }
}
