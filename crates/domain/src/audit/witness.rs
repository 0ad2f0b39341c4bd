//! Who sees an audit log grow from the outside, so that nobody can rewrite it unnoticed, its operator included.

use time::Duration;

use crate::{EmailAddress, webhooks::WebhookUrl};

/// Where checkpoints are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Witness {
    /// To an address.
    Mail(EmailAddress),
    /// To a program.
    Webhook(WebhookUrl),
}

impl Witness {
    /// The stable name of what it is: `mail` or `webhook`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Mail(_) => "mail",
            Self::Webhook(_) => "webhook",
        }
    }

    /// The address, or the URL.
    pub fn address(&self) -> &str {
        match self {
            Self::Mail(address) => address.as_str(),
            Self::Webhook(url) => url.as_str(),
        }
    }
}

/// How often checkpoints are sent.
pub const EVERY: Duration = Duration::DAY;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhooks::{ATTEMPTS, wait_after};

    #[test]
    fn all_attempts_are_over_before_the_next_checkpoint() {
        let waits: Duration = (1..ATTEMPTS).filter_map(wait_after).sum();
        assert!(waits < EVERY);
        assert_eq!((wait_after(0), wait_after(ATTEMPTS), wait_after(u16::MAX)), (None, None, None));
    }
}
