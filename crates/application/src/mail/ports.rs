//! What sending mail needs.

use async_trait::async_trait;
use rollcall_domain::{
    accounts::Locale,
    id::MailId,
    secret::{Secret, TokenHash},
};
use time::OffsetDateTime;

use super::{Contents, Letter};
use crate::ports::StoreError;

/// The letters that wait to be sent. A narrow door of its own beside the units of work: what it keeps is
/// bookkeeping and leaves no events.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Takes up to `limit` letters that are due, those that have waited longest first. Nobody else gets them until `lease_until`.
    async fn claim(
        &self,
        now: OffsetDateTime,
        lease_until: OffsetDateTime,
        limit: u16,
    ) -> Result<Vec<ClaimedMail>, StoreError>;

    /// What a mail's letter says at this moment, and the language that whoever it is for has chosen, if they have an account;
    /// none when there is nothing to say any more, because what it is about is gone, or a later mail says it. If the letter holds
    /// a link, the hash of its token replaces the one from an earlier attempt.
    async fn contents(
        &self,
        mail: MailId,
        letter: &Letter,
        token: TokenHash,
        now: OffsetDateTime,
    ) -> Result<Option<(Contents, Option<Locale>)>, StoreError>;

    /// Notes how attempts ended, but for those whose lease has run out and that others have begun anew. Whom a notice was for is
    /// forgotten when it is not tried again.
    async fn settle(&self, attempts: &[(ClaimedMail, MailOutcome)]) -> Result<(), StoreError>;

    /// How much waits.
    async fn state(&self) -> Result<OutboxState, StoreError>;

    /// Forgets letters that were sent, or given up, before a moment; gives back how many.
    async fn forget(&self, before: OffsetDateTime) -> Result<u64, StoreError>;

    /// Waits until a letter may have been queued.
    async fn wait(&self);
}

/// A letter that is being sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedMail {
    /// Names the mail, for ever and for every attempt.
    pub id: MailId,
    /// The letter; or why it cannot be read as it is kept, which spoils no other.
    pub letter: Result<Letter, UnreadableLetter>,
    /// The language to write it in, if whoever it is for has chosen none.
    pub locale: Locale,
    /// How many attempts came before. With it, an attempt whose lease has run out is told from the one that came after.
    pub attempts: u16,
}

/// A letter cannot be read as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnreadableLetter(pub &'static str);

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailOutcome {
    /// The mail server has taken it.
    Sent {
        /// When.
        at: OffsetDateTime,
    },
    /// It is to be tried again.
    Later {
        /// When.
        at: OffsetDateTime,
        /// What went wrong.
        error: String,
    },
    /// It is not tried again, but kept.
    Dead {
        /// When it was given up.
        at: OffsetDateTime,
        /// What went wrong.
        error: String,
    },
    /// There was nothing to say any more.
    Moot {
        /// When that was found.
        at: OffsetDateTime,
    },
}

/// How much waits in the outbox; of each no more than [`MOST_COUNTED`](crate::ports::MOST_COUNTED) are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxState {
    /// Letters that wait.
    pub queued: u64,
    /// Letters that were given up and are kept.
    pub dead: u64,
    /// When the oldest of those that wait was queued; none when none waits.
    pub oldest: Option<OffsetDateTime>,
}

/// A letter, ready to be written in some language and sent.
#[derive(Debug, Clone)]
pub struct OutgoingMail {
    /// Names the mail; the same for every attempt, so that mail systems can tell a repeat.
    pub id: MailId,
    /// What it says.
    pub contents: Contents,
    /// The token for its link, if it has one.
    pub token: Secret,
    /// The language.
    pub locale: Locale,
}

/// Writes and sends letters.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends a letter; once this returns without an error, the next system has taken it.
    ///
    /// # Errors
    /// [`MailerError`] tells whether trying again makes sense.
    async fn send(&self, message: OutgoingMail) -> Result<(), MailerError>;
}

/// A letter was not sent. The texts are for operators and hold neither tokens nor addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailerError {
    /// It may go through later: no connection, a time-out, a transient answer (RFC 5321 section 4.2.1, 4yz).
    #[error("{0}")]
    Transient(String),
    /// It will never go through: refused for good (5yz), or it cannot be written.
    #[error("{0}")]
    Permanent(String),
}

/// The mails that were sent in the development profile, where they go nowhere else.
#[async_trait]
pub trait DevMailbox: Send + Sync {
    /// Keeps a mail.
    async fn keep(&self, mail: &DevMail) -> Result<(), StoreError>;

    /// The mails kept, the newest first, at most 500.
    async fn list(&self) -> Result<Vec<DevMail>, StoreError>;

    /// Forgets them all.
    async fn clear(&self) -> Result<(), StoreError>;
}

/// A mail as it would have gone out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevMail {
    /// Names the mail.
    pub id: MailId,
    /// The one recipient.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// Where it asks the reader to go.
    pub links: Vec<String>,
    /// When it was sent.
    pub sent_at: OffsetDateTime,
}
