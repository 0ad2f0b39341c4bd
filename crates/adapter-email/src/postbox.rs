//! Where letters go: by SMTP to whom they are for, or into the mailbox of the development profile.

use std::sync::Arc;

use async_trait::async_trait;
use lettre::{
    Address, Message as Mail,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use rollcall_application::{
    mail::{DevMail, DevMailbox, Mailer, MailerError, OutgoingMail},
    ports::Clock,
};
use rollcall_domain::id::MailId;

use crate::{rendered::Rendered, smtp::Smtp};

/// Who mails come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    mailbox: Mailbox,
    public_url: String,
    contact: String,
}

/// The text is no sender of mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an address like rollcall@example.com, or Name <rollcall@example.com>")]
pub struct InvalidSender;

/// The text is nowhere that could be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an address like support@example.com")]
pub struct InvalidContact;

impl Sender {
    /// A sender by name and address. Links in its mails lead to `public_url`: scheme, host and perhaps a port and
    /// a path, without a slash at the end.
    ///
    /// # Errors
    /// [`InvalidSender`].
    pub fn new(from: &str, public_url: &str) -> Result<Self, InvalidSender> {
        let mailbox: Mailbox = from.parse().map_err(|_| InvalidSender)?;
        let contact = mailbox.email.to_string();
        Ok(Self { mailbox, public_url: public_url.trim_end_matches('/').to_owned(), contact })
    }

    /// The same, whose mails say that the platform's operator is written to at `contact`, and not where they come from.
    ///
    /// # Errors
    /// [`InvalidContact`].
    pub fn with_contact(self, contact: &str) -> Result<Self, InvalidContact> {
        let contact: Address = contact.parse().map_err(|_| InvalidContact)?;
        Ok(Self { contact: contact.to_string(), ..self })
    }
}

/// Writes letters and sends them off.
pub struct Postbox {
    sender: Sender,
    transport: Transport,
}

enum Transport {
    Smtp(Smtp),
    Mailbox(Arc<dyn DevMailbox>, Arc<dyn Clock>),
}

impl Postbox {
    /// Letters go out by SMTP.
    pub fn smtp(sender: Sender, smtp: Smtp) -> Self {
        Self { sender, transport: Transport::Smtp(smtp) }
    }

    /// Letters go nowhere but into the mailbox.
    pub fn mailbox(sender: Sender, mailbox: Arc<dyn DevMailbox>, clock: Arc<dyn Clock>) -> Self {
        Self { sender, transport: Transport::Mailbox(mailbox, clock) }
    }

    fn mail(&self, id: MailId, rendered: Rendered) -> Result<Mail, MailerError> {
        let permanent =
            |error: &dyn std::fmt::Display| MailerError::Permanent(format!("cannot be written: {error}"));
        let to: Address = rendered.to.to_ascii_domain().parse().map_err(|error| permanent(&error))?;
        let mut mail = Mail::builder()
            .from(self.sender.mailbox.clone())
            .to(Mailbox::new(None, to))
            .subject(rendered.subject)
            // The same for every attempt, so that a repeat can be told from another mail.
            .message_id(Some(format!("<{id}@{}>", self.sender.mailbox.email.domain())))
            .multipart(MultiPart::alternative_plain_html(rendered.text, rendered.html))
            .map_err(|error| permanent(&error))?;
        // Keeps out-of-office answers away (RFC 3834 section 5).
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        mail.headers_mut().insert_raw(HeaderValue::new(automatic, "auto-generated".to_owned()));
        Ok(mail)
    }
}

#[async_trait]
impl Mailer for Postbox {
    async fn send(&self, message: OutgoingMail) -> Result<(), MailerError> {
        let id = message.id;
        let rendered = Rendered::of(message, &self.sender.public_url, &self.sender.contact)
            .map_err(|error| MailerError::Permanent(format!("cannot be written: {error}")))?;
        match &self.transport {
            Transport::Smtp(smtp) => smtp.send(self.mail(id, rendered)?).await,
            Transport::Mailbox(mailbox, clock) => {
                let Rendered { to, subject, text, html, links } = rendered;
                let mail =
                    DevMail { id, to: to.to_string(), subject, text, html, links, sent_at: clock.now() };
                mailbox.keep(&mail).await.map_err(|error| MailerError::Transient(error.to_string()))
            }
        }
    }
}
