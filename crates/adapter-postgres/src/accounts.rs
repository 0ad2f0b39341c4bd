//! Accounts.

use async_trait::async_trait;
use rollcall_application::{
    accounts::{Accounts, AccountsView},
    passwords::PasswordHash,
    ports::StoreError,
};
use rollcall_domain::{
    EmailAddress, Role, UserId,
    accounts::{PasswordReset, Signup, User},
    id::{PasswordResetId, SignupId},
    organizations::Organization,
};
use time::OffsetDateTime;

use crate::{
    error::{exactly_one, store_error},
    row::{SeatRow, UserRow, count},
    transaction::Transaction,
};

#[async_trait]
impl AccountsView for Transaction {
    async fn user_find(&mut self, user: UserId) -> Result<Option<User>, StoreError> {
        let row = sqlx::query_as!(
            UserRow,
            "SELECT user_id, email, name, locale, time_zone, created_at, version FROM users WHERE user_id = $1",
            user.uuid()
        );
        row.fetch_optional(self.connection()).await.map_err(store_error)?.map(User::try_from).transpose()
    }

    async fn seats_of(&mut self, user: UserId) -> Result<Vec<(Organization, Role)>, StoreError> {
        let rows = sqlx::query_as!(
            SeatRow,
            "SELECT o.org_id, o.name, o.slug, o.plan, o.created_at, o.version, m.role
               FROM members m JOIN organizations o ON o.org_id = m.org_id
              WHERE m.user_id = $1 AND o.deleted_at IS NULL
              ORDER BY lower(o.name), o.org_id",
            user.uuid()
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        rows.into_iter().map(SeatRow::try_into).collect()
    }

    async fn password_resets_since(
        &mut self,
        email: &EmailAddress,
        since: OffsetDateTime,
    ) -> Result<u32, StoreError> {
        let found = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!" FROM password_resets WHERE email_key = $1 AND created_at > $2"#,
            email.key(),
            since
        );
        count(found.fetch_one(self.connection()).await.map_err(store_error)?)
    }

    async fn signups_since(
        &mut self,
        email: &EmailAddress,
        since: OffsetDateTime,
    ) -> Result<u32, StoreError> {
        let found = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!" FROM signups WHERE email_key = $1 AND created_at > $2"#,
            email.key(),
            since
        );
        count(found.fetch_one(self.connection()).await.map_err(store_error)?)
    }
}

#[async_trait]
impl Accounts for Transaction {
    async fn user_lock(&mut self, user: UserId) -> Result<Option<User>, StoreError> {
        let row = sqlx::query_as!(
            UserRow,
            "SELECT user_id, email, name, locale, time_zone, created_at, version FROM users WHERE user_id = $1
                FOR NO KEY UPDATE",
            user.uuid()
        );
        row.fetch_optional(self.connection()).await.map_err(store_error)?.map(User::try_from).transpose()
    }

    async fn user_add(&mut self, user: &User, password: &PasswordHash) -> Result<(), StoreError> {
        let insert = sqlx::query!(
            "INSERT INTO users (user_id, email, email_key, name, password_hash, locale, time_zone, created_at, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            user.id.uuid(),
            user.email.as_str(),
            user.email.key(),
            user.name.as_str(),
            password.0,
            user.locale.as_str(),
            user.time_zone.as_str(),
            user.created_at,
            user.version,
        );
        insert.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }

    async fn user_save(&mut self, user: &User) -> Result<(), StoreError> {
        let update = sqlx::query!(
            "UPDATE users SET name = $2, locale = $3, time_zone = $4, version = version + 1 WHERE user_id = $1",
            user.id.uuid(),
            user.name.as_str(),
            user.locale.as_str(),
            user.time_zone.as_str(),
        );
        self.sessions_change(user.id.uuid());
        exactly_one(update.execute(self.connection()).await)
    }

    async fn user_set_password(&mut self, user: UserId, password: &PasswordHash) -> Result<(), StoreError> {
        let update = sqlx::query!(
            "UPDATE users SET password_hash = $2, version = version + 1 WHERE user_id = $1",
            user.uuid(),
            password.0
        );
        self.sessions_change(user.uuid());
        exactly_one(update.execute(self.connection()).await)
    }

    async fn user_rehash(&mut self, user: UserId, password: &PasswordHash) -> Result<(), StoreError> {
        let update =
            sqlx::query!("UPDATE users SET password_hash = $2 WHERE user_id = $1", user.uuid(), password.0);
        exactly_one(update.execute(self.connection()).await)
    }

    async fn password_reset_add(
        &mut self,
        id: PasswordResetId,
        reset: &PasswordReset,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let insert = sqlx::query!(
            "INSERT INTO password_resets (reset_id, email, email_key, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
            id.uuid(),
            reset.email.as_str(),
            reset.email.key(),
            now,
            reset.expires_at,
        );
        insert.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }

    async fn password_reset_use(&mut self, id: PasswordResetId) -> Result<bool, StoreError> {
        let delete = sqlx::query!("DELETE FROM password_resets WHERE reset_id = $1", id.uuid());
        Ok(delete.execute(self.connection()).await.map_err(store_error)?.rows_affected() == 1)
    }

    async fn password_resets_forget(&mut self, email: &EmailAddress) -> Result<(), StoreError> {
        let delete = sqlx::query!("DELETE FROM password_resets WHERE email_key = $1", email.key());
        delete.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }

    async fn signup_add(
        &mut self,
        id: SignupId,
        signup: &Signup,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let insert = sqlx::query!(
            "INSERT INTO signups (signup_id, email, email_key, name, organization_name, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            id.uuid(),
            signup.email.as_str(),
            signup.email.key(),
            signup.name.as_str(),
            signup.organization_name.as_str(),
            now,
            signup.expires_at,
        );
        insert.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }

    async fn signups_forget(&mut self, email: &EmailAddress) -> Result<(), StoreError> {
        let delete = sqlx::query!("DELETE FROM signups WHERE email_key = $1", email.key());
        delete.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }
}
