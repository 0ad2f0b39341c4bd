//! The only room that knows SMTP and mail templates.
//!
//! A letter becomes one mail with a text and an HTML part, to one recipient, and goes out by SMTP; in the
//! development profile it is kept in the mailbox instead.

mod inert;
mod postbox;
mod rendered;
mod security_notice;
mod smtp;
mod templates;

pub use postbox::{InvalidContact, InvalidSender, Postbox, Sender};
pub use smtp::{InvalidSmtpUrl, Smtp, SmtpUrl};
