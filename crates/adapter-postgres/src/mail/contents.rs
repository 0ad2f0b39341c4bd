//! What letters say, read at the moment they are sent.

use rollcall_application::{mail::Contents, ports::StoreError};
use rollcall_domain::{
    ApiKeyId, EmailAddress, InvitationId, OrganizationId, UserId,
    accounts::{Locale, PersonName},
    id::{EmailChangeId, MailId, NoticeId, PasswordResetId, PlanChangeId, SignupId},
    plans::Shorter,
    secret::TokenHash,
    security::Control,
};
use time::OffsetDateTime;

use crate::{
    error::{corrupt, store_error},
    row::{count, moment, value},
    store::PgStore,
    transaction::{TransactionPurpose, begin, begin_task, task},
};

/// What a letter says, and the language its recipient has chosen, if they have an account.
pub(crate) type ContentsAndLanguage = (Contents, Option<Locale>);

impl PgStore {
    pub(crate) async fn invitation_contents(
        &self,
        mail: MailId,
        organization: OrganizationId,
        invitation: InvitationId,
        token: TokenHash,
        now: OffsetDateTime,
    ) -> Result<Option<ContentsAndLanguage>, StoreError> {
        let mut transaction =
            begin(&self.pool, TransactionPurpose::Change, Some(organization.uuid()), None, "").await?;
        // Locked first: whoever sends the invitation again at this moment takes this mail back, and must be seen to.
        let row = sqlx::query!(
            r#"SELECT i.email, i.role, i.expires_at, o.name AS organization, u.name AS "inviter?",
                      (SELECT c.locale FROM directory_credentials(i.email_key) c) AS chosen
                 FROM invitations i
                 JOIN organizations o ON o.org_id = i.org_id
                 LEFT JOIN users u ON u.user_id = i.invited_by
                WHERE i.org_id = $1 AND i.invitation_id = $2 AND i.state = 'pending' AND i.expires_at > $3
                  AND o.deleted_at IS NULL
                  FOR UPDATE OF i"#,
            organization.uuid(),
            invitation.uuid(),
            now,
        );
        let Some(row) = row.fetch_optional(&mut *transaction).await.map_err(store_error)? else {
            return Ok(None);
        };
        let bring_token = sqlx::query!(
            "UPDATE invitations SET token_hash = $3
              WHERE org_id = $1 AND invitation_id = $2
                AND EXISTS (SELECT FROM mails WHERE org_id = $1 AND mail_id = $4 AND state = 'queued')",
            organization.uuid(),
            invitation.uuid(),
            token.0.as_slice(),
            mail.uuid(),
        );
        let brought = bring_token.execute(&mut *transaction).await.map_err(store_error)?.rows_affected() == 1;
        transaction.commit().await.map_err(store_error)?;
        if !brought {
            return Ok(None);
        }
        let contents = Contents::Invitation {
            to: value(&row.email)?,
            organization: value(&row.organization)?,
            inviter: row.inviter,
            role: value(&row.role)?,
            expires_at: moment(row.expires_at),
        };
        Ok(Some((contents, language(row.chosen)?)))
    }

