//! Persons: an account belongs to a human being, and may be a member of several organizations.

use std::{fmt, str::FromStr};

use time::{Duration, OffsetDateTime};

use crate::{EmailAddress, SessionId, Text, UserId};

/// A person's name: what colleagues see, 1 to 100 characters.
pub type PersonName = Text<100>;

/// A person's account.
#[derive(Debug, Clone)]
pub struct User {
    /// Names the account for ever.
    pub id: UserId,
    /// The confirmed address.
    pub email: EmailAddress,
    /// What colleagues see.
    pub name: PersonName,
    /// The language of mails and pages.
    pub locale: Locale,
    /// The zone that times are shown in.
    pub time_zone: TimeZone,
    /// When the account was made.
    pub created_at: OffsetDateTime,
    /// Whether a second factor is asked for at sign-in.
    pub mfa_enabled: bool,
    /// Counts the changes of the account, for `If-Match`.
    pub version: i32,
}

/// A sign-up whose address is not confirmed yet.
#[derive(Debug, Clone)]
pub struct Signup {
    /// The address that the mail went to.
    pub email: EmailAddress,
    /// The name of the person.
    pub name: PersonName,
    /// The name of the organization to make.
    pub organization_name: crate::organizations::OrganizationName,
    /// When the link in the mail stops working.
    pub expires_at: OffsetDateTime,
}

/// How long the link that confirms an address works.
pub const SIGNUP_LIFETIME: Duration = Duration::hours(24);

/// A request for another password in place of a forgotten one.
#[derive(Debug, Clone)]
pub struct PasswordReset {
    /// The address that was given.
    pub email: EmailAddress,
    /// When the link in the mail stops working.
    pub expires_at: OffsetDateTime,
}

/// How long the link that lets another password be chosen works (ASVS 6.4.1 asks for a short time).
pub const PASSWORD_RESET_LIFETIME: Duration = Duration::hours(1);

/// A request for another address, which is not confirmed yet.
#[derive(Debug, Clone)]
pub struct EmailChange {
    /// Whose address is to change.
    pub user: UserId,
    /// The session that it was asked for in, which stays when the others end.
    pub session: SessionId,
    /// The address to be.
    pub email: EmailAddress,
    /// When the link in the mail stops working.
    pub expires_at: OffsetDateTime,
}

/// How long the link that confirms another address works (ASVS 6.4.1 asks for a short time).
pub const EMAIL_CHANGE_LIFETIME: Duration = Duration::hours(1);

/// Whom a notice goes to, as the account was when there was something to tell: by the time it is sent, the account may
/// have another address, or be gone.
#[derive(Debug, Clone)]
pub struct NoticeRecipient {
    /// The account.
    pub user: UserId,
    /// The address.
    pub email: EmailAddress,
    /// The name.
    pub name: PersonName,
}

/// A language tag, such as `en` or `pt-BR` (RFC 5646 section 2.1: a language of two or three letters, with an optional script and region); `en`
/// if nobody says. Only its form is checked, and it is kept as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locale(String);

/// The text is not a language tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a language tag like en or pt-BR")]
pub struct InvalidLocale;

impl Locale {
    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Locale {
    fn default() -> Self {
        Self("en".to_owned())
    }
}

impl FromStr for Locale {
    type Err = InvalidLocale;

    fn from_str(text: &str) -> Result<Self, InvalidLocale> {
        let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
        let mut parts = text.split('-');
        let language = parts.next().filter(|part| matches!(part.len(), 2 | 3) && letters(part));
        let rest: Vec<&str> = parts.collect();
        let known = match rest.as_slice() {
            [] => true,
            [region] if region.len() == 2 => letters(region),
            [script] => script.len() == 4 && letters(script),
            [script, region] => script.len() == 4 && region.len() == 2 && letters(script) && letters(region),
            _ => false,
        };
        if language.is_none() || !known {
            return Err(InvalidLocale);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a zone in the IANA time zone database, such as `Europe/Berlin`, at most 64 bytes; `UTC` if nobody says. Only its form is
/// checked: which zones exist changes several times a year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeZone(String);

/// The text is not the name of a time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be the name of a time zone like UTC or Europe/Berlin")]
pub struct InvalidTimeZone;

impl TimeZone {
    /// The most characters of a name.
    pub const LONGEST: usize = 64;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TimeZone {
    fn default() -> Self {
        Self("UTC".to_owned())
    }
}

impl FromStr for TimeZone {
    type Err = InvalidTimeZone;

    fn from_str(text: &str) -> Result<Self, InvalidTimeZone> {
        let part = |part: &str| {
            part.starts_with(|first: char| first.is_ascii_alphabetic())
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte))
        };
        if text.len() > Self::LONGEST || !text.split('/').all(part) {
            return Err(InvalidTimeZone);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales_have_the_form_of_language_tags() {
        for tag in ["en", "gsw", "pt-BR", "zh-Hant", "zh-Hant-TW"] {
            assert!(tag.parse::<Locale>().is_ok(), "{tag}");
        }
        for tag in ["", "e", "english", "en_US", "en-", "en-USA1", "en-US-x", "../en"] {
            assert!(tag.parse::<Locale>().is_err(), "{tag}");
        }
    }

    #[test]
    fn time_zones_have_the_form_of_iana_names() {
        for name in ["UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+1"] {
            assert!(name.parse::<TimeZone>().is_ok(), "{name}");
        }
        for name in ["", "/", "Europe/", "../etc/passwd", "Europe/Ber lin"] {
            assert!(name.parse::<TimeZone>().is_err(), "{name}");
        }
    }
}
