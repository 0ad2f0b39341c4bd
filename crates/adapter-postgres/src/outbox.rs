//! The outbox: letters that wait to be sent.

use std::time::Duration;

use async_trait::async_trait;
use rollcall_application::{
    audit::Record,
    mail::{Attempt, Claimed, Contents, Letter, Outbox, OutboxState, SecurityNotice},
    ports::{Entropy, StoreError},
};
use rollcall_domain::{
    ApiKeyId, EmailAddress, InvitationId, OrganizationId, UserId,
    accounts::{Locale, PersonName},
    id::{EmailChangeId, MailId, NoticeId, PasswordResetId, SignupId},
    secret::TokenHash,
};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    error::{corrupt, store_error},
    row::{count, moment, value},
    store::PgStore,
    transaction::{NO_ORGANIZATION, Purpose, begin, begin_task, task},
};

const CONFIRM_SIGNUP: &str = "confirm_signup";
const INVITATION: &str = "invitation";
const PASSWORD_RESET: &str = "password_reset";
const PASSWORD_CHANGED: &str = "password_changed";
const FAILED_SIGN_INS: &str = "failed_sign_ins";
const ORGANIZATION_DELETED: &str = "organization_deleted";
const API_KEY_REPORTED: &str = "api_key_reported";
const EMAIL_CHANGE: &str = "email_change";
const EMAIL_CHANGE_REQUESTED: &str = "email_change_requested";
const EMAIL_CHANGED: &str = "email_changed";
const ACCOUNT_DELETED: &str = "account_deleted";
const MFA_REQUIRED: &str = "mfa_required";
const MFA_REMINDER: &str = "mfa_reminder";
/// How often another node's letters are looked for. Being told of them (NOTIFY) would make every commit that queues
/// one wait for every other.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The most characters that are kept of what went wrong.
const ERROR_CHARACTERS: usize = 500;

/// Queues the letters of a record, due at once. A letter about no organization in particular is kept with the one in
/// whose transaction it was caused.
pub(crate) async fn queue(
    connection: &mut PgConnection,
    organization: Option<OrganizationId>,
    record: &Record,
    entropy: &dyn Entropy,
) -> Result<(), StoreError> {
    let Some(entry) = record.entries().next() else { return Ok(()) };
    let now = entry.event().occurred_at;
    let locale = Locale::default();
    let here = organization.map_or(NO_ORGANIZATION, |organization| organization.uuid());
    for letter in record.letters() {
        let id: MailId = entropy.id(now);
        let (organization, kind, subject, sender) = match letter {
            Letter::ConfirmSignup { signup } => (here, CONFIRM_SIGNUP, signup.uuid(), None),
            Letter::PasswordReset { reset } => (here, PASSWORD_RESET, reset.uuid(), None),
            Letter::PasswordChanged { user } => (here, PASSWORD_CHANGED, user.uuid(), None),
            Letter::FailedSignIns { user } => (here, FAILED_SIGN_INS, user.uuid(), None),
            Letter::SecurityNotice { user, notice } => (here, notice.as_str(), user.uuid(), None),
            Letter::OrganizationDeleted { organization, owner } => {
                (organization.uuid(), ORGANIZATION_DELETED, owner.uuid(), None)
            }
            Letter::MfaRequired { organization, member } => {
                (organization.uuid(), MFA_REQUIRED, member.uuid(), None)
            }
            Letter::MfaReminder { organization, member } => {
                (organization.uuid(), MFA_REMINDER, member.uuid(), None)
            }
            Letter::ApiKeyReported { organization, key, owner } => {
                (organization.uuid(), API_KEY_REPORTED, key.uuid(), Some(owner.uuid()))
            }
            Letter::EmailChange { change } => (here, EMAIL_CHANGE, change.uuid(), None),
            Letter::EmailChangeRequested { notice } => (here, EMAIL_CHANGE_REQUESTED, notice.uuid(), None),
            Letter::EmailChanged { notice } => (here, EMAIL_CHANGED, notice.uuid(), None),
            Letter::AccountDeleted { notice } => (here, ACCOUNT_DELETED, notice.uuid(), None),
            Letter::Invitation { organization, invitation, sender } => {
                (organization.uuid(), INVITATION, invitation.uuid(), Some(sender.uuid()))
            }
        };
        sqlx::query!(
            "INSERT INTO mails (org_id, mail_id, kind, subject, sender, locale, created_at, due_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
            organization,
            id.uuid(),
            kind,
            subject,
            sender,
            locale.as_str(),
            now,
        )
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    }
    Ok(())
}

