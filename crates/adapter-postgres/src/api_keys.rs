//! API keys.

use async_trait::async_trait;
use rollcall_application::{
    Page, PageRequest,
    api_keys::{ApiKeys, ApiKeysView, DayOfUse, KeyHash, ListedKey},
    ports::StoreError,
};
use rollcall_domain::{
    ApiKeyId, OrganizationId, Permission, UserId,
    api_keys::{ApiKey, Networks, RateLimit, Scopes},
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    bounds::GREATEST_ID,
    error::{corrupt, exactly_one, store_error},
    row::{count, moment, value},
    transaction::Transaction,
};

/// The columns of a key.
pub(crate) struct ApiKeyRow {
    pub(crate) key_id: Uuid,
    pub(crate) prefix: String,
    pub(crate) name: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) created_by: Option<Uuid>,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) expires_at: Option<OffsetDateTime>,
    pub(crate) allowed_cidrs: Option<Vec<String>>,
    pub(crate) rate_requests: Option<i32>,
    pub(crate) rate_seconds: Option<i32>,
    pub(crate) revoked_at: Option<OffsetDateTime>,
    pub(crate) version: i32,
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = StoreError;

    fn try_from(row: ApiKeyRow) -> Result<Self, StoreError> {
        let scopes: Vec<Permission> =
            row.scopes.iter().map(|scope| value(scope)).collect::<Result<_, _>>()?;
        let networks = row.allowed_cidrs.map(|texts| Networks::parse(&texts).map_err(corrupt));
        let rate_limit = row.rate_requests.zip(row.rate_seconds).map(|(requests, seconds)| {
            RateLimit::new(count(requests.into())?, count(seconds.into())?).map_err(corrupt)
        });
        Ok(Self {
            id: ApiKeyId::from_uuid(row.key_id),
            prefix: value(&row.prefix)?,
            name: value(&row.name)?,
            scopes: Scopes::new(scopes).map_err(corrupt)?,
            networks: networks.transpose()?.unwrap_or_default(),
            rate_limit: rate_limit.transpose()?,
            created_by: row.created_by.map(UserId::from_uuid),
            created_at: moment(row.created_at),
            expires_at: row.expires_at.map(moment),
            revoked_at: row.revoked_at.map(moment),
            version: row.version,
        })
    }
}

struct ListedRow {
    key_id: Uuid,
    prefix: String,
    name: String,
    scopes: Vec<String>,
    created_by: Option<Uuid>,
    created_at: OffsetDateTime,
    expires_at: Option<OffsetDateTime>,
    allowed_cidrs: Option<Vec<String>>,
    rate_requests: Option<i32>,
    rate_seconds: Option<i32>,
    revoked_at: Option<OffsetDateTime>,
    version: i32,
    previous_until: Option<OffsetDateTime>,
    secrets: Vec<i64>,
    last_used_at: Option<OffsetDateTime>,
    last_used_ip: Option<String>,
}

impl TryFrom<ListedRow> for ListedKey {
    type Error = StoreError;

    fn try_from(row: ListedRow) -> Result<Self, StoreError> {
        let key = ApiKeyRow {
            key_id: row.key_id,
            prefix: row.prefix,
            name: row.name,
            scopes: row.scopes,
            created_by: row.created_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
            allowed_cidrs: row.allowed_cidrs,
            rate_requests: row.rate_requests,
            rate_seconds: row.rate_seconds,
            revoked_at: row.revoked_at,
            version: row.version,
        };
        Ok(Self {
            key: key.try_into()?,
            previous_until: row.previous_until.map(moment),
            secrets: row.secrets,
            last_used_at: row.last_used_at.map(moment),
            last_used_ip: row.last_used_ip,
        })
    }
}

/// The names of scopes, as they are kept.
fn names(scopes: Scopes) -> Vec<String> {
    scopes.permissions().iter().map(|permission| permission.as_str().to_owned()).collect()
}

