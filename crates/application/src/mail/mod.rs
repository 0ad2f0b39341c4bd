//! Mail: queued with the change that causes it, sent afterwards.

mod contents;
mod deliver;
mod letter;
mod ports;

pub use contents::Contents;
pub use deliver::{Courier, Pace};
pub use letter::{Letter, SecurityNotice};
pub use ports::{
    ClaimedMail, DevMail, DevMailbox, MailOutcome, Mailer, MailerError, Outbox, OutboxState, OutgoingMail,
    UnreadableLetter,
};