fn letter(kind: &str, organization: Uuid, subject: Uuid, sender: Option<Uuid>) -> Result<Letter, StoreError> {
    match (kind, sender) {
        (CONFIRM_SIGNUP, _) => Ok(Letter::ConfirmSignup { signup: SignupId::from_uuid(subject) }),
        (PASSWORD_RESET, _) => Ok(Letter::PasswordReset { reset: PasswordResetId::from_uuid(subject) }),
        (PASSWORD_CHANGED, _) => Ok(Letter::PasswordChanged { user: UserId::from_uuid(subject) }),
        (FAILED_SIGN_INS, _) => Ok(Letter::FailedSignIns { user: UserId::from_uuid(subject) }),
        (ORGANIZATION_DELETED, _) => Ok(Letter::OrganizationDeleted {
            organization: OrganizationId::from_uuid(organization),
            owner: UserId::from_uuid(subject),
        }),
        (MFA_REQUIRED, _) => Ok(Letter::MfaRequired {
            organization: OrganizationId::from_uuid(organization),
            member: UserId::from_uuid(subject),
        }),
        (MFA_REMINDER, _) => Ok(Letter::MfaReminder {
            organization: OrganizationId::from_uuid(organization),
            member: UserId::from_uuid(subject),
        }),
        // Nobody sends it, so there is room for whom it is for.
        (API_KEY_REPORTED, Some(owner)) => Ok(Letter::ApiKeyReported {
            organization: OrganizationId::from_uuid(organization),
            key: ApiKeyId::from_uuid(subject),
            owner: UserId::from_uuid(owner),
        }),
        (EMAIL_CHANGE, _) => Ok(Letter::EmailChange { change: EmailChangeId::from_uuid(subject) }),
        (EMAIL_CHANGE_REQUESTED, _) => {
            Ok(Letter::EmailChangeRequested { notice: NoticeId::from_uuid(subject) })
        }
        (EMAIL_CHANGED, _) => Ok(Letter::EmailChanged { notice: NoticeId::from_uuid(subject) }),
        (ACCOUNT_DELETED, _) => Ok(Letter::AccountDeleted { notice: NoticeId::from_uuid(subject) }),
        (INVITATION, Some(sender)) => Ok(Letter::Invitation {
            organization: OrganizationId::from_uuid(organization),
            invitation: InvitationId::from_uuid(subject),
            sender: UserId::from_uuid(sender),
        }),
        (kind, _) => {
            let notice = SecurityNotice::ALL.into_iter().find(|notice| notice.as_str() == kind);
            let notice = notice.ok_or_else(|| corrupt("a letter of no known kind"))?;
            Ok(Letter::SecurityNotice { user: UserId::from_uuid(subject), notice })
        }
    }
}

#[async_trait]
impl Outbox for PgStore {
    async fn claim(
        &self,
        now: OffsetDateTime,
        lease_until: OffsetDateTime,
        limit: u16,
    ) -> Result<Vec<Claimed>, StoreError> {
        let mut transaction = begin_task(&self.pool, task::OUTBOX).await?;
        let rows = sqlx::query!(
            // The row's due_at is the lease's end by the time it is returned, so the order is taken from the choice.
            "WITH due AS MATERIALIZED (SELECT mail_id, due_at FROM mails WHERE state = 'queued' AND due_at <= $1
                                        ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED),
                  claimed AS (UPDATE mails m SET due_at = $2, attempts = attempts + 1
                                FROM due WHERE m.mail_id = due.mail_id
                           RETURNING m.org_id, m.mail_id, m.kind, m.subject, m.sender, m.locale, m.attempts)
             SELECT c.org_id, c.mail_id, c.kind, c.subject, c.sender, c.locale, c.attempts
               FROM claimed c JOIN due ON due.mail_id = c.mail_id
              ORDER BY due.due_at, c.mail_id",
            now,
            lease_until,
            i64::from(limit),
        );
        let rows = rows.fetch_all(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        rows.into_iter()
            .map(|row| {
                Ok(Claimed {
                    id: MailId::from_uuid(row.mail_id),
                    letter: letter(&row.kind, row.org_id, row.subject, row.sender)?,
                    locale: value(&row.locale)?,
                    attempts: count(i64::from(row.attempts) - 1)?,
                })
            })
            .collect()
    }

