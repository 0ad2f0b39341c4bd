//! Look-ups across organizations: each is one narrow function in the database.

use async_trait::async_trait;
use rollcall_application::{
    api_keys::{FoundKey, KeptBy, KeyHash, Move, UsedKey},
    members::FoundSeat,
    passwords::PasswordHash,
    ports::{
        Credential, CredentialId, Credentials, Directory, FoundEmailChange, FoundInvitation,
        FoundMfaChallenge, FoundPasskey, FoundPasswordReset, FoundSignup, OpenSession, StoreError,
    },
};
use rollcall_domain::{
    ApiKeyId, EmailAddress, OrganizationId, SessionId, UserId,
    accounts::{EmailChange, Signup},
    id::{EmailChangeId, MfaChallengeId, PasskeyId, PasswordResetId, SignupId},
    secret::TokenHash,
};
use time::OffsetDateTime;

use crate::{
    error::{corrupt, store_error},
    row::{InvitationRow, SUSPENDED, UserRow, count, moment, value},
    store::PgStore,
};

#[async_trait]
impl Directory for PgStore {
    async fn credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT user_id AS "user_id!", email AS "email!", name AS "name!", locale AS "locale!",
                      time_zone AS "time_zone!", status AS "status!", created_at AS "created_at!",
                      mfa_enabled AS "mfa_enabled!", version AS "version!", password_hash AS "password_hash!", org_id
                 FROM directory_credentials($1)"#,
            email.key()
        );
        let Some(row) = row.fetch_optional(&mut *self.pool.single().await?).await.map_err(store_error)?
        else {
            return Ok(None);
        };
        let user = UserRow {
            user_id: row.user_id,
            email: row.email,
            name: row.name,
            locale: row.locale,
            time_zone: row.time_zone,
            created_at: row.created_at,
            mfa_enabled: row.mfa_enabled,
            version: row.version,
        };
        Ok(Some(Credentials {
            user: user.try_into()?,
            password: PasswordHash(row.password_hash),
            suspended: row.status == SUSPENDED,
            organization: row.org_id.map(OrganizationId::from_uuid),
        }))
    }

    async fn session(&self, token: TokenHash) -> Result<Option<OpenSession>, StoreError> {
        if let Some(found) = self.sessions.find(&token) {
            return Ok(Some(found));
        }
        let since = self.sessions.moment();
        let found = self.look_up_session(token).await?;
        if let Some(found) = &found {
            self.sessions.remember(token, since, found);
        }
        Ok(found)
    }

    async fn session_afresh(&self, token: TokenHash) -> Result<Option<OpenSession>, StoreError> {
        self.look_up_session(token).await
    }

    async fn api_key_afresh(&self, hashes: &[KeyHash]) -> Result<Option<FoundKey>, StoreError> {
        self.look_up_api_key(hashes).await
    }

    async fn api_key(&self, hashes: &[KeyHash]) -> Result<Option<FoundKey>, StoreError> {
        // The first is the newest: by it a key is remembered, under whichever it is kept.
        let Some(newest) = hashes.first() else { return Ok(None) };
        if let Some(found) = self.sessions.find_key(newest) {
            return Ok(Some(found));
        }
        let since = self.sessions.moment();
        let found = self.look_up_api_key(hashes).await?;
        if let Some(found) = &found {
            self.sessions.remember_key(*newest, since, found);
        }
        Ok(found)
    }

    async fn seat(
        &self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<FoundSeat>, StoreError> {
        self.look_up_seat(organization, user).await
    }

    async fn api_keys_used(&self, used: &[UsedKey]) -> Result<Vec<ApiKeyId>, StoreError> {
        // A row for each day of each key, with the key's last use in each.
        let days = || used.iter().flat_map(|used| used.days.iter().map(|day| (used.last, *day)));
        let keys: Vec<_> = days().map(|(last, _)| last.key.uuid()).collect();
        let at: Vec<_> = days().map(|(last, _)| last.at).collect();
        let ips: Vec<_> = days().map(|(last, _)| last.ip.map(|ip| ip.to_string())).collect();
        let calls: Vec<_> = days().map(|(_, day)| i64::try_from(day.calls).unwrap_or(i64::MAX)).collect();
        let days: Vec<_> = days().map(|(_, day)| day.day).collect();
        // (directory_api_keys_used is what nodes of the last release call.)
        let busy = sqlx::query_scalar!(
            r#"SELECT directory_api_keys_noted($1, $2, $3, $4, $5) AS "key_id!""#,
            keys.as_slice(),
            at.as_slice(),
            ips.as_slice() as &[Option<String>],
            days.as_slice(),
            calls.as_slice()
        );
        let mut single = self.pool.single().await?;
        let busy = busy.fetch_all(&mut *single).await.map_err(store_error)?;
        single.commit().await?;
        Ok(busy.into_iter().map(ApiKeyId::from_uuid).collect())
    }

    async fn api_keys_moved(&self, moves: &[Move]) -> Result<(), StoreError> {
        let from: Vec<Vec<u8>> = moves.iter().map(|moved| moved.from.0.to_vec()).collect();
        let to: Vec<Vec<u8>> = moves.iter().map(|moved| moved.to.0.to_vec()).collect();
        let moved = sqlx::query!("SELECT directory_api_keys_moved($1, $2)", from.as_slice(), to.as_slice());
        let mut single = self.pool.single().await?;
        moved.execute(&mut *single).await.map_err(store_error)?;
        single.commit().await
    }

    async fn api_keys_by_ring_key(&self, newest: u8, now: OffsetDateTime) -> Result<Vec<KeptBy>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT ring_key AS "ring_key!", live AS "live!" FROM directory_api_keys_by_ring_key($1, $2)"#,
            i32::from(newest),
            now
        );
        let rows = rows.fetch_all(&mut *self.pool.single().await?).await.map_err(store_error)?;
        rows.into_iter()
            .map(|row| {
                let ring_key = u8::try_from(row.ring_key).map_err(corrupt)?;
                Ok(KeptBy { ring_key, live: count(row.live)? })
            })
            .collect()
    }

    async fn invitation(&self, token: TokenHash) -> Result<Option<FoundInvitation>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT org_id AS "org_id!", org_name AS "org_name!", inviter_name, invitation_id AS "invitation_id!",
                      email AS "email!", role AS "role!", state AS "state!", invited_by,
                      created_at AS "created_at!", expires_at AS "expires_at!", accepted_at, version AS "version!",
                      account_exists AS "account_exists!"
                 FROM directory_invitation($1)"#,
            token.0.as_slice()
        );
        let Some(row) = row.fetch_optional(&mut *self.pool.single().await?).await.map_err(store_error)?
        else {
            return Ok(None);
        };
        let invitation = InvitationRow {
            invitation_id: row.invitation_id,
            email: row.email,
            role: row.role,
            state: row.state,
            invited_by: row.invited_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
            accepted_at: row.accepted_at,
            version: row.version,
        };
        Ok(Some(FoundInvitation {
            organization: OrganizationId::from_uuid(row.org_id),
            organization_name: value(&row.org_name)?,
            inviter_name: row.inviter_name,
            invitation: invitation.try_into()?,
            account_exists: row.account_exists,
        }))
    }

    async fn signup(&self, token: TokenHash) -> Result<Option<FoundSignup>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT signup_id AS "signup_id!", email AS "email!", name AS "name!",
                      organization_name AS "organization_name!", expires_at AS "expires_at!"
                 FROM directory_signup($1)"#,
            token.0.as_slice()
        );
        let Some(row) = row.fetch_optional(&mut *self.pool.single().await?).await.map_err(store_error)?
        else {
            return Ok(None);
        };
        Ok(Some(FoundSignup {
            id: SignupId::from_uuid(row.signup_id),
            signup: Signup {
                email: value(&row.email)?,
                name: value(&row.name)?,
                organization_name: value(&row.organization_name)?,
                expires_at: moment(row.expires_at),
            },
        }))
    }

    async fn password_reset(&self, token: TokenHash) -> Result<Option<FoundPasswordReset>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT reset_id AS "reset_id!", user_id AS "user_id!", expires_at AS "expires_at!"
                 FROM directory_password_reset($1)"#,
            token.0.as_slice()
        );
        let row = row.fetch_optional(&mut *self.pool.single().await?).await.map_err(store_error)?;
        Ok(row.map(|row| FoundPasswordReset {
            id: PasswordResetId::from_uuid(row.reset_id),
            user: UserId::from_uuid(row.user_id),
            expires_at: moment(row.expires_at),
        }))
    }

    async fn email_change(&self, token: TokenHash) -> Result<Option<FoundEmailChange>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT change_id AS "change_id!", user_id AS "user_id!", session_id AS "session_id!",
                      email AS "email!", expires_at AS "expires_at!"
                 FROM directory_email_change($1)"#,
            token.0.as_slice()
        );
        let Some(row) = row.fetch_optional(&mut *self.pool.single().await?).await.map_err(store_error)?
        else {
            return Ok(None);
        };
        Ok(Some(FoundEmailChange {
            id: EmailChangeId::from_uuid(row.change_id),
            change: EmailChange {
                user: UserId::from_uuid(row.user_id),
                session: SessionId::from_uuid(row.session_id),
                email: value(&row.email)?,
                expires_at: moment(row.expires_at),
            },
        }))
    }

    async fn passkey(&self, credential: &CredentialId) -> Result<Option<FoundPasskey>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT passkey_id AS "passkey_id!", key AS "key!", counter AS "counter!", backed_up AS "backed_up!",
                      user_id AS "user_id!", email AS "email!", name AS "name!", locale AS "locale!",
                      time_zone AS "time_zone!", status AS "status!", created_at AS "created_at!",
                      mfa_enabled AS "mfa_enabled!", version AS "version!", org_id
                 FROM directory_passkey($1)"#,
            credential.0.as_slice()
        );
        let Some(row) = row.fetch_optional(&mut *self.pool.single().await?).await.map_err(store_error)?
        else {
            return Ok(None);
        };
        let user = UserRow {
            user_id: row.user_id,
            email: row.email,
            name: row.name,
            locale: row.locale,
            time_zone: row.time_zone,
            created_at: row.created_at,
            mfa_enabled: row.mfa_enabled,
            version: row.version,
        };
        Ok(Some(FoundPasskey {
            id: PasskeyId::from_uuid(row.passkey_id),
            credential: Credential {
                id: credential.clone(),
                key: row.key,
                counter: count(row.counter)?,
                backed_up: row.backed_up,
            },
            user: user.try_into()?,
            suspended: row.status == SUSPENDED,
            organization: row.org_id.map(OrganizationId::from_uuid),
        }))
    }

    async fn mfa_challenge(&self, token: TokenHash) -> Result<Option<FoundMfaChallenge>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT challenge_id AS "challenge_id!", user_id AS "user_id!", user_version AS "user_version!",
                      wanted_org_id, wrong_codes AS "wrong_codes!", expires_at AS "expires_at!", home_org_id
                 FROM directory_mfa_challenge($1)"#,
            token.0.as_slice()
        );
        let Some(row) = row.fetch_optional(&mut *self.pool.single().await?).await.map_err(store_error)?
        else {
            return Ok(None);
        };
        Ok(Some(FoundMfaChallenge {
            id: MfaChallengeId::from_uuid(row.challenge_id),
            user: UserId::from_uuid(row.user_id),
            user_version: row.user_version,
            wanted: row.wanted_org_id.map(OrganizationId::from_uuid),
            wrong_codes: count(row.wrong_codes.into())?,
            expires_at: moment(row.expires_at),
            home: row.home_org_id.map(OrganizationId::from_uuid),
        }))
    }

    async fn session_seen(
        &self,
        session: SessionId,
        token: Option<TokenHash>,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let seen = sqlx::query!("SELECT directory_session_seen($1, $2)", session.uuid(), at);
        let mut single = self.pool.single().await?;
        seen.execute(&mut *single).await.map_err(store_error)?;
        single.commit().await?;
        if let Some(token) = token {
            self.sessions.seen(token, at);
        }
        Ok(())
    }
}
