//! Which version of a thing somebody means.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, de::Error as _};
use time::OffsetDateTime;

/// A version of a thing: how often it has been changed and, where another may come to be under the same name, since when it is this one.
/// A member who is removed and comes back is another member, whose changes are counted anew.
///
/// It is what entity tags tell and `If-Match` asks for (RFC 9110 sections 8.8.3 and 13.1.1). It is written as the number of changes, after
/// microseconds since 1970 and a hyphen where there is a moment, and read only as it is written:
///
/// ```
/// use rollcall_domain::Version;
/// use time::{Duration, OffsetDateTime};
///
/// let joined = OffsetDateTime::UNIX_EPOCH + Duration::SECOND;
/// assert_eq!(Version::since(joined, 3).to_string(), "1000000-3");
/// assert_eq!("3".parse(), Ok(Version::from(3)));
/// assert!("03".parse::<Version>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// In microseconds, which is how moments are kept; nothing where the name is never another's.
    since: i64,
    changes: i32,
}

impl Version {
    /// A version of what is under its name since a moment, of which no more than microseconds counts.
    pub fn since(moment: OffsetDateTime, changes: i32) -> Self {
        Self { since: i64::try_from(moment.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX), changes }
    }
}

impl From<i32> for Version {
    fn from(changes: i32) -> Self {
        Self { since: 0, changes }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.since {
            0 => write!(f, "{}", self.changes),
            since => write!(f, "{since}-{}", self.changes),
        }
    }
}

/// The text is no version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a version as it was shown")]
pub struct InvalidVersion;

impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let (since, changes) = match text.split_once('-') {
            Some((since, changes)) => (since.parse().map_err(|_| InvalidVersion)?, changes),
            None => (0, text),
        };
        let version = Self { since, changes: changes.parse().map_err(|_| InvalidVersion)? };
        // Of what means the same, one text is shown, and no other is taken for it.
        if version.to_string() == text { Ok(version) } else { Err(InvalidVersion) }
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    #[test]
    fn a_version_is_read_as_it_was_written_and_in_no_other_way() {
        let moment = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
        for version in [Version::from(3), Version::since(moment, 3)] {
            assert_eq!(version.to_string().parse(), Ok(version));
        }
        for text in ["", "v3", "03", "+3", "0-3", "1-", "-", "3x", "1-2-3", "99999999999"] {
            assert_eq!(text.parse::<Version>(), Err(InvalidVersion), "{text}");
        }
    }

    #[test]
    fn what_began_at_another_moment_is_another_version_however_often_it_was_changed() {
        let moment = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
        assert_ne!(Version::since(moment, 1), Version::since(moment + Duration::MICROSECOND, 1));
        assert_ne!(Version::since(moment, 1), Version::from(1));
    }
}
