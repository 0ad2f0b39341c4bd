//! The mails that have come, and the tokens in them.

use std::{collections::HashMap, sync::Mutex};

use rollcall_tests::smtp::SmtpServer;

/// What has come, read up to a certain mail.
#[derive(Default)]
pub(crate) struct Mailbox(Mutex<Read>);

#[derive(Default)]
struct Read {
    mails: usize,
    /// By address: the newest token, if there was one.
    tokens: HashMap<String, Option<String>>,
}

impl Mailbox {
    /// The token in the newest mail to an address that had one.
    pub(crate) fn token(&self, smtp: &SmtpServer, address: &str) -> Option<String> {
        self.read(smtp).get(address).cloned().flatten()
    }

    /// Whether any mail has come to an address.
    pub(crate) fn has(&self, smtp: &SmtpServer, address: &str) -> bool {
        self.read(smtp).contains_key(address)
    }

    fn read(&self, smtp: &SmtpServer) -> impl std::ops::Deref<Target = HashMap<String, Option<String>>> {
        let mut read = self.0.lock().unwrap();
        for mail in smtp.received_after(read.mails) {
            read.mails += 1;
            let token = token(&mail.data);
            for address in mail.recipients {
                let newest = read.tokens.entry(address).or_default();
                *newest = token.clone().or_else(|| newest.take());
            }
        }
        Tokens(read)
    }
}

struct Tokens<'a>(std::sync::MutexGuard<'a, Read>);

impl std::ops::Deref for Tokens<'_> {
    type Target = HashMap<String, Option<String>>;

    fn deref(&self) -> &Self::Target {
        &self.0.tokens
    }
}

/// The token of the link in a mail, out of quoted-printable text (RFC 2045 section 6.7).
fn token(data: &str) -> Option<String> {
    let text = data.replace("=\r\n", "").replace("=3D", "=");
    Some(text.split("token=").nth(1)?.chars().take_while(char::is_ascii_alphanumeric).collect())
}
