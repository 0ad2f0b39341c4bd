//! The outbox: letters that wait to be sent.

use std::{slice, time::Duration};

use async_trait::async_trait;
use futures_util::future::join_all;
use rollcall_application::{
    mail::{ClaimedMail, Contents, Letter, MailOutcome, Outbox, OutboxState},
    ports::{Entropy, MOST_COUNTED, StoreError},
};
use rollcall_domain::{OrganizationId, accounts::Locale, id::MailId, secret::TokenHash};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{contents::ContentsAndLanguage, kinds};
use crate::{
    error::store_error,
    portions::{self, PORTION},
    row::{count, moment},
    store::PgStore,
    transaction::{NO_ORGANIZATION, begin_task, task},
};

/// How often another node's letters are looked for. Being told of them (NOTIFY) would make every commit that queues
/// one wait for every other.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The most characters that are kept of what went wrong.
const ERROR_CHARACTERS: usize = 500;

/// A letter as it waits to be sent, due at once.
pub(crate) struct LetterRow<'a> {
    pub(crate) organization: Uuid,
    pub(crate) id: Uuid,
    pub(crate) kind: &'static str,
    pub(crate) subject: Uuid,
    pub(crate) sender: Option<Uuid>,
    pub(crate) locale: &'a str,
    pub(crate) queued_at: OffsetDateTime,
}

impl<'a> LetterRow<'a> {
    /// A letter about no organization in particular is kept with `here`, the one in whose transaction it was caused.
    pub(crate) fn of(
        letter: &Letter,
        here: Option<OrganizationId>,
        locale: &'a Locale,
        queued_at: OffsetDateTime,
        entropy: &dyn Entropy,
    ) -> Self {
        let id: MailId = entropy.id(queued_at);
        let here = here.map_or(NO_ORGANIZATION, |organization| organization.uuid());
        let (organization, kind, subject, sender) = kinds::kept(letter, here);
        Self { organization, id: id.uuid(), kind, subject, sender, locale: locale.as_str(), queued_at }
    }

    pub(crate) async fn queue(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let insert = sqlx::query!(
            "INSERT INTO mails (org_id, mail_id, kind, subject, sender, locale, created_at, due_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
            self.organization,
            self.id,
            self.kind,
            self.subject,
            self.sender,
            self.locale,
            self.queued_at,
        );
        insert.execute(connection).await.map_err(store_error).map(drop)
    }
}

impl PgStore {
    /// What a mail's letter says at this moment, and the language its recipient has chosen, if they have an account.
    async fn letter_contents(
        &self,
        mail: MailId,
        letter: &Letter,
        token: TokenHash,
        now: OffsetDateTime,
    ) -> Result<Option<ContentsAndLanguage>, StoreError> {
        let contents = match *letter {
            // Whether there is an account is read along with what these are about, which saves a visit.
            Letter::ConfirmSignup { signup } => return self.signup_contents(signup, token, now).await,
            Letter::PasswordReset { reset } => return self.password_reset_contents(reset, token, now).await,
            Letter::EmailChange { change } => return self.email_change_contents(change, token, now).await,
            Letter::Invitation { organization, invitation, .. } => {
                return self.invitation_contents(mail, organization, invitation, token, now).await;
            }
            Letter::PasswordChanged { user } => {
                let whose = self.owner_of(user).await?;
                whose.map(|(to, name)| Contents::PasswordChanged { to, name })
            }
            Letter::FailedSignIns { user } => {
                let whose = self.owner_of(user).await?;
                whose.map(|(to, name)| Contents::FailedSignIns { to, name })
            }
            Letter::FailedProofs { user } => {
                let whose = self.owner_of(user).await?;
                // A letter's id is from the moment that caused it.
                let at = OffsetDateTime::UNIX_EPOCH + Duration::from_millis(mail.made_at());
                whose.map(|(to, name)| Contents::FailedProofs { to, name, at })
            }
            Letter::SecurityNotice { user, notice } => {
                let whose = self.owner_of(user).await?;
                whose.map(|(to, name)| Contents::SecurityNotice { to, name, notice })
            }
            Letter::OrganizationDeleted { organization, owner } => {
                self.organization_deleted_contents(organization, owner).await?
            }
            Letter::MfaRequired { organization, member } => {
                self.mfa_deadline_contents(organization, member, true).await?
            }
            Letter::MfaReminder { organization, member } => {
                self.mfa_deadline_contents(organization, member, false).await?
            }
            Letter::ApiKeyReported { organization, key, owner } => {
                self.api_key_reported_contents(organization, key, owner).await?
            }
            Letter::AuditCheckpoint { organization, delivery } => {
                self.audit_checkpoint_contents(organization, delivery).await?
            }
            Letter::ControlSwitchedOff { organization, control, owner } => {
                self.control_switched_off_contents(organization, control, owner).await?
            }
            Letter::RetentionShortened { organization, change, owner } => {
                self.retention_shortened_contents(organization, change, owner).await?
            }
            Letter::EmailChangeRequested { notice } => {
                self.notice_contents(notice, |to, name| Contents::EmailChangeRequested { to, name }).await?
            }
            Letter::EmailChanged { notice } => {
                self.notice_contents(notice, |to, name| Contents::EmailChanged { to, name }).await?
            }
            Letter::AccountDeleted { notice } => {
                self.notice_contents(notice, |to, name| Contents::AccountDeleted { to, name }).await?
            }
        };
        let Some(contents) = contents else { return Ok(None) };
        let chosen = self.language_of(contents.to()).await?;
        Ok(Some((contents, chosen)))
    }

