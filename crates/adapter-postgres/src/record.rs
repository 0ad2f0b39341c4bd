//! What a change leaves behind, in its transaction: its events, and the letters that it causes.

use rollcall_application::{
    audit::Record,
    ports::{Entropy, StoreError},
};
use rollcall_domain::OrganizationId;
use sqlx::PgConnection;

use crate::{audit::EventRow, error::store_error, mail::LetterRow};

/// Writes the events of a record into an organization's log, or into the platform's, and queues its letters. Events and letters go
/// in pairs as long as there are both, which halves the visits to the database.
pub(crate) async fn write(
    connection: &mut PgConnection,
    organization: Option<OrganizationId>,
    record: &Record,
    entropy: &dyn Entropy,
) -> Result<(), StoreError> {
    let (now, locale) = (record.occurred_at(), record.locale().cloned().unwrap_or_default());
    let (mut entries, mut letters) = (record.entries(), record.letters().iter());
    loop {
        let event = entries.next().map(|entry| EventRow::of(organization, entry)).transpose()?;
        let letter = letters.next().map(|letter| LetterRow::of(letter, organization, &locale, now, entropy));
        match (event, letter) {
            (Some(event), Some(letter)) => write_pair(connection, &event, &letter).await?,
            (Some(event), None) => event.write(connection).await?,
            (None, Some(letter)) => letter.queue(connection).await?,
            (None, None) => return Ok(()),
        }
    }
}

async fn write_pair(
    connection: &mut PgConnection,
    event: &EventRow<'_>,
    letter: &LetterRow<'_>,
) -> Result<(), StoreError> {
    let insert = sqlx::query!(
        "WITH event AS (
             INSERT INTO audit_events (org_id, event_id, occurred_at, actor_kind, actor_id, session_id, action,
                                       target_kind, target_id, outcome, request_id, leaf, personal)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13))
         INSERT INTO mails (org_id, mail_id, kind, subject, sender, locale, created_at, due_at)
         VALUES ($14, $15, $16, $17, $18, $19, $20, $20)",
        event.log,
        event.id,
        event.occurred_at,
        event.actor_kind,
        event.actor_id,
        event.session_id,
        event.action,
        event.target_kind,
        event.target_id,
        event.outcome,
        event.request_id,
        event.leaf,
        event.personal,
        letter.organization,
        letter.id,
        letter.kind,
        letter.subject,
        letter.sender,
        letter.locale,
        letter.queued_at,
    );
    insert.execute(connection).await.map_err(store_error).map(drop)
}