/// The numbers of a limit, as they are kept.
fn numbers(limit: Option<RateLimit>) -> Result<(Option<i32>, Option<i32>), StoreError> {
    let Some(limit) = limit else { return Ok((None, None)) };
    let number = |number: u32| i32::try_from(number).map(Some).map_err(corrupt);
    Ok((number(limit.requests())?, number(limit.per_seconds())?))
}

#[async_trait]
impl ApiKeysView for Transaction {
    async fn api_key_find(
        &mut self,
        organization: OrganizationId,
        id: ApiKeyId,
    ) -> Result<Option<ListedKey>, StoreError> {
        let row = sqlx::query_as!(
            ListedRow,
            r#"SELECT k.key_id, k.prefix, k.name, k.scopes, k.created_by, k.created_at, k.expires_at,
                      k.allowed_cidrs::text[] AS allowed_cidrs, k.rate_requests, k.rate_seconds, k.revoked_at, k.version,
                      s.works_until AS "previous_until?",
                      ARRAY(SELECT n.secret_no FROM api_key_secrets n
                             WHERE n.org_id = k.org_id AND n.key_id = k.key_id) AS "secrets!",
                      k.last_used_at, host(k.last_used_ip) AS last_used_ip
                 FROM api_keys k
                 LEFT JOIN api_key_secrets s ON s.org_id = k.org_id AND s.key_id = k.key_id AND s.works_until IS NOT NULL
                WHERE k.org_id = $1 AND k.key_id = $2"#,
            organization.uuid(),
            id.uuid()
        );
        let row = row.fetch_optional(self.connection()).await.map_err(store_error)?;
        row.map(ListedKey::try_from).transpose()
    }

    async fn api_key_days(
        &mut self,
        organization: OrganizationId,
        id: ApiKeyId,
    ) -> Result<Option<Vec<DayOfUse>>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT d.key::date AS "day?", d.value::bigint AS "calls?"
                 FROM api_keys k LEFT JOIN LATERAL jsonb_each_text(k.calls_by_day) d ON true
                WHERE k.org_id = $1 AND k.key_id = $2"#,
            organization.uuid(),
            id.uuid()
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        if rows.is_empty() {
            return Ok(None);
        }
        let days = rows.into_iter().filter_map(|row| row.day.zip(row.calls));
        days.map(|(day, calls)| Ok(DayOfUse { day, calls: count(calls)? }))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    async fn api_keys_page(
        &mut self,
        organization: OrganizationId,
        page: &PageRequest<ApiKeyId>,
    ) -> Result<Page<ListedKey, ApiKeyId>, StoreError> {
        let rows = sqlx::query_as!(
            ListedRow,
            r#"SELECT k.key_id, k.prefix, k.name, k.scopes, k.created_by, k.created_at, k.expires_at,
                      k.allowed_cidrs::text[] AS allowed_cidrs, k.rate_requests, k.rate_seconds, k.revoked_at, k.version,
                      s.works_until AS "previous_until?",
                      ARRAY(SELECT n.secret_no FROM api_key_secrets n
                             WHERE n.org_id = k.org_id AND n.key_id = k.key_id) AS "secrets!",
                      k.last_used_at, host(k.last_used_ip) AS last_used_ip
                 FROM api_keys k
                 LEFT JOIN api_key_secrets s ON s.org_id = k.org_id AND s.key_id = k.key_id AND s.works_until IS NOT NULL
                WHERE k.org_id = $1 AND k.key_id < $2
                ORDER BY k.key_id DESC
                LIMIT $3"#,
            organization.uuid(),
            page.after.map_or(GREATEST_ID, |after| after.uuid()),
            i64::from(page.limit) + 1,
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        let keys = rows.into_iter().map(ListedKey::try_from).collect::<Result<_, _>>()?;
        Ok(Page::cut(keys, page.limit, |listed: &ListedKey| listed.key.id))
    }

    async fn api_keys_count(&mut self, organization: OrganizationId) -> Result<u64, StoreError> {
        let counted = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!" FROM api_keys WHERE org_id = $1 AND revoked_at IS NULL"#,
            organization.uuid()
        );
        count(counted.fetch_one(self.connection()).await.map_err(store_error)?)
    }
}