    /// Notes how attempts ended, of all or of none: a transaction for each would cost more than all the rest.
    async fn settle_together(&self, attempts: &[&(ClaimedMail, MailOutcome)]) -> Result<(), StoreError> {
        if attempts.is_empty() {
            return Ok(());
        }
        let mut transaction = begin_task(&self.pool, task::OUTBOX).await?;
        for (mail, outcome) in attempts {
            Self::settle_one(&mut transaction, mail, outcome).await?;
        }
        transaction.commit().await.map_err(store_error)
    }

    /// Notes how an attempt ended, unless another has begun.
    async fn settle_one(
        connection: &mut PgConnection,
        mail: &ClaimedMail,
        outcome: &MailOutcome,
    ) -> Result<(), StoreError> {
        let (state, due_at, settled_at, error) = match outcome {
            MailOutcome::Sent { at } => ("sent", None, Some(*at), None),
            MailOutcome::Moot { at } => ("moot", None, Some(*at), None),
            MailOutcome::Dead { at, error } => ("dead", None, Some(*at), Some(error)),
            MailOutcome::Later { at, error } => ("queued", Some(*at), None, Some(error)),
        };
        let error: Option<String> = error.map(|error| error.chars().take(ERROR_CHARACTERS).collect());
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
        let settled = update.execute(&mut *connection).await.map_err(store_error)?.rows_affected() == 1;
        if let (true, Ok(Letter::AuditCheckpoint { organization, delivery })) = (settled, &mail.letter) {
            // Whoever has it sent sees what became of it, and how it went.
            let note = sqlx::query!(
                "UPDATE subscribers s
                    SET last_sent_at = CASE WHEN $4::text IS NULL THEN $3::timestamptz ELSE s.last_sent_at END,
                        last_failed_at = CASE WHEN $4 IS NULL THEN s.last_failed_at ELSE $3 END,
                        last_error = COALESCE($4, s.last_error)
                   FROM deliveries d
                  WHERE s.org_id = $1 AND s.topic = 'checkpoints' AND $5 IN ('sent', 'dead')
                    AND d.org_id = s.org_id AND d.delivery_id = $2 AND d.state = 'queued'",
                organization.uuid(),
                delivery.uuid(),
                settled_at,
                error,
                state,
            );
            note.execute(&mut *connection).await.map_err(store_error)?;
            let told = sqlx::query!(
                "UPDATE deliveries
                    SET attempts = $3, settled_at = $4, last_error = $5,
                        state = CASE $6 WHEN 'dead' THEN 'failed' ELSE $6 END
                  WHERE org_id = $1 AND delivery_id = $2 AND state = 'queued'",
                organization.uuid(),
                delivery.uuid(),
                i32::from(mail.attempts) + 1,
                settled_at,
                error,
                state,
            );
            told.execute(&mut *connection).await.map_err(store_error)?;
        }
        // Of a letter that cannot be read it is not known whether it has a notice.
        let may_have_notice = !mail.letter.as_ref().is_ok_and(|letter| letter.notice().is_none());
        if settled && settled_at.is_some() && may_have_notice {
            // Whom it was for is only kept for this.
            let forget = sqlx::query!(
                "DELETE FROM notices n USING mails m WHERE m.mail_id = $1 AND n.notice_id = m.subject",
                mail.id.uuid()
            );
            forget.execute(&mut *connection).await.map_err(store_error)?;
        }
        Ok(())
    }
}

