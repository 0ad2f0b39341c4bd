//! Second factors, and challenges.

use async_trait::async_trait;
use rollcall_application::{
    Sealed,
    ports::StoreError,
    second_factors::{NewChallenge, SecondFactors, SecondFactorsView, StoredTotp, TotpStage},
};
use rollcall_domain::{
    SessionId, UserId,
    id::MfaChallengeId,
    second_factors::{MOST_WRONG_CODES, Step},
    secret::TokenHash,
};
use time::OffsetDateTime;

use crate::{
    error::{corrupt, exactly_one, store_error},
    row::{count, moment},
    transaction::Transaction,
};

#[async_trait]
impl SecondFactorsView for Transaction {
    async fn totp_find(&mut self, user: UserId) -> Result<Option<StoredTotp>, StoreError> {
        let row = sqlx::query!(
            "SELECT seed, session_id, expires_at, confirmed_at, last_step FROM totp_seeds WHERE user_id = $1",
            user.uuid()
        );
        let Some(row) = row.fetch_optional(self.connection()).await.map_err(store_error)? else {
            return Ok(None);
        };
        let stage = match (row.confirmed_at, row.last_step, row.session_id, row.expires_at) {
            (Some(at), Some(last_step), _, _) => {
                TotpStage::Confirmed { at: moment(at), last_step: count(last_step)? }
            }
            (None, _, Some(session), Some(expires_at)) => {
                TotpStage::Begun { session: SessionId::from_uuid(session), expires_at: moment(expires_at) }
            }
            _ => return Err(corrupt("an authenticator app is neither on nor waiting")),
        };
        Ok(Some(StoredTotp { seed: Sealed(row.seed), stage }))
    }

    async fn recovery_codes_left(&mut self, user: UserId) -> Result<u32, StoreError> {
        let found = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!" FROM recovery_codes WHERE user_id = $1"#,
            user.uuid()
        );
        count(found.fetch_one(self.connection()).await.map_err(store_error)?)
    }
}

#[async_trait]
impl SecondFactors for Transaction {
    async fn totp_begin(
        &mut self,
        user: UserId,
        seed: &Sealed,
        session: SessionId,
        now: OffsetDateTime,
        expires_at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let upsert = sqlx::query!(
            "INSERT INTO totp_seeds AS t (user_id, seed, created_at, session_id, expires_at) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (user_id) DO UPDATE
                SET seed = excluded.seed, created_at = excluded.created_at, session_id = excluded.session_id,
                    expires_at = excluded.expires_at
              WHERE t.confirmed_at IS NULL",
            user.uuid(),
            seed.0.as_slice(),
            now,
            session.uuid(),
            expires_at,
        );
        exactly_one(upsert.execute(self.connection()).await)
    }

    async fn totp_confirm(
        &mut self,
        user: UserId,
        step: Step,
        at: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let update = sqlx::query!(
            "UPDATE totp_seeds SET confirmed_at = $3, last_step = $2, session_id = NULL, expires_at = NULL
              WHERE user_id = $1 AND confirmed_at IS NULL",
            user.uuid(),
            kept(step)?,
            at
        );
        Ok(update.execute(self.connection()).await.map_err(store_error)?.rows_affected() == 1)
    }

    async fn totp_use(&mut self, user: UserId, step: Step) -> Result<bool, StoreError> {
        // Of those who send one code at once, one finds an earlier step.
        let update = sqlx::query!(
            "UPDATE totp_seeds SET last_step = $2 WHERE user_id = $1 AND last_step < $2",
            user.uuid(),
            kept(step)?
        );
        Ok(update.execute(self.connection()).await.map_err(store_error)?.rows_affected() == 1)
    }

    async fn totp_remove(&mut self, user: UserId) -> Result<bool, StoreError> {
        let delete = sqlx::query!(
            "DELETE FROM totp_seeds WHERE user_id = $1 AND confirmed_at IS NOT NULL",
            user.uuid()
        );
        Ok(delete.execute(self.connection()).await.map_err(store_error)?.rows_affected() == 1)
    }

    async fn recovery_codes_replace(
        &mut self,
        user: UserId,
        codes: &[TokenHash],
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let delete = sqlx::query!("DELETE FROM recovery_codes WHERE user_id = $1", user.uuid());
        delete.execute(self.connection()).await.map_err(store_error)?;
        let codes: Vec<Vec<u8>> = codes.iter().map(|code| code.0.to_vec()).collect();
        let insert = sqlx::query!(
            "INSERT INTO recovery_codes (user_id, code_hash, created_at) SELECT $1, c, $3 FROM unnest($2::bytea[]) AS c",
            user.uuid(),
            codes.as_slice(),
            now
        );
        insert.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }

