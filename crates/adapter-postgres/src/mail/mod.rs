//! Mail: the letters that wait to be sent, what they say, and the mailbox of the development profile.

mod contents;
mod dev_mailbox;
mod kinds;
mod outbox;

pub(crate) use outbox::LetterRow;