#[async_trait]
impl ApiKeys for Transaction {
    async fn api_key_lock(
        &mut self,
        organization: OrganizationId,
        id: ApiKeyId,
    ) -> Result<Option<ApiKey>, StoreError> {
        // The organization comes before its keys: whoever deletes it locks them in this order.
        let row = sqlx::query_as!(
            ApiKeyRow,
            "WITH held AS MATERIALIZED (SELECT org_id FROM organizations
                                         WHERE org_id = $1 AND deleted_at IS NULL FOR SHARE)
             SELECT k.key_id, k.prefix, k.name, k.scopes, k.created_by, k.created_at, k.expires_at,
                    k.allowed_cidrs::text[] AS allowed_cidrs, k.rate_requests, k.rate_seconds, k.revoked_at, k.version
               FROM api_keys k JOIN held ON held.org_id = k.org_id
              WHERE k.org_id = $1 AND k.key_id = $2
                FOR UPDATE OF k",
            organization.uuid(),
            id.uuid()
        );
        let row = row.fetch_optional(self.connection()).await.map_err(store_error)?;
        row.map(ApiKey::try_from).transpose()
    }

    async fn api_key_hold(
        &mut self,
        organization: OrganizationId,
        id: ApiKeyId,
        secrets: &[i64],
        now: OffsetDateTime,
    ) -> Result<Option<ApiKey>, StoreError> {
        // The secret is locked behind its key, so that whoever had to wait for another one sees what became of it.
        let row = sqlx::query_as!(
            ApiKeyRow,
            "WITH held AS MATERIALIZED (SELECT org_id FROM organizations
                                         WHERE org_id = $1 AND deleted_at IS NULL AND suspended_at IS NULL FOR SHARE)
             SELECT k.key_id, k.prefix, k.name, k.scopes, k.created_by, k.created_at, k.expires_at,
                    k.allowed_cidrs::text[] AS allowed_cidrs, k.rate_requests, k.rate_seconds, k.revoked_at, k.version
               FROM api_keys k JOIN held ON held.org_id = k.org_id
               JOIN api_key_secrets s ON s.org_id = k.org_id AND s.key_id = k.key_id
              WHERE k.org_id = $1 AND k.key_id = $2
                AND s.secret_no = ANY($3) AND (s.works_until IS NULL OR s.works_until > $4)
              LIMIT 1
                FOR SHARE OF k, s",
            organization.uuid(),
            id.uuid(),
            secrets,
            now
        );
        let row = row.fetch_optional(self.connection()).await.map_err(store_error)?;
        row.map(ApiKey::try_from).transpose()
    }

    async fn api_key_add(
        &mut self,
        organization: OrganizationId,
        key: &ApiKey,
        secret: KeyHash,
    ) -> Result<(), StoreError> {
        let (scopes, networks) = (names(key.scopes), key.networks.texts());
        let (rate_requests, rate_seconds) = numbers(key.rate_limit)?;
        let insert = sqlx::query!(
            "INSERT INTO api_keys (org_id, key_id, prefix, name, scopes, created_by, created_at, expires_at, allowed_cidrs,
                                   rate_requests, rate_seconds, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::text[]::cidr[], $10, $11, $12)",
            organization.uuid(),
            key.id.uuid(),
            key.prefix.as_str(),
            key.name.as_str(),
            scopes.as_slice(),
            key.created_by.map(|user| user.uuid()),
            key.created_at,
            key.expires_at,
            networks.as_deref(),
            rate_requests,
            rate_seconds,
            key.version,
        );
        insert.execute(self.connection()).await.map_err(store_error)?;
        self.api_key_secret_add(organization, key.id, secret).await
    }

    async fn api_key_save(&mut self, organization: OrganizationId, key: &ApiKey) -> Result<(), StoreError> {
        let (scopes, networks) = (names(key.scopes), key.networks.texts());
        let (rate_requests, rate_seconds) = numbers(key.rate_limit)?;
        let update = sqlx::query!(
            "UPDATE api_keys
                SET name = $3, scopes = $4, expires_at = $5, allowed_cidrs = $6::text[]::cidr[], rate_requests = $7,
                    rate_seconds = $8, version = version + 1
              WHERE org_id = $1 AND key_id = $2",
            organization.uuid(),
            key.id.uuid(),
            key.name.as_str(),
            scopes.as_slice(),
            key.expires_at,
            networks.as_deref(),
            rate_requests,
            rate_seconds,
        );
        self.sessions_change(key.id.uuid());
        exactly_one(update.execute(self.connection()).await)
    }

    async fn api_key_rotate(
        &mut self,
        organization: OrganizationId,
        id: ApiKeyId,
        secret: KeyHash,
        present_until: Option<OffsetDateTime>,
    ) -> Result<(), StoreError> {
        self.sessions_change(id.uuid());
        if let Some(present_until) = present_until {
            let end_previous = sqlx::query!(
                "DELETE FROM api_key_secrets WHERE org_id = $1 AND key_id = $2 AND works_until IS NOT NULL",
                organization.uuid(),
                id.uuid()
            );
            end_previous.execute(self.connection()).await.map_err(store_error)?;
            let bound = sqlx::query!(
                "UPDATE api_key_secrets SET works_until = $3 WHERE org_id = $1 AND key_id = $2 AND works_until IS NULL",
                organization.uuid(),
                id.uuid(),
                present_until
            );
            exactly_one(bound.execute(self.connection()).await)?;
        } else {
            self.end_secrets(organization, id).await?;
        }
        self.api_key_secret_add(organization, id, secret).await?;
        let update = sqlx::query!(
            "UPDATE api_keys SET version = version + 1 WHERE org_id = $1 AND key_id = $2",
            organization.uuid(),
            id.uuid()
        );
        exactly_one(update.execute(self.connection()).await)
    }

    async fn api_key_revoke(
        &mut self,
        organization: OrganizationId,
        id: ApiKeyId,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.sessions_change(id.uuid());
        let update = sqlx::query!(
            "UPDATE api_keys SET revoked_at = $3, version = version + 1
              WHERE org_id = $1 AND key_id = $2 AND revoked_at IS NULL",
            organization.uuid(),
            id.uuid(),
            at
        );
        exactly_one(update.execute(self.connection()).await)?;
        self.end_secrets(organization, id).await
    }

    async fn api_keys_hand_over(
        &mut self,
        organization: OrganizationId,
        from: UserId,
        to: UserId,
    ) -> Result<Vec<ApiKeyId>, StoreError> {
        let update = sqlx::query_scalar!(
            "UPDATE api_keys SET created_by = $3, version = version + 1
              WHERE org_id = $1 AND created_by = $2 AND revoked_at IS NULL
          RETURNING key_id",
            organization.uuid(),
            from.uuid(),
            to.uuid()
        );
        let mut keys = update.fetch_all(self.connection()).await.map_err(store_error)?;
        keys.sort_unstable();
        Ok(keys.into_iter().map(ApiKeyId::from_uuid).collect())
    }
}

impl Transaction {
    /// Ends all secrets of a key.
    async fn end_secrets(&mut self, organization: OrganizationId, id: ApiKeyId) -> Result<(), StoreError> {
        let end_secrets = sqlx::query!(
            "DELETE FROM api_key_secrets WHERE org_id = $1 AND key_id = $2",
            organization.uuid(),
            id.uuid()
        );
        end_secrets.execute(self.connection()).await.map_err(store_error).map(drop)
    }

    async fn api_key_secret_add(
        &mut self,
        organization: OrganizationId,
        id: ApiKeyId,
        secret: KeyHash,
    ) -> Result<(), StoreError> {
        let insert = sqlx::query!(
            "INSERT INTO api_key_secrets (org_id, key_id, secret_hash) VALUES ($1, $2, $3)",
            organization.uuid(),
            id.uuid(),
            secret.0.as_slice()
        );
        insert.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }
}