    async fn recovery_code_use(&mut self, user: UserId, code: TokenHash) -> Result<bool, StoreError> {
        let delete = sqlx::query!(
            "DELETE FROM recovery_codes WHERE user_id = $1 AND code_hash = $2",
            user.uuid(),
            code.0.as_slice()
        );
        Ok(delete.execute(self.connection()).await.map_err(store_error)?.rows_affected() == 1)
    }

    async fn second_factors_settle(&mut self, user: UserId) -> Result<bool, StoreError> {
        let update = sqlx::query_scalar!(
            "UPDATE users
                SET mfa_enabled = EXISTS (SELECT FROM totp_seeds t WHERE t.user_id = $1 AND t.confirmed_at IS NOT NULL)
                               OR EXISTS (SELECT FROM passkeys p WHERE p.user_id = $1),
                    version = version + 1
              WHERE user_id = $1 RETURNING mfa_enabled",
            user.uuid()
        );
        let enabled = update.fetch_one(self.connection()).await.map_err(store_error)?;
        self.sessions_change(user.uuid());
        if !enabled {
            let delete = sqlx::query!("DELETE FROM recovery_codes WHERE user_id = $1", user.uuid());
            delete.execute(self.connection()).await.map_err(store_error)?;
        }
        Ok(enabled)
    }

    async fn second_factors_remove(&mut self, user: UserId) -> Result<(), StoreError> {
        let totp = sqlx::query!("DELETE FROM totp_seeds WHERE user_id = $1", user.uuid());
        totp.execute(self.connection()).await.map_err(store_error)?;
        let passkeys = sqlx::query!("DELETE FROM passkeys WHERE user_id = $1", user.uuid());
        passkeys.execute(self.connection()).await.map_err(store_error)?;
        match self.second_factors_settle(user).await? {
            false => Ok(()),
            true => Err(corrupt("a second factor that cannot be removed")),
        }
    }

    async fn password_is_short(&mut self, user: UserId) -> Result<bool, StoreError> {
        let short = sqlx::query_scalar!("SELECT password_short FROM users WHERE user_id = $1", user.uuid());
        short.fetch_one(self.connection()).await.map_err(store_error)
    }

    async fn mfa_challenge_add(&mut self, challenge: &NewChallenge) -> Result<(), StoreError> {
        let insert = sqlx::query!(
            "INSERT INTO mfa_challenges (challenge_id, token_hash, user_id, user_version, wanted_org_id, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            challenge.id.uuid(),
            challenge.token.0.as_slice(),
            challenge.user.uuid(),
            challenge.user_version,
            challenge.wanted.map(|organization| organization.uuid()),
            challenge.created_at,
            challenge.expires_at,
        );
        insert.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }

    async fn mfa_challenge_hold(
        &mut self,
        challenge: MfaChallengeId,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let found = sqlx::query!(
            "SELECT challenge_id FROM mfa_challenges WHERE challenge_id = $1 AND expires_at > $2 AND wrong_codes < $3
                FOR UPDATE",
            challenge.uuid(),
            now,
            i16::try_from(MOST_WRONG_CODES).unwrap_or(i16::MAX),
        );
        Ok(found.fetch_optional(self.connection()).await.map_err(store_error)?.is_some())
    }

    async fn mfa_challenge_fail(&mut self, challenge: MfaChallengeId) -> Result<(), StoreError> {
        let update = sqlx::query!(
            "UPDATE mfa_challenges SET wrong_codes = wrong_codes + 1 WHERE challenge_id = $1",
            challenge.uuid()
        );
        exactly_one(update.execute(self.connection()).await)
    }

    async fn mfa_challenge_end(&mut self, challenge: MfaChallengeId) -> Result<(), StoreError> {
        let delete = sqlx::query!("DELETE FROM mfa_challenges WHERE challenge_id = $1", challenge.uuid());
        exactly_one(delete.execute(self.connection()).await)
    }
}

/// A step as the database counts.
fn kept(step: Step) -> Result<i64, StoreError> {
    i64::try_from(step).map_err(corrupt)
}
