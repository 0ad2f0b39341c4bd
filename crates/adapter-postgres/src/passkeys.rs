//! Passkeys.

use async_trait::async_trait;
use rollcall_application::{
    passkeys::{KeptPasskey, NewPasskey, Passkeys, PasskeysView},
    ports::{Credential, CredentialId, StoreError},
};
use rollcall_domain::{
    UserId,
    id::PasskeyId,
    passkeys::{Passkey, PasskeyName},
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    error::{exactly_one, store_error},
    row::{moment, value},
    transaction::Transaction,
};

/// The columns of a passkey, as its owner sees it.
struct PasskeyRow {
    passkey_id: Uuid,
    name: String,
    created_at: OffsetDateTime,
    last_used_at: Option<OffsetDateTime>,
    backed_up: bool,
}

impl TryFrom<PasskeyRow> for Passkey {
    type Error = StoreError;

    fn try_from(row: PasskeyRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: PasskeyId::from_uuid(row.passkey_id),
            name: value(&row.name)?,
            created_at: moment(row.created_at),
            last_used_at: row.last_used_at.map(moment),
            backed_up: row.backed_up,
        })
    }
}

#[async_trait]
impl PasskeysView for Transaction {
    async fn passkeys_of(&mut self, user: UserId) -> Result<Vec<KeptPasskey>, StoreError> {
        let rows = sqlx::query!(
            "SELECT passkey_id, credential_id, name, created_at, last_used_at, backed_up
               FROM passkeys WHERE user_id = $1 ORDER BY passkey_id",
            user.uuid()
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        rows.into_iter()
            .map(|row| {
                let passkey = PasskeyRow {
                    passkey_id: row.passkey_id,
                    name: row.name,
                    created_at: row.created_at,
                    last_used_at: row.last_used_at,
                    backed_up: row.backed_up,
                };
                Ok(KeptPasskey { passkey: passkey.try_into()?, credential: CredentialId(row.credential_id) })
            })
            .collect()
    }
}

#[async_trait]
impl Passkeys for Transaction {
    async fn passkey_add(
        &mut self,
        user: UserId,
        NewPasskey { passkey, credential }: &NewPasskey,
    ) -> Result<(), StoreError> {
        let insert = sqlx::query!(
            "INSERT INTO passkeys (user_id, passkey_id, credential_id, key, counter, backed_up, name, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            user.uuid(),
            passkey.id.uuid(),
            credential.id.0.as_slice(),
            credential.key,
            i64::from(credential.counter),
            credential.backed_up,
            passkey.name.as_str(),
            passkey.created_at,
        );
        exactly_one(insert.execute(self.connection()).await)
    }

    async fn passkey_rename(
        &mut self,
        user: UserId,
        id: PasskeyId,
        name: &PasskeyName,
    ) -> Result<Option<Passkey>, StoreError> {
        let row = sqlx::query_as!(
            PasskeyRow,
            "UPDATE passkeys SET name = $3 WHERE user_id = $1 AND passkey_id = $2
             RETURNING passkey_id, name, created_at, last_used_at, backed_up",
            user.uuid(),
            id.uuid(),
            name.as_str(),
        );
        row.fetch_optional(self.connection()).await.map_err(store_error)?.map(Passkey::try_from).transpose()
    }

    async fn passkey_remove(&mut self, user: UserId, id: PasskeyId) -> Result<bool, StoreError> {
        let delete = sqlx::query!(
            "DELETE FROM passkeys WHERE user_id = $1 AND passkey_id = $2",
            user.uuid(),
            id.uuid()
        );
        Ok(delete.execute(self.connection()).await.map_err(store_error)?.rows_affected() == 1)
    }

    async fn passkey_use(
        &mut self,
        user: UserId,
        id: PasskeyId,
        credential: &Credential,
        at: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        // Devices that do not count stay at zero; of all others the counter must grow, or there are two of them (WebAuthn Level 3, section
        // 6.1.1). In one statement: of two uses with one counter, one is noted.
        let update = sqlx::query!(
            "UPDATE passkeys SET key = $4, counter = $5, backed_up = $6, last_used_at = $7
              WHERE user_id = $1 AND passkey_id = $2 AND credential_id = $3
                AND (counter < $5 OR (counter = 0 AND $5 = 0))",
            user.uuid(),
            id.uuid(),
            credential.id.0.as_slice(),
            credential.key,
            i64::from(credential.counter),
            credential.backed_up,
            at,
        );
        Ok(update.execute(self.connection()).await.map_err(store_error)?.rows_affected() == 1)
    }
}