    async fn contents(
        &self,
        mail: &Claimed,
        token: TokenHash,
        now: OffsetDateTime,
    ) -> Result<Option<Contents>, StoreError> {
        match mail.letter {
            Letter::ConfirmSignup { signup } => self.signup_contents(signup, token, now).await,
            Letter::PasswordReset { reset } => self.password_reset_contents(reset, token, now).await,
            Letter::PasswordChanged { user } => {
                let whose = self.owner_of(user).await?;
                Ok(whose.map(|(to, name)| Contents::PasswordChanged { to, name }))
            }
            Letter::FailedSignIns { user } => {
                let whose = self.owner_of(user).await?;
                Ok(whose.map(|(to, name)| Contents::FailedSignIns { to, name }))
            }
            Letter::SecurityNotice { user, notice } => {
                let whose = self.owner_of(user).await?;
                Ok(whose.map(|(to, name)| Contents::SecurityNotice { to, name, notice }))
            }
            Letter::OrganizationDeleted { organization, owner } => {
                self.organization_deleted_contents(organization, owner).await
            }
            Letter::MfaRequired { organization, member } => {
                self.mfa_deadline_contents(organization, member, true).await
            }
            Letter::MfaReminder { organization, member } => {
                self.mfa_deadline_contents(organization, member, false).await
            }
            Letter::ApiKeyReported { organization, key, owner } => {
                self.api_key_reported_contents(organization, key, owner).await
            }
            Letter::EmailChange { change } => self.email_change_contents(change, token, now).await,
            Letter::EmailChangeRequested { notice } => {
                self.notice_contents(notice, |to, name| Contents::EmailChangeRequested { to, name }).await
            }
            Letter::EmailChanged { notice } => {
                self.notice_contents(notice, |to, name| Contents::EmailChanged { to, name }).await
            }
            Letter::AccountDeleted { notice } => {
                self.notice_contents(notice, |to, name| Contents::AccountDeleted { to, name }).await
            }
            Letter::Invitation { organization, invitation, .. } => {
                self.invitation_contents(mail.id, organization, invitation, token, now).await
            }
        }
    }

    async fn settle(&self, mail: &Claimed, attempt: Attempt) -> Result<(), StoreError> {
        let (state, due_at, settled_at, error) = match attempt {
            Attempt::Sent { at } => ("sent", None, Some(at), None),
            Attempt::Moot { at } => ("moot", None, Some(at), None),
            Attempt::Dead { at, error } => ("dead", None, Some(at), Some(error)),
            Attempt::Later { at, error } => ("queued", Some(at), None, Some(error)),
        };
        let error: Option<String> = error.map(|error| error.chars().take(ERROR_CHARACTERS).collect());
        let mut transaction = begin_task(&self.pool, task::OUTBOX).await?;
        let update = sqlx::query!(
            "UPDATE mails SET state = $2, due_at = COALESCE($3, due_at), settled_at = $4, last_error = $5
              WHERE mail_id = $1 AND state = 'queued' AND attempts = $6",
            mail.id.uuid(),
            state,
            due_at,
            settled_at,
            error,
            i32::from(mail.attempts) + 1,
        );
        let settled = update.execute(&mut *transaction).await.map_err(store_error)?.rows_affected() == 1;
        if settled && settled_at.is_some() {
            // Whom it was for is only kept for this.
            let forget = sqlx::query!(
                "DELETE FROM notices n USING mails m WHERE m.mail_id = $1 AND n.notice_id = m.subject",
                mail.id.uuid()
            );
            forget.execute(&mut *transaction).await.map_err(store_error)?;
        }
        transaction.commit().await.map_err(store_error)
    }

