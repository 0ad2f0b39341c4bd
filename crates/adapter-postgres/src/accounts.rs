//! Accounts.

use async_trait::async_trait;
use rollcall_application::{
    accounts::{Accounts, AccountsView, PendingEmailChange, PendingPasswordReset},
    passwords::PasswordHash,
    ports::StoreError,
};
use rollcall_domain::{
    EmailAddress, InvitationId, OrganizationId, Role, UserId,
    accounts::{EmailChange, NoticeRecipient, PasswordReset, Signup, User},
    id::{EmailChangeId, NoticeId, PasswordResetId, SignupId},
    organizations::Organization,
};
use time::OffsetDateTime;

use crate::{
    error::{exactly_one, store_error},
    row::{SeatRow, UserRow, count, moment, value},
    transaction::Transaction,
};

#[async_trait]
impl AccountsView for Transaction {
    async fn user_find(&mut self, user: UserId) -> Result<Option<User>, StoreError> {
        let row = sqlx::query_as!(
            UserRow,
            "SELECT user_id, email, name, locale, time_zone, created_at, mfa_enabled, version FROM users WHERE user_id = $1",
            user.uuid()
        );
        row.fetch_optional(self.connection()).await.map_err(store_error)?.map(User::try_from).transpose()
    }

    async fn seats_of(&mut self, user: UserId) -> Result<Vec<(Organization, Role)>, StoreError> {
        let rows = sqlx::query_as!(
            SeatRow,
            r#"SELECT o.org_id, o.name, o.slug, o.plan, o.created_at, o.suspended_at IS NOT NULL AS "suspended!", o.version, m.role
                 FROM members m JOIN organizations o ON o.org_id = m.org_id
                WHERE m.user_id = $1 AND o.deleted_at IS NULL
                ORDER BY lower(o.name), o.org_id"#,
            user.uuid()
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        rows.into_iter().map(SeatRow::try_into).collect()
    }

    async fn seats_with_owners(
        &mut self,
        user: UserId,
    ) -> Result<Vec<(Organization, Role, usize)>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT o.org_id, o.name, o.slug, o.plan, o.created_at, o.suspended_at IS NOT NULL AS "suspended!", o.version,
                      m.role, d.owners AS "owners!"
                 FROM members m
                 JOIN organizations o ON o.org_id = m.org_id
                 JOIN directory_owners() d ON d.org_id = m.org_id
                WHERE m.user_id = $1 AND o.deleted_at IS NULL
                ORDER BY o.org_id"#,
            user.uuid()
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        rows.into_iter()
            .map(|row| {
                let seat = SeatRow {
                    org_id: row.org_id,
                    name: row.name,
                    slug: row.slug,
                    plan: row.plan,
                    created_at: row.created_at,
                    suspended: row.suspended,
                    version: row.version,
                    role: row.role,
                };
                let (organization, role) = seat.try_into()?;
                Ok((organization, role, count(row.owners)?))
            })
            .collect()
    }

    async fn email_change_of(
        &mut self,
        user: UserId,
        now: OffsetDateTime,
    ) -> Result<Option<PendingEmailChange>, StoreError> {
        let row = sqlx::query!(
            "SELECT email, created_at, expires_at FROM email_changes WHERE user_id = $1 AND open AND expires_at > $2",
            user.uuid(),
            now
        );
        let Some(row) = row.fetch_optional(self.connection()).await.map_err(store_error)? else {
            return Ok(None);
        };
        Ok(Some(PendingEmailChange {
            email: value(&row.email)?,
            created_at: moment(row.created_at),
            expires_at: moment(row.expires_at),
        }))
    }