#[async_trait]
impl Outbox for PgStore {
    async fn claim(
        &self,
        now: OffsetDateTime,
        lease_until: OffsetDateTime,
        limit: u16,
    ) -> Result<Vec<ClaimedMail>, StoreError> {
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
        let claimed = rows.into_iter().map(|row| ClaimedMail {
            id: MailId::from_uuid(row.mail_id),
            letter: kinds::read(&row.kind, row.org_id, row.subject, row.sender),
            // A language that is not known here is no reason not to send it.
            locale: row.locale.parse().unwrap_or_default(),
            // No more attempts are made than that.
            attempts: u16::try_from(row.attempts - 1).unwrap_or(u16::MAX),
        });
        Ok(claimed.collect())
    }

    async fn contents(
        &self,
        mail: MailId,
        letter: &Letter,
        token: TokenHash,
        now: OffsetDateTime,
    ) -> Result<Option<(Contents, Option<Locale>)>, StoreError> {
        self.letter_contents(mail, letter, token, now).await
    }

    async fn settle(&self, attempts: &[(ClaimedMail, MailOutcome)]) -> Result<(), StoreError> {
        // Whoever changes a witness locks what is noted of it: nothing but its checkpoint waits for them.
        let (mut alone, mut together): (Vec<_>, Vec<_>) =
            attempts.iter().partition(|(mail, _)| matches!(mail.letter, Ok(Letter::AuditCheckpoint { .. })));
        // Revoking several invitations locks their letters in this order, too.
        together.sort_unstable_by_key(|(mail, _)| mail.id.uuid());
        let mut result = self.settle_together(&together).await;
        if result.is_err() && together.len() > 1 {
            // What is not noted is sent again, so one that cannot be noted must take no other along.
            alone.append(&mut together);
            result = Ok(());
        }
        let settled =
            join_all(alone.iter().map(|attempt| self.settle_together(slice::from_ref(attempt)))).await;
        settled.into_iter().fold(result, Result::and)
    }

    async fn state(&self) -> Result<OutboxState, StoreError> {
        let mut transaction = begin_task(&self.pool, task::OUTBOX).await?;
        let row = sqlx::query!(
            r#"SELECT (SELECT count(*) FROM (SELECT FROM mails WHERE state = 'queued' LIMIT $1) q) AS "queued!",
                      (SELECT count(*) FROM (SELECT FROM mails WHERE state = 'dead' LIMIT $1) d) AS "dead!",
                      (SELECT min(created_at) FROM mails WHERE state = 'queued') AS oldest"#,
            i64::from(MOST_COUNTED),
        );
        let row = row.fetch_one(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(OutboxState { queued: count(row.queued)?, dead: count(row.dead)?, oldest: row.oldest.map(moment) })
    }

    async fn forget(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        let old = || {
            // Those that were given up are kept until somebody has looked at them.
            sqlx::query!(
                "WITH old AS MATERIALIZED (SELECT mail_id FROM mails WHERE settled_at < $1 AND state <> 'dead'
                                            LIMIT $2 FOR UPDATE SKIP LOCKED)
                 DELETE FROM mails m USING old WHERE m.mail_id = old.mail_id",
                before,
                PORTION,
            )
        };
        portions::forget(&self.pool, task::OUTBOX, old).await
    }

    async fn wait(&self) {
        // Time that passes is no news.
        let _ = tokio::time::timeout(LOOK_EVERY, self.letter_queued.notified()).await;
    }
}