    async fn state(&self) -> Result<OutboxState, StoreError> {
        let mut transaction = begin_task(&self.pool, task::OUTBOX).await?;
        let row = sqlx::query!(
            r#"SELECT (SELECT count(*) FROM mails WHERE state = 'queued') AS "queued!",
                      (SELECT count(*) FROM mails WHERE state = 'dead') AS "dead!",
                      (SELECT min(created_at) FROM mails WHERE state = 'queued') AS oldest"#
        );
        let row = row.fetch_one(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(OutboxState { queued: count(row.queued)?, dead: count(row.dead)?, oldest: row.oldest.map(moment) })
    }

    async fn forget(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        let mut transaction = begin_task(&self.pool, task::OUTBOX).await?;
        // Those that were given up are kept until somebody has looked at them.
        let delete = sqlx::query!("DELETE FROM mails WHERE settled_at < $1 AND state <> 'dead'", before);
        let forgotten = delete.execute(&mut *transaction).await.map_err(store_error)?.rows_affected();
        transaction.commit().await.map_err(store_error)?;
        Ok(forgotten)
    }

    async fn wait(&self) {
        // Time that passes is no news.
        let _ = tokio::time::timeout(LOOK_EVERY, self.letter_queued.notified()).await;
    }
}

impl PgStore {
    async fn invitation_contents(
        &self,
        mail: MailId,
        organization: OrganizationId,
        invitation: InvitationId,
        token: TokenHash,
        now: OffsetDateTime,
    ) -> Result<Option<Contents>, StoreError> {
        let mut transaction = begin(&self.pool, Purpose::Change, Some(organization.uuid()), None, "").await?;
        // Locked first: whoever sends the invitation again at this moment takes this mail back, and must be seen to.
        let row = sqlx::query!(
            r#"SELECT i.email, i.role, i.expires_at, o.name AS organization, u.name AS "inviter?"
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
        Ok(Some(Contents::Invitation {
            to: value(&row.email)?,
            organization: value(&row.organization)?,
            inviter: row.inviter,
            role: value(&row.role)?,
            expires_at: moment(row.expires_at),
        }))
    }

    async fn signup_contents(
        &self,
        signup: SignupId,
        token: TokenHash,
        now: OffsetDateTime,
    ) -> Result<Option<Contents>, StoreError> {
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
            r#"SELECT email AS "email!", name AS "name!" FROM directory_credentials($1)"#,
            to.key()
        );
        if let Some(account) = account.fetch_optional(&mut *transaction).await.map_err(store_error)? {
            return Ok(Some(Contents::AccountExists {
                to: value(&account.email)?,
                name: value(&account.name)?,
            }));
        }
        let update = sqlx::query!(
            "UPDATE signups SET token_hash = $2 WHERE signup_id = $1",
            signup.uuid(),
            token.0.as_slice()
        );
        update.execute(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(Some(Contents::ConfirmSignup {
            to,
            name: value(&row.name)?,
            organization: value(&row.organization_name)?,
            expires_at: moment(row.expires_at),
        }))
    }

    async fn password_reset_contents(
        &self,
        reset: PasswordResetId,
        token: TokenHash,
        now: OffsetDateTime,
    ) -> Result<Option<Contents>, StoreError> {
        let mut transaction = begin_task(&self.pool, task::PASSWORD_RESETS).await?;
        // Only for an account, and to the address as the account has it (attack 16). For any other address there is
        // nothing to say.
        let row = sqlx::query!(
            r#"SELECT r.expires_at, c.email AS "email!", c.name AS "name!"
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
        Ok(Some(Contents::PasswordReset { to, name, expires_at: moment(row.expires_at) }))
    }

    async fn email_change_contents(
        &self,
        change: EmailChangeId,
        token: TokenHash,
        now: OffsetDateTime,
    ) -> Result<Option<Contents>, StoreError> {
        let mut transaction = begin_task(&self.pool, task::EMAIL_CHANGES).await?;
        let row = sqlx::query!(
            r#"SELECT e.email, e.expires_at, c.email AS "account_email?", c.name AS "account_name?"
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
            return Ok(Some(Contents::AddressInUse { to: value(&email)?, name: value(&name)? }));
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
        Ok(Some(Contents::ConfirmEmail { to: value(&row.email)?, expires_at: moment(row.expires_at) }))
    }

    async fn notice_contents(
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

    /// The address and the name of an account.
    async fn owner_of(&self, user: UserId) -> Result<Option<(EmailAddress, PersonName)>, StoreError> {
        let mut transaction = begin(&self.pool, Purpose::Look, None, Some(user.uuid()), "").await?;
        let row = sqlx::query!("SELECT email, name FROM users WHERE user_id = $1", user.uuid());
        let row = row.fetch_optional(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        row.map(|row| Ok((value(&row.email)?, value(&row.name)?))).transpose()
    }

    async fn organization_deleted_contents(
        &self,
        organization: OrganizationId,
        owner: UserId,
    ) -> Result<Option<Contents>, StoreError> {
        let mut transaction = begin(&self.pool, Purpose::Look, Some(organization.uuid()), None, "").await?;
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
    async fn api_key_reported_contents(
        &self,
        organization: OrganizationId,
        key: ApiKeyId,
        owner: UserId,
    ) -> Result<Option<Contents>, StoreError> {
        let mut transaction = begin(&self.pool, Purpose::Look, Some(organization.uuid()), None, "").await?;
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
