//! Being let into a call that goes on.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::{
    ApiKeyId, CallId, OrganizationId, Permission, SessionId, UserId, id::LiveGrantId, tokens::TokenIssuer,
};

/// How long a live grant is good: just long enough to be shown.
pub const LONGEST: Duration = Duration::MINUTE;
/// The explicit type of a live grant, so that it never passes for another signed thing (RFC 8725 section 3.11).
pub const TYPE: &str = "live-grant+jwt";

/// In what way somebody takes part in a call that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveMode {
    /// Hears it.
    Monitor,
    /// Hears it, and speaks to whoever speaks for the organization.
    Whisper,
    /// Takes part.
    Barge,
}

/// The text names no mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of monitor, whisper, barge")]
pub struct UnknownLiveMode;

impl LiveMode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Monitor, Self::Whisper, Self::Barge];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Monitor => "monitor",
            Self::Whisper => "whisper",
            Self::Barge => "barge",
        }
    }

    /// The permission that it takes.
    pub const fn permission(self) -> Permission {
        match self {
            Self::Monitor => Permission::LiveSpaceMonitor,
            Self::Whisper => Permission::LiveSpaceWhisper,
            Self::Barge => Permission::LiveSpaceBarge,
        }
    }
}

impl FromStr for LiveMode {
    type Err = UnknownLiveMode;

    fn from_str(text: &str) -> Result<Self, UnknownLiveMode> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or(UnknownLiveMode)
    }
}

/// What a live grant says (RFC 7519 section 4.1; the names are those of the wire).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveClaims {
    /// Who has made it: the public URL.
    pub iss: String,
    /// Whom it is for: the audience of access tokens, too.
    pub aud: String,
    /// Who is let in: `sub` and, of a person, `sid`.
    #[serde(flatten)]
    pub guest: Guest,
    /// Whose call it is.
    pub org: OrganizationId,
    /// Which call.
    pub call: CallId,
    /// In what way.
    pub mode: LiveMode,
    /// Names the grant: it is for one entrance.
    pub jti: LiveGrantId,
    /// When it was made, in seconds since 1970.
    pub iat: i64,
    /// When it is not good any more, in seconds since 1970. That second does not belong to its life.
    pub exp: i64,
}

/// Who is let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Guest {
    /// A person.
    Person {
        /// Who.
        sub: UserId,
        /// In which session.
        sid: SessionId,
    },
    /// A program.
    Key {
        /// By which key.
        sub: ApiKeyId,
    },
}

impl LiveClaims {
    /// What a grant says that is made at `now`: it is good for [`LONGEST`], whatever lifetime the issuer's access tokens have.
    pub fn of(
        issuer: &TokenIssuer,
        id: LiveGrantId,
        guest: Guest,
        (org, call): (OrganizationId, CallId),
        mode: LiveMode,
        now: OffsetDateTime,
    ) -> Self {
        Self {
            iss: issuer.name.clone(),
            aud: issuer.audience.clone(),
            guest,
            org,
            call,
            mode,
            jti: id,
            iat: now.unix_timestamp(),
            exp: (now + LONGEST).unix_timestamp(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_modes_read_back_and_each_takes_its_own_permission() {
        for mode in LiveMode::ALL {
            assert_eq!(mode.as_str().parse(), Ok(mode));
            assert_eq!(mode.permission().as_str(), format!("live_space:{}", mode.as_str()));
            assert_eq!(serde_json::to_value(mode).expect("JSON"), mode.as_str());
        }
        assert_eq!("listen".parse::<LiveMode>(), Err(UnknownLiveMode));
    }
}
