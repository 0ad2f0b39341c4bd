//! Sending by SMTP.

use std::{fmt, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    transport::smtp::{Error, PoolConfig},
};
use rollcall_application::mail::MailerError;
use rollcall_domain::{hosts::is_this_machine, secret::Secret};
use url::Url;

/// The longest wait for one answer of the server.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(20);
/// The longest that sending one mail may take; well below the lease that the outbox gives.
const MAIL_TIMEOUT: Duration = Duration::from_secs(60);

/// A connection to a mail server, pooled.
#[derive(Clone)]
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

/// The text is not the URL of a mail server that Rollcall would hand mail to. It is not shown: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSmtpUrl {
    /// It is no SMTP URL.
    #[error(
        "must be smtps://[user:password@]host[:port] or smtp://[user:password@]host[:port]?tls=required, with @ / ? and # in a password written as %40 %2F %3F and %23"
    )]
    Form,
    /// Mails hold links that open things, so they only travel encrypted, or within the machine (ASVS 12.3.1).
    #[error("must use TLS (smtps://, or smtp://…?tls=required) unless the server is on this machine")]
    Unencrypted,
}

/// Where a mail server is, and how to speak to it.
#[derive(Debug, Clone)]
pub struct SmtpUrl(Secret);

impl SmtpUrl {
    /// Reads a URL: `smtps://…`, or `smtp://…?tls=required`, or plain `smtp://` to this machine.
    ///
    /// # Errors
    /// [`InvalidSmtpUrl`].
    pub fn parse(url: &Secret) -> Result<Self, InvalidSmtpUrl> {
        let parsed = Url::parse(url.expose()).map_err(|_| InvalidSmtpUrl::Form)?;
        // Half of a password that was cut in two would be taken for something that may be shown.
        let mut after = [Some(parsed.path()), parsed.query()].into_iter().flatten();
        if parsed.fragment().is_some() || after.any(|part| part.contains('@')) {
            return Err(InvalidSmtpUrl::Form);
        }
        let required = parsed.query_pairs().any(|(name, value)| name == "tls" && value == "required");
        match parsed.scheme() {
            "smtps" => {}
            "smtp" if required || parsed.host_str().is_some_and(is_this_machine) => {}
            "smtp" => return Err(InvalidSmtpUrl::Unencrypted),
            _ => return Err(InvalidSmtpUrl::Form),
        }
        Ok(Self(url.clone()))
    }
}

impl Smtp {
    /// A mail server. Connections are made when they are needed, by tasks of the current Tokio runtime.
    ///
    /// # Errors
    /// [`InvalidSmtpUrl::Form`].
    pub fn new(SmtpUrl(url): &SmtpUrl) -> Result<Self, InvalidSmtpUrl> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose())
            .map_err(|_| InvalidSmtpUrl::Form)?
            .timeout(Some(COMMAND_TIMEOUT))
            .pool_config(PoolConfig::new().max_size(10).idle_timeout(Duration::from_secs(30)))
            .build();
        Ok(Self { transport })
    }

    pub(crate) async fn send(&self, mail: Message) -> Result<(), MailerError> {
        match tokio::time::timeout(MAIL_TIMEOUT, self.transport.send(mail)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(classify(&error)),
            Err(_) => Err(MailerError::Transient("the mail server did not finish in time".to_owned())),
        }
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Smtp")
    }
}

/// Only a server's last word about the recipient is final. All else may be mended while the mail waits: a
/// network, a server's disk, a password in our configuration.
fn classify(error: &Error) -> MailerError {
    // The server's own text may repeat the address, so only its code is kept.
    let Some(code) = error.status() else {
        let kind = if error.is_timeout() { "no answer in time" } else { "no working connection" };
        return MailerError::Transient(format!("{kind} with the mail server"));
    };
    let code = code.to_string();
    let text = format!("the mail server answered {code}");
    match code.as_str() {
        "550" | "551" | "552" | "553" | "555" | "556" => MailerError::Permanent(text),
        _ => MailerError::Transient(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asvs_12_3_1_mail_leaves_the_machine_encrypted_only() {
        let parse = |url: &str| SmtpUrl::parse(&Secret::new(url)).map(|_| ());
        for url in [
            "smtps://user:secret@mail.example",
            "smtp://user:secret@mail.example:587?tls=required",
            "smtp://localhost:2525",
            "smtp://127.0.0.1:2525",
            "smtp://[::1]:2525",
        ] {
            assert_eq!(parse(url), Ok(()), "{url}");
        }
        assert_eq!(parse("smtp://mail.example"), Err(InvalidSmtpUrl::Unencrypted));
        assert_eq!(parse("smtp://mail.example?tls=opportunistic"), Err(InvalidSmtpUrl::Unencrypted));
        for cut in [
            "smtps://user:12#34@mail.example",
            "smtps://user:12/34@mail.example",
            "smtps://user:12?34@mail.example",
        ] {
            assert_eq!(parse(cut), Err(InvalidSmtpUrl::Form), "{cut}");
        }
        assert_eq!(parse("mail.example"), Err(InvalidSmtpUrl::Form));
        assert_eq!(parse("https://mail.example"), Err(InvalidSmtpUrl::Form));
    }
}
