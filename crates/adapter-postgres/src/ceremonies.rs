//! Challenges that wait for a device's answer.

use async_trait::async_trait;
use rollcall_application::{
    Sealed,
    ports::{Ceremonies, Ceremony, CeremonyPurpose, StoreError},
};
use rollcall_domain::{SessionId, UserId, id::MfaChallengeId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    error::{corrupt, exactly_one, store_error},
    portions::{self, PORTION},
    row::moment,
    store::PgStore,
    transaction::{begin_task, task},
};

const SIGN_IN: &str = "sign_in";
const REGISTRATION: &str = "registration";
const SECOND_STEP: &str = "second_step";
const ELEVATION: &str = "elevation";

/// How a purpose is written down: its name, and the session or the sign-in that it is for.
fn columns(purpose: &CeremonyPurpose) -> (&'static str, Option<Uuid>) {
    match purpose {
        CeremonyPurpose::SignIn => (SIGN_IN, None),
        CeremonyPurpose::Registration { session, .. } => (REGISTRATION, Some(session.uuid())),
        CeremonyPurpose::SecondStep { challenge, .. } => (SECOND_STEP, Some(challenge.uuid())),
        CeremonyPurpose::Elevation { session, .. } => (ELEVATION, Some(session.uuid())),
    }
}

fn purpose(name: &str, user: Option<Uuid>, bound_to: Option<Uuid>) -> Result<CeremonyPurpose, StoreError> {
    match (name, user.map(UserId::from_uuid), bound_to) {
        (SIGN_IN, None, None) => Ok(CeremonyPurpose::SignIn),
        (REGISTRATION, Some(user), Some(session)) => {
            Ok(CeremonyPurpose::Registration { user, session: SessionId::from_uuid(session) })
        }
        (SECOND_STEP, Some(user), Some(challenge)) => {
            Ok(CeremonyPurpose::SecondStep { user, challenge: MfaChallengeId::from_uuid(challenge) })
        }
        (ELEVATION, Some(user), Some(session)) => {
            Ok(CeremonyPurpose::Elevation { user, session: SessionId::from_uuid(session) })
        }
        _ => Err(corrupt("a challenge of no known purpose")),
    }
}

#[async_trait]
impl Ceremonies for PgStore {
    async fn keep(&self, ceremony: &Ceremony) -> Result<(), StoreError> {
        let (name, bound_to) = columns(&ceremony.purpose);
        let mut transaction = begin_task(&self.pool, task::PASSKEY_CEREMONIES).await?;
        let insert = sqlx::query!(
            "INSERT INTO passkey_ceremonies (challenge_hash, purpose, user_id, bound_to, state, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            ceremony.challenge.as_slice(),
            name,
            ceremony.purpose.user().map(|user| user.uuid()),
            bound_to,
            ceremony.state.0.as_slice(),
            ceremony.expires_at,
        );
        exactly_one(insert.execute(&mut *transaction).await)?;
        transaction.commit().await.map_err(store_error)
    }

    async fn take(&self, challenge: [u8; 32], now: OffsetDateTime) -> Result<Option<Ceremony>, StoreError> {
        let mut transaction = begin_task(&self.pool, task::PASSKEY_CEREMONIES).await?;
        let row = sqlx::query!(
            "DELETE FROM passkey_ceremonies WHERE challenge_hash = $1 AND expires_at > $2
             RETURNING purpose, user_id, bound_to, state, expires_at",
            challenge.as_slice(),
            now,
        );
        let row = row.fetch_optional(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        row.map(|row| {
            Ok(Ceremony {
                challenge,
                purpose: purpose(&row.purpose, row.user_id, row.bound_to)?,
                state: Sealed(row.state),
                expires_at: moment(row.expires_at),
            })
        })
        .transpose()
    }

    async fn forget(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        let over = || {
            // The service may not lock them. Where two nodes forget, one waits for the other, and finds that they are gone.
            sqlx::query!(
                "WITH over AS MATERIALIZED (
                     SELECT challenge_hash FROM passkey_ceremonies WHERE expires_at <= $1 ORDER BY challenge_hash LIMIT $2)
                 DELETE FROM passkey_ceremonies c USING over WHERE c.challenge_hash = over.challenge_hash",
                now,
                PORTION,
            )
        };
        portions::forget(&self.pool, task::PASSKEY_CEREMONIES, over).await
    }
}