    async fn email_changes_since(&mut self, user: UserId, since: OffsetDateTime) -> Result<u32, StoreError> {
        let found = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!" FROM email_changes WHERE user_id = $1 AND created_at > $2"#,
            user.uuid(),
            since
        );
        count(found.fetch_one(self.connection()).await.map_err(store_error)?)
    }

    async fn password_resets_of(
        &mut self,
        email: &EmailAddress,
        now: OffsetDateTime,
    ) -> Result<Vec<PendingPasswordReset>, StoreError> {
        let rows = sqlx::query!(
            "SELECT created_at, expires_at FROM password_resets WHERE email_key = $1 AND expires_at > $2
              ORDER BY created_at DESC",
            email.key(),
            now
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        let pending = rows.into_iter().map(|row| PendingPasswordReset {
            created_at: moment(row.created_at),
            expires_at: moment(row.expires_at),
        });
        Ok(pending.collect())
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
            "SELECT user_id, email, name, locale, time_zone, created_at, mfa_enabled, version FROM users WHERE user_id = $1
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

    async fn user_set_password(
        &mut self,
        user: UserId,
        password: &PasswordHash,
        is_short: bool,
    ) -> Result<(), StoreError> {
        let update = sqlx::query!(
            "UPDATE users SET password_hash = $2, password_short = $3, version = version + 1 WHERE user_id = $1",
            user.uuid(),
            password.0,
            is_short
        );
        self.sessions_change(user.uuid());
        exactly_one(update.execute(self.connection()).await)
    }

    async fn user_rehash(&mut self, user: UserId, password: &PasswordHash) -> Result<(), StoreError> {
        // Nothing about a session is checked against the hash.
        let update =
            sqlx::query!("UPDATE users SET password_hash = $2 WHERE user_id = $1", user.uuid(), password.0);
        exactly_one(update.execute(self.connection()).await)
    }

    async fn user_set_email(&mut self, user: UserId, email: &EmailAddress) -> Result<(), StoreError> {
        let update = sqlx::query!(
            "UPDATE users SET email = $2, email_key = $3, version = version + 1 WHERE user_id = $1",
            user.uuid(),
            email.as_str(),
            email.key()
        );
        self.sessions_change(user.uuid());
        exactly_one(update.execute(self.connection()).await)
    }

    async fn user_delete(&mut self, user: UserId, now: OffsetDateTime) -> Result<(), StoreError> {
        let erase = sqlx::query!("SELECT erase_account($1)", now);
        erase.execute(self.connection()).await.map_err(store_error)?;
        let delete = sqlx::query!("DELETE FROM users WHERE user_id = $1", user.uuid());
        self.sessions_change(user.uuid());
        exactly_one(delete.execute(self.connection()).await)
    }

    async fn witnessed_lock_by(&mut self, _: UserId) -> Result<Vec<OrganizationId>, StoreError> {
        let found = sqlx::query_scalar!(r#"SELECT directory_witnessed_by_account() AS "org_id!""#);
        let found = found.fetch_all(self.connection()).await.map_err(store_error)?;
        Ok(found.into_iter().map(OrganizationId::from_uuid).collect())
    }

    async fn invitations_lock_to(
        &mut self,
        _: UserId,
    ) -> Result<Vec<(OrganizationId, InvitationId, Role)>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT org_id AS "org_id!", invitation_id AS "invitation_id!", role AS "role!"
                 FROM directory_invitations_to_account()"#
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        rows.into_iter()
            .map(|row| {
                let organization = OrganizationId::from_uuid(row.org_id);
                Ok((organization, InvitationId::from_uuid(row.invitation_id), value(&row.role)?))
            })
            .collect()
    }

    async fn email_change_add(
        &mut self,
        id: EmailChangeId,
        change: &EmailChange,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.email_change_take_back(change.user).await?;
        let insert = sqlx::query!(
            "INSERT INTO email_changes (change_id, user_id, session_id, email, email_key, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            id.uuid(),
            change.user.uuid(),
            change.session.uuid(),
            change.email.as_str(),
            change.email.key(),
            now,
            change.expires_at,
        );
        insert.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }

    async fn email_change_use(&mut self, id: EmailChangeId) -> Result<bool, StoreError> {
        let delete = sqlx::query!("DELETE FROM email_changes WHERE change_id = $1 AND open", id.uuid());
        Ok(delete.execute(self.connection()).await.map_err(store_error)?.rows_affected() == 1)
    }

    async fn email_change_take_back(&mut self, user: UserId) -> Result<bool, StoreError> {
        let update = sqlx::query!(
            "UPDATE email_changes SET open = false, token_hash = NULL WHERE user_id = $1 AND open",
            user.uuid()
        );
        Ok(update.execute(self.connection()).await.map_err(store_error)?.rows_affected() > 0)
    }

    async fn email_changes_forget(&mut self, email: &EmailAddress) -> Result<(), StoreError> {
        let delete = sqlx::query!("DELETE FROM email_changes WHERE email_key = $1", email.key());
        delete.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }

    async fn notice_add(&mut self, id: NoticeId, notice: &NoticeRecipient) -> Result<(), StoreError> {
        let insert = sqlx::query!(
            "INSERT INTO notices (notice_id, user_id, email, name) VALUES ($1, $2, $3, $4)",
            id.uuid(),
            notice.user.uuid(),
            notice.email.as_str(),
            notice.name.as_str(),
        );
        insert.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }

    async fn password_resets_lock(&mut self, email: &EmailAddress) -> Result<(), StoreError> {
        self.lock_named(&format!("rollcall.password_resets:{}", email.key())).await
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

    async fn signups_lock(&mut self, email: &EmailAddress) -> Result<(), StoreError> {
        self.lock_named(&format!("rollcall.signups:{}", email.key())).await
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
