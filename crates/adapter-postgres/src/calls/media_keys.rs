//! Keys for the media of calls, sealed, and who holds them.

use async_trait::async_trait;
use rollcall_application::{
    Sealed,
    calls::{KeptMediaKeys, MediaKeyHolder, MediaKeyring, MediaKeyringView},
    ports::StoreError,
};
use rollcall_domain::{
    CallId, OrganizationId, Permission, Role,
    calls::{MediaKeyId, MediaKeys},
    policy::Grant,
    security::Control,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    error::{corrupt, exactly_one, store_error},
    row::{count, moment, value},
    transaction::Transaction,
};

/// The columns that say who somebody is: a person and their session, or an API key.
fn ids(holder: MediaKeyHolder) -> (Option<Uuid>, Option<Uuid>, Option<Uuid>) {
    match holder {
        MediaKeyHolder::User(user, session) => (Some(user.uuid()), Some(session.uuid()), None),
        MediaKeyHolder::Key(key) => (None, None, Some(key.uuid())),
    }
}

#[async_trait]
impl MediaKeyringView for Transaction {
    async fn fetched_media_key(
        &mut self,
        organization: OrganizationId,
        call: CallId,
        by: MediaKeyHolder,
    ) -> Result<bool, StoreError> {
        let (user, _, key) = ids(by);
        let find = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM media_key_holders
                               WHERE org_id = $1 AND call_id = $2 AND (user_id = $3 OR key_id = $4)) AS "fetched!""#,
            organization.uuid(),
            call.uuid(),
            user,
            key,
        );
        find.fetch_one(self.connection()).await.map_err(store_error)
    }
}

#[async_trait]
impl MediaKeyring for Transaction {
    async fn media_keys_find(
        &mut self,
        organization: OrganizationId,
        call: CallId,
    ) -> Result<Option<KeptMediaKeys>, StoreError> {
        let row = sqlx::query!(
            "SELECT generation, step, next_sender, base_key, expires_at FROM media_keys
              WHERE org_id = $1 AND call_id = $2",
            organization.uuid(),
            call.uuid()
        );
        let Some(row) = row.fetch_optional(self.connection()).await.map_err(store_error)? else {
            return Ok(None);
        };
        let keys = MediaKeys::kept(
            count(row.generation.into())?,
            count(row.step.into())?,
            count(row.next_sender.into())?,
            moment(row.expires_at),
        );
        Ok(Some(KeptMediaKeys { keys, base: Sealed(row.base_key) }))
    }

    async fn media_keys_save(
        &mut self,
        organization: OrganizationId,
        call: CallId,
        kept: &KeptMediaKeys,
    ) -> Result<(), StoreError> {
        let save = sqlx::query!(
            "INSERT INTO media_keys (org_id, call_id, generation, step, next_sender, base_key, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
                 ON CONFLICT (org_id, call_id) DO UPDATE
                SET generation = EXCLUDED.generation, step = EXCLUDED.step, next_sender = EXCLUDED.next_sender,
                    base_key = EXCLUDED.base_key, expires_at = EXCLUDED.expires_at",
            organization.uuid(),
            call.uuid(),
            i32::try_from(kept.keys.generation()).map_err(corrupt)?,
            i16::from(kept.keys.step()),
            i32::try_from(kept.keys.next_sender()).map_err(corrupt)?,
            kept.base.0.as_slice(),
            kept.keys.expires_at(),
        );
        exactly_one(save.execute(self.connection()).await)
    }

    async fn media_keys_forget(
        &mut self,
        organization: OrganizationId,
        call: CallId,
    ) -> Result<(), StoreError> {
        let forget = sqlx::query!(
            "DELETE FROM media_keys WHERE org_id = $1 AND call_id = $2",
            organization.uuid(),
            call.uuid()
        );
        forget.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }

    async fn media_key_holder_add(
        &mut self,
        organization: OrganizationId,
        call: CallId,
        id: MediaKeyId,
        holder: MediaKeyHolder,
        permission: Permission,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let (user, session, key) = ids(holder);
        let insert = sqlx::query!(
            "INSERT INTO media_key_holders (org_id, call_id, generation, sender, user_id, key_id, permission, issued_at,
                                            session_id, member_since, secrets)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,
                     (SELECT joined_at FROM members WHERE org_id = $1 AND user_id = $5),
                     (SELECT array_agg(secret_no) FROM api_key_secrets
                       WHERE org_id = $1 AND key_id = $6 AND (works_until IS NULL OR works_until > $8)))",
            organization.uuid(),
            call.uuid(),
            i32::try_from(id.generation).map_err(corrupt)?,
            i32::from(id.sender),
            user,
            key,
            permission.as_str(),
            at,
            session,
        );
        exactly_one(insert.execute(self.connection()).await)
    }

    async fn media_key_holders(
        &mut self,
        organization: OrganizationId,
        call: CallId,
        generation: u32,
        now: OffsetDateTime,
    ) -> Result<Vec<(Permission, Grant)>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT DISTINCT h.permission, m.role AS "role?: String", k.scopes AS "scopes?"
                 FROM media_key_holders h
                 -- Not if they have left in between and come back, nor if the session that they got it in is gone (where none is said, it was a
                 -- node of the last release), nor if their time to set up a second factor is over.
                 LEFT JOIN (members m JOIN users a ON a.user_id = m.user_id AND a.status = 'active')
                        ON m.org_id = h.org_id AND m.user_id = h.user_id AND m.joined_at = h.member_since
                      AND (h.session_id IS NULL
                           OR EXISTS (SELECT FROM sessions o
                                       WHERE o.org_id = h.org_id AND o.user_id = h.user_id AND o.session_id = h.session_id
                                         AND o.expires_at > $4))
                      AND NOT EXISTS (SELECT FROM security_controls c
                                        JOIN users u ON u.user_id = h.user_id
                                        LEFT JOIN mfa_deadlines d ON d.org_id = c.org_id AND d.user_id = h.user_id
                                       WHERE c.org_id = h.org_id AND c.control = $5 AND c.enabled AND NOT u.mfa_enabled
                                         AND COALESCE(d.deadline_at, now()) <= now())
                 -- Nor if a secret that the key may have been got with has ended.
                 LEFT JOIN api_keys k ON k.org_id = h.org_id AND k.key_id = h.key_id AND k.revoked_at IS NULL
                      AND (k.expires_at IS NULL OR k.expires_at > $4)
                      AND h.secrets <@ (SELECT array_agg(s.secret_no) FROM api_key_secrets s
                                         WHERE s.org_id = h.org_id AND s.key_id = h.key_id
                                           AND (s.works_until IS NULL OR s.works_until > $4))
                WHERE h.org_id = $1 AND h.call_id = $2 AND h.generation = $3"#,
            organization.uuid(),
            call.uuid(),
            i32::try_from(generation).map_err(corrupt)?,
            now,
            Control::MfaRequired.as_str(),
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        let held = rows.into_iter().map(|row| {
            let grant = match (row.role, row.scopes) {
                (Some(role), _) => Grant::Member { role: value::<Role>(&role)? },
                (None, Some(scopes)) => {
                    let scopes = scopes.iter().map(|scope| value::<Permission>(scope));
                    Grant::ApiKey { scopes: scopes.collect::<Result<_, _>>()? }
                }
                // They have left, or been let go; or it was not quite them.
                (None, None) => Grant::None,
            };
            Ok((value(&row.permission)?, grant))
        });
        held.collect()
    }
}
