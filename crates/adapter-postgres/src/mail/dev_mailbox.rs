//! The mailbox of the development profile. It is in the database so that all nodes show the same one.

use async_trait::async_trait;
use rollcall_application::{
    mail::{DevMail, DevMailbox},
    ports::StoreError,
};
use rollcall_domain::id::MailId;

use crate::{
    error::store_error,
    row::moment,
    store::PgStore,
    transaction::{begin_task, task},
};

#[async_trait]
impl DevMailbox for PgStore {
    async fn keep(&self, mail: &DevMail) -> Result<(), StoreError> {
        let mut transaction = begin_task(&self.pool, task::MAILBOX).await?;
        let insert = sqlx::query!(
            "INSERT INTO dev_mails (mail_id, recipient, subject, body_text, body_html, links, sent_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            mail.id.uuid(),
            mail.to,
            mail.subject,
            mail.text,
            mail.html,
            &mail.links,
            mail.sent_at,
        );
        insert.execute(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)
    }

    async fn list(&self) -> Result<Vec<DevMail>, StoreError> {
        let mut transaction = begin_task(&self.pool, task::MAILBOX).await?;
        let rows = sqlx::query!(
            "SELECT mail_id, recipient, subject, body_text, body_html, links, sent_at FROM dev_mails
              ORDER BY position DESC LIMIT 500"
        );
        let rows = rows.fetch_all(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        let mails = rows.into_iter().map(|row| DevMail {
            id: MailId::from_uuid(row.mail_id),
            to: row.recipient,
            subject: row.subject,
            text: row.body_text,
            html: row.body_html,
            links: row.links,
            sent_at: moment(row.sent_at),
        });
        Ok(mails.collect())
    }

    async fn clear(&self) -> Result<(), StoreError> {
        let mut transaction = begin_task(&self.pool, task::MAILBOX).await?;
        sqlx::query!("DELETE FROM dev_mails").execute(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)
    }
}
