//! What an access token says, and how long it is good.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::{OrganizationId, Role, SessionId, UserId, id::AccessTokenId, sessions::Session};

/// The explicit type of an access token (RFC 9068 section 2.1), so that no other signed thing passes for one (RFC 8725
/// section 3.11).
pub const TYPE: &str = "at+jwt";
/// The longest that an access token lives. Who checks it on their own learns of nothing that happens in between.
pub const LONGEST: Duration = Duration::minutes(5);
/// How far apart the clocks of two nodes may be.
pub const SKEW: Duration = Duration::MINUTE;

/// Who makes access tokens, for whom, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// Who makes them: the public URL.
    pub name: String,
    /// Whom they are for.
    pub audience: String,
    /// How long they live, at most [`LONGEST`].
    pub lifetime: Duration,
}

/// What an access token says (RFC 7519 section 4.1; the names are those of the wire).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who has made it.
    pub iss: String,
    /// Whom it is for.
    pub aud: String,
    /// Who is signed in.
    pub sub: UserId,
    /// Where they work; left out for somebody who is in no organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org: Option<OrganizationId>,
    /// As what; left out for somebody who is in no organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The session it was made in.
    pub sid: SessionId,
    /// Names the token.
    pub jti: AccessTokenId,
    /// When it was made, in seconds since 1970.
    pub iat: i64,
    /// When it is not good any more, in seconds since 1970. That second does not belong to its life.
    pub exp: i64,
}

/// An access token whose signature is good says what it must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidClaims {
    /// Somebody else has made it.
    #[error("another issuer")]
    Issuer,
    /// It is for somebody else.
    #[error("another audience")]
    Audience,
    /// It has run out.
    #[error("expired")]
    Expired,
    /// It is from the future.
    #[error("not valid yet")]
    NotYet,
    /// It would live longer than any may.
    #[error("too long a life")]
    TooLong,
}

impl Claims {
    /// What a token says that is made in a session, for somebody at work in a place. It does not outlive the session.
    pub fn of(
        issuer: &Issuer,
        id: AccessTokenId,
        session: &Session,
        place: Option<(OrganizationId, Role)>,
        now: OffsetDateTime,
    ) -> Self {
        let lifetime = issuer.lifetime.min(LONGEST);
        Self {
            iss: issuer.name.clone(),
            aud: issuer.audience.clone(),
            sub: session.user,
            org: place.map(|(organization, _)| organization),
            role: place.map(|(_, role)| role),
            sid: session.id,
            jti: id,
            iat: now.unix_timestamp(),
            // By idleness no session ends so soon: asking for a token is a use of it.
            exp: (now + lifetime).min(session.expires_at).unix_timestamp(),
        }
    }

    /// How many seconds the token is good, from when it was made.
    pub fn expires_in(&self) -> u64 {
        u64::try_from(self.exp - self.iat).unwrap_or(0)
    }

    /// Whether they say what `issuer` would have said of a token that is good at `now` (RFC 8725 sections 3.8 and 3.9). Its
    /// signature is checked before.
    ///
    /// # Errors
    /// [`InvalidClaims`].
    pub fn check(&self, issuer: &Issuer, now: OffsetDateTime) -> Result<(), InvalidClaims> {
        if self.iss != issuer.name {
            return Err(InvalidClaims::Issuer);
        }
        if self.aud != issuer.audience {
            return Err(InvalidClaims::Audience);
        }
        if now.unix_timestamp() >= self.exp {
            return Err(InvalidClaims::Expired);
        }
        // Nodes' clocks differ a little. An end is an end, but a beginning may be.
        if self.iat > (now + SKEW).unix_timestamp() {
            return Err(InvalidClaims::NotYet);
        }
        if self.exp.saturating_sub(self.iat) > LONGEST.whole_seconds() {
            return Err(InvalidClaims::TooLong);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = time::macros::datetime!(2026-01-02 03:04:05.5 UTC);

    fn issuer() -> Issuer {
        Issuer {
            name: "https://rollcall.example".to_owned(),
            audience: "platform".to_owned(),
            lifetime: LONGEST,
        }
    }

    fn session(expires_at: OffsetDateTime) -> Session {
        Session {
            id: SessionId::from_parts(0, &[1; 10]),
            user: UserId::from_parts(0, &[2; 10]),
            organization: None,
            authenticated_at: NOW,
            last_seen_at: NOW,
            expires_at,
        }
    }

    fn claims() -> Claims {
        let session = session(NOW + Duration::DAY);
        let place = (OrganizationId::from_parts(0, &[3; 10]), Role::Admin);
        Claims::of(&issuer(), AccessTokenId::from_parts(0, &[4; 10]), &session, Some(place), NOW)
    }

    #[test]
    fn asvs_9_2_1_a_token_lives_five_minutes_at_most_and_not_beyond_its_session() {
        assert_eq!(claims().expires_in(), 300);
        let made = |issuer: &Issuer, session| {
            Claims::of(issuer, AccessTokenId::from_parts(0, &[4; 10]), &session, None, NOW)
        };
        assert_eq!(made(&issuer(), session(NOW + Duration::seconds(90))).expires_in(), 90);
        assert_eq!(made(&issuer(), session(NOW)).expires_in(), 0);
        let careless = Issuer { lifetime: Duration::DAY, ..issuer() };
        assert_eq!(made(&careless, session(NOW + Duration::DAY)).expires_in(), 300);
    }

    #[test]
    fn asvs_9_2_its_end_is_exclusive_and_its_issuer_and_audience_are_ours() {
        let (claims, issuer) = (claims(), issuer());
        let end = OffsetDateTime::from_unix_timestamp(claims.exp).expect("a time");
        assert_eq!(claims.check(&issuer, end - Duration::NANOSECOND), Ok(()));
        assert_eq!(claims.check(&issuer, end), Err(InvalidClaims::Expired));
        assert_eq!(claims.check(&issuer, NOW - Duration::MINUTE), Ok(()));
        assert_eq!(claims.check(&issuer, NOW - Duration::seconds(61)), Err(InvalidClaims::NotYet));
        let elsewhere = Issuer { name: "https://rollcall.example/".to_owned(), ..issuer.clone() };
        assert_eq!(claims.check(&elsewhere, NOW), Err(InvalidClaims::Issuer));
        let others = Issuer { audience: "Platform".to_owned(), ..issuer.clone() };
        assert_eq!(claims.check(&others, NOW), Err(InvalidClaims::Audience));
        let long = Claims { exp: claims.iat + 301, ..claims };
        assert_eq!(long.check(&issuer, NOW), Err(InvalidClaims::TooLong));
    }

    #[test]
    fn somebody_in_no_organization_has_neither_org_nor_role() {
        let nowhere = Claims { org: None, role: None, ..claims() };
        let said = serde_json::to_value(&nowhere).expect("JSON");
        assert!(said.get("org").is_none() && said.get("role").is_none(), "{said}");
        assert_eq!(serde_json::from_value::<Claims>(said).expect("claims"), nowhere);
    }
}