    pub(crate) async fn signup_contents(
        &self,
        signup: SignupId,
        token: TokenHash,
        now: OffsetDateTime,
    ) -> Result<Option<ContentsAndLanguage>, StoreError> {
        let mut transaction = begin_task(&self.pool, task::SIGNUPS).await?;
        let row = sqlx::query!(
            "SELECT email, name, organization_name, expires_at FROM signups WHERE signup_id = $1 AND expires_at > $2",
            signup.uuid(),
            now,
        );
        let Some(row) = row.fetch_optional(&mut *transaction).await.map_err(store_error)? else {
            return Ok(None);
        };
        let to: EmailAddress = value(&row.email)?;
        // An account gets no link that could make another. Its own spelling of the address gets the mail (attack 16).
        let account = sqlx::query!(
            r#"SELECT email AS "email!", name AS "name!", locale FROM directory_credentials($1)"#,
            to.key()
        );
        if let Some(account) = account.fetch_optional(&mut *transaction).await.map_err(store_error)? {
            let contents =
                Contents::AccountExists { to: value(&account.email)?, name: value(&account.name)? };
            return Ok(Some((contents, language(account.locale)?)));
        }
        let update = sqlx::query!(
            "UPDATE signups SET token_hash = $2 WHERE signup_id = $1",
            signup.uuid(),
            token.0.as_slice()
        );
        update.execute(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        let contents = Contents::ConfirmSignup {
            to,
            name: value(&row.name)?,
            organization: value(&row.organization_name)?,
            expires_at: moment(row.expires_at),
        };
        Ok(Some((contents, None)))
    }

    pub(crate) async fn password_reset_contents(
        &self,
        reset: PasswordResetId,
        token: TokenHash,
        now: OffsetDateTime,
    ) -> Result<Option<ContentsAndLanguage>, StoreError> {
        let mut transaction = begin_task(&self.pool, task::PASSWORD_RESETS).await?;
        // Only for an account, and to the address as the account has it (attack 16). For any other address there is
        // nothing to say.
        let row = sqlx::query!(
            r#"SELECT r.expires_at, c.email AS "email!", c.name AS "name!", c.locale
                 FROM password_resets r CROSS JOIN LATERAL directory_credentials(r.email_key) c
                WHERE r.reset_id = $1 AND r.expires_at > $2 AND c.status = 'active'"#,
            reset.uuid(),
            now,
        );
        let Some(row) = row.fetch_optional(&mut *transaction).await.map_err(store_error)? else {
            return Ok(None);
        };
        let update = sqlx::query!(
            "UPDATE password_resets SET token_hash = $2 WHERE reset_id = $1",
            reset.uuid(),
            token.0.as_slice()
        );
        update.execute(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        let (to, name) = (value(&row.email)?, value(&row.name)?);
        let contents = Contents::PasswordReset { to, name, expires_at: moment(row.expires_at) };
        Ok(Some((contents, language(row.locale)?)))
    }

    pub(crate) async fn email_change_contents(
        &self,
        change: EmailChangeId,
        token: TokenHash,
        now: OffsetDateTime,
    ) -> Result<Option<ContentsAndLanguage>, StoreError> {
        let mut transaction = begin_task(&self.pool, task::EMAIL_CHANGES).await?;
        let row = sqlx::query!(
            r#"SELECT e.email, e.expires_at, c.email AS "account_email?", c.name AS "account_name?",
                      c.locale AS "locale?"
                 FROM email_changes e LEFT JOIN LATERAL directory_credentials(e.email_key) c ON true
                WHERE e.change_id = $1 AND e.open AND e.expires_at > $2"#,
            change.uuid(),
            now,
        );
        let Some(row) = row.fetch_optional(&mut *transaction).await.map_err(store_error)? else {
            return Ok(None);
        };
        // An account's address gets no link that could give it away. Its owner is told, at the address as it has it.
        if let (Some(email), Some(name)) = (row.account_email, row.account_name) {
            let contents = Contents::AddressInUse { to: value(&email)?, name: value(&name)? };
            return Ok(Some((contents, language(row.locale)?)));
        }
        let bring_token = sqlx::query!(
            "UPDATE email_changes SET token_hash = $2 WHERE change_id = $1 AND open",
            change.uuid(),
            token.0.as_slice()
        );
        let brought = bring_token.execute(&mut *transaction).await.map_err(store_error)?.rows_affected() == 1;
        transaction.commit().await.map_err(store_error)?;
        if !brought {
            return Ok(None);
        }
        let contents = Contents::ConfirmEmail { to: value(&row.email)?, expires_at: moment(row.expires_at) };
        Ok(Some((contents, None)))
    }

    pub(crate) async fn notice_contents(
        &self,
        notice: NoticeId,
        contents: impl FnOnce(EmailAddress, PersonName) -> Contents,
    ) -> Result<Option<Contents>, StoreError> {
        let mut transaction = begin_task(&self.pool, task::OUTBOX).await?;
        let row = sqlx::query!("SELECT email, name FROM notices WHERE notice_id = $1", notice.uuid());
        let row = row.fetch_optional(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        row.map(|row| Ok(contents(value(&row.email)?, value(&row.name)?))).transpose()
    }

    /// The language that the owner of an address has chosen, if it has an account.
    pub(crate) async fn language_of(&self, email: &EmailAddress) -> Result<Option<Locale>, StoreError> {
        let row = sqlx::query!(r#"SELECT locale AS "locale!" FROM directory_credentials($1)"#, email.key());
        let row = row.fetch_optional(&mut *self.pool.single().await?).await.map_err(store_error)?;
        language(row.map(|row| row.locale))
    }

    /// The address and the name of an account.
    pub(crate) async fn owner_of(
        &self,
        user: UserId,
    ) -> Result<Option<(EmailAddress, PersonName)>, StoreError> {
        let mut transaction =
            begin(&self.pool, TransactionPurpose::Look, None, Some(user.uuid()), "").await?;
        let row = sqlx::query!("SELECT email, name FROM users WHERE user_id = $1", user.uuid());
        let row = row.fetch_optional(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        row.map(|row| Ok((value(&row.email)?, value(&row.name)?))).transpose()
    }

    pub(crate) async fn organization_deleted_contents(
        &self,
        organization: OrganizationId,
        owner: UserId,
    ) -> Result<Option<Contents>, StoreError> {
        let mut transaction =
            begin(&self.pool, TransactionPurpose::Look, Some(organization.uuid()), None, "").await?;
        // Nothing to say any more, once it is undone.
        let row = sqlx::query!(
            r#"SELECT u.email, u.name, o.name AS organization, o.purge_at AS "purge_at!"
                 FROM organizations o
                 JOIN members m ON m.org_id = o.org_id AND m.user_id = $2
                 JOIN users u ON u.user_id = m.user_id
                WHERE o.org_id = $1 AND o.deleted_at IS NOT NULL"#,
            organization.uuid(),
            owner.uuid(),
        );
        let row = row.fetch_optional(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Contents::OrganizationDeleted {
            to: value(&row.email)?,
            name: value(&row.name)?,
            organization: value(&row.organization)?,
            id: organization,
            purge_at: moment(row.purge_at),
        }))
    }

    pub(crate) async fn control_switched_off_contents(
        &self,
        organization: OrganizationId,
        control: Control,
        owner: UserId,
    ) -> Result<Option<Contents>, StoreError> {
        let mut transaction =
            begin(&self.pool, TransactionPurpose::Look, Some(organization.uuid()), None, "").await?;
        let row = sqlx::query!(
            "SELECT u.email, u.name, o.name AS organization
               FROM organizations o
               JOIN members m ON m.org_id = o.org_id AND m.user_id = $2
               JOIN users u ON u.user_id = m.user_id
              WHERE o.org_id = $1 AND o.deleted_at IS NULL",
            organization.uuid(),
            owner.uuid(),
        );
        let row = row.fetch_optional(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Contents::ControlSwitchedOff {
            to: value(&row.email)?,
            name: value(&row.name)?,
            organization: value(&row.organization)?,
            control,
        }))
    }

    pub(crate) async fn retention_shortened_contents(
        &self,
        organization: OrganizationId,
        change: PlanChangeId,
        owner: UserId,
    ) -> Result<Option<Contents>, StoreError> {
        let mut transaction =
            begin(&self.pool, TransactionPurpose::Look, Some(organization.uuid()), None, "").await?;
        let row = sqlx::query!(
            "SELECT u.email, u.name, o.name AS organization, p.plan_after, p.changed_at,
                    p.recording_days_before, p.recording_days, p.recordings_outlived,
                    p.audit_days_before, p.audit_days, p.audit_events_outlived
               FROM plan_changes p
               JOIN organizations o ON o.org_id = p.org_id
               JOIN members m ON m.org_id = p.org_id AND m.user_id = $3
               JOIN users u ON u.user_id = m.user_id
              WHERE p.org_id = $1 AND p.change_id = $2 AND o.deleted_at IS NULL",
            organization.uuid(),
            change.uuid(),
            owner.uuid(),
        );
        let row = row.fetch_optional(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Contents::RetentionShortened {
            to: value(&row.email)?,
            name: value(&row.name)?,
            organization: value(&row.organization)?,
            plan: value(&row.plan_after)?,
            at: moment(row.changed_at),
            recordings: shorter(row.recording_days_before, row.recording_days, row.recordings_outlived)?,
            audit_events: shorter(row.audit_days_before, row.audit_days, row.audit_events_outlived)?,
        }))
    }

    pub(crate) async fn api_key_reported_contents(
        &self,
        organization: OrganizationId,
        key: ApiKeyId,
        owner: UserId,
    ) -> Result<Option<Contents>, StoreError> {
        let mut transaction =
            begin(&self.pool, TransactionPurpose::Look, Some(organization.uuid()), None, "").await?;
        let row = sqlx::query!(
            "SELECT u.email, u.name, o.name AS organization, k.name AS key, k.prefix
               FROM api_keys k
               JOIN organizations o ON o.org_id = k.org_id
               JOIN members m ON m.org_id = k.org_id AND m.user_id = $3
               JOIN users u ON u.user_id = m.user_id
              WHERE k.org_id = $1 AND k.key_id = $2 AND o.deleted_at IS NULL",
            organization.uuid(),
            key.uuid(),
            owner.uuid(),
        );
        let row = row.fetch_optional(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Contents::ApiKeyReported {
            to: value(&row.email)?,
            name: value(&row.name)?,
            organization: value(&row.organization)?,
            key: value(&row.key)?,
            prefix: value(&row.prefix)?,
        }))
    }
}

/// The language that an account has chosen, if there is one.
fn language(chosen: Option<String>) -> Result<Option<Locale>, StoreError> {
    chosen.map(|locale| value(&locale)).transpose()
}

/// How long something is kept, and how much was too old for that; none where it does not get shorter.
fn shorter(
    before: Option<i32>,
    after: Option<i32>,
    outlived: Option<i64>,
) -> Result<Option<(Shorter, u64)>, StoreError> {
    let (Some(before), Some(after), Some(outlived)) = (before, after, outlived) else { return Ok(None) };
    let days = |days: i32| u32::try_from(days).map_err(corrupt);
    Ok(Some((Shorter { before: days(before)?, after: days(after)? }, count(outlived)?)))
}
