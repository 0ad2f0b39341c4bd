//! What an access token says, and how long it is good.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::{
    ApiKeyId, OrganizationId, PermissionSet, Role, SessionId, UserId, api_keys::ApiKey, id::AccessTokenId,
    sessions::Session,
};

/// The explicit type of an access token (RFC 9068 section 2.1), so that no other signed thing passes for one (RFC 8725
/// section 3.11).
pub const TYPE: &str = "at+jwt";
/// The longest that an access token lives. Who checks it on their own learns of nothing that happens in between.
pub const LONGEST: Duration = Duration::minutes(5);
/// How far apart the clocks of two nodes may be.
pub const SKEW: Duration = Duration::MINUTE;

/// Who makes access tokens, for whom, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenIssuer {
    /// Who makes them: the public URL.
    pub name: String,
    /// Whom they are for: all services that take the same, Rollcall among them.
    pub audience: String,
    /// How long they live, at most [`LONGEST`].
    pub lifetime: Duration,
}

/// What an access token says (RFC 7519 section 4.1; the names are those of the wire).
///
/// ```
/// use rollcall_domain::tokens::{Claims, InvalidClaims, LONGEST, TokenIssuer};
/// use time::OffsetDateTime;
///
/// let issuer = TokenIssuer {
///     name: "https://rollcall.example".to_owned(),
///     audience: "agents".to_owned(),
///     lifetime: LONGEST,
/// };
/// let claims: Claims = serde_json::from_value(serde_json::json!({
///     "iss": "https://rollcall.example", "aud": "agents",
///     "sub": "user_01h455vb4pex5vsknk084sn02q", "sid": "sess_01h455vb4pex5vsknk084sn02q",
///     "jti": "at_01h455vb4pex5vsknk084sn02q", "iat": 0, "exp": 300,
/// }))?;
/// assert_eq!(claims.check(&issuer, OffsetDateTime::UNIX_EPOCH), Ok(()));
/// assert_eq!(claims.check(&issuer, OffsetDateTime::UNIX_EPOCH + LONGEST), Err(InvalidClaims::Expired));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who has made it: the issuer's name.
    pub iss: String,
    /// Whom it is for: the issuer's audience.
    pub aud: String,
    /// For whom it speaks.
    #[serde(flatten)]
    pub holder: TokenSubject,
    /// Names the token.
    pub jti: AccessTokenId,
    /// When it was made, in seconds since 1970.
    pub iat: i64,
    /// When it is not good any more, in seconds since 1970. That second does not belong to its life.
    pub exp: i64,
}

/// For whom an access token speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TokenSubject {
    /// A person who is signed in.
    Person {
        /// Who is signed in.
        sub: UserId,
        /// Where they work; left out for somebody who is in no organization.
        #[serde(skip_serializing_if = "Option::is_none")]
        org: Option<OrganizationId>,
        /// As what; left out for somebody who is in no organization.
        #[serde(skip_serializing_if = "Option::is_none")]
        role: Option<Role>,
        /// The session it was made in.
        sid: SessionId,
    },
    /// A program that has an API key.
    Key {
        /// The key.
        sub: ApiKeyId,
        /// Whose it is.
        org: OrganizationId,
        /// What it may do, separated by spaces (RFC 8693 section 4.2).
        #[serde(with = "scope")]
        scope: PermissionSet,
        /// With which of the key's secrets it was asked for, told so that nobody but Rollcall can read it. Nodes of a release before do
        /// not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asked_with: Option<String>,
    },
}

/// The secret of an API key that a token was asked for with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShownSecret {
    /// What the token tells of it; none where it is not known.
    pub mark: Option<String>,
    /// Until when it works; none when for as long as the key does.
    pub until: Option<OffsetDateTime>,
}

/// Permissions as one text, separated by spaces (RFC 6749 section 3.3).
mod scope {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::PermissionSet;

    pub(super) fn serialize<S: Serializer>(scope: &PermissionSet, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&scope.to_string())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PermissionSet, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.split(' ').map(|name| name.parse().map_err(D::Error::custom)).collect()
    }
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
    /// What a token says that is made in a session, for somebody at work in a place, or in none. It does not outlive the session, and lives for
    /// [`LONGEST`] at the most, whatever the issuer says.
    pub fn of(
        issuer: &TokenIssuer,
        id: AccessTokenId,
        session: &Session,
        place: Option<(OrganizationId, Role)>,
        now: OffsetDateTime,
    ) -> Self {
        let holder = TokenSubject::Person {
            sub: session.user,
            org: place.map(|(organization, _)| organization),
            role: place.map(|(_, role)| role),
            sid: session.id,
        };
        // By idleness no session ends so soon: asking for a token is a use of it.
        Self::until(issuer, id, holder, session.expires_at, now)
    }

    /// What a token says that is made with an API key. It does not outlive the key, nor the secret that it was asked for with, and lives for
    /// [`LONGEST`] at the most, whatever the issuer says.
    pub fn of_key(
        issuer: &TokenIssuer,
        id: AccessTokenId,
        organization: OrganizationId,
        key: &ApiKey,
        shown: ShownSecret,
        now: OffsetDateTime,
    ) -> Self {
        let holder = TokenSubject::Key {
            sub: key.id,
            org: organization,
            scope: key.scopes.permissions(),
            asked_with: shown.mark,
        };
        let ends = [key.expires_at, shown.until];
        let end = ends.into_iter().flatten().min().unwrap_or(now + LONGEST);
        Self::until(issuer, id, holder, end, now)
    }

    fn until(
        issuer: &TokenIssuer,
        id: AccessTokenId,
        holder: TokenSubject,
        end: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Self {
        let lifetime = issuer.lifetime.min(LONGEST);
        Self {
            iss: issuer.name.clone(),
            aud: issuer.audience.clone(),
            holder,
            jti: id,
            iat: now.unix_timestamp(),
            exp: (now + lifetime).min(end).unix_timestamp(),
        }
    }

    /// How many seconds the token is good, from when it was made; 0 when what it was asked for with was over by then.
    pub fn expires_in(&self) -> u64 {
        u64::try_from(self.exp - self.iat).unwrap_or(0)
    }

    /// Whether they say what `issuer` would have said of a token that is good at `now` (RFC 8725 sections 3.8 and 3.9). Its
    /// signature is checked before. Its beginning may be up to [`SKEW`] after `now`, as clocks differ; its end is not put off.
    ///
    /// # Errors
    /// [`InvalidClaims`], of the first that is wrong, in the order of its variants.
    pub fn check(&self, issuer: &TokenIssuer, now: OffsetDateTime) -> Result<(), InvalidClaims> {
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
    use crate::{
        Permission,
        api_keys::{KeyPrefix, Networks, Scopes},
    };

    const NOW: OffsetDateTime = time::macros::datetime!(2026-01-02 03:04:05.5 UTC);

    fn issuer() -> TokenIssuer {
        TokenIssuer {
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
        let made = |issuer: &TokenIssuer, session| {
            Claims::of(issuer, AccessTokenId::from_parts(0, &[4; 10]), &session, None, NOW)
        };
        assert_eq!(made(&issuer(), session(NOW + Duration::seconds(90))).expires_in(), 90);
        assert_eq!(made(&issuer(), session(NOW)).expires_in(), 0);
        let careless = TokenIssuer { lifetime: Duration::DAY, ..issuer() };
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
        let elsewhere = TokenIssuer { name: "https://rollcall.example/".to_owned(), ..issuer.clone() };
        assert_eq!(claims.check(&elsewhere, NOW), Err(InvalidClaims::Issuer));
        let others = TokenIssuer { audience: "Platform".to_owned(), ..issuer.clone() };
        assert_eq!(claims.check(&others, NOW), Err(InvalidClaims::Audience));
        let long = Claims { exp: claims.iat + 301, ..claims };
        assert_eq!(long.check(&issuer, NOW), Err(InvalidClaims::TooLong));
    }

    #[test]
    fn somebody_in_no_organization_has_neither_org_nor_role() {
        let (sub, sid) = (UserId::from_parts(0, &[2; 10]), SessionId::from_parts(0, &[1; 10]));
        let nowhere = Claims { holder: TokenSubject::Person { sub, org: None, role: None, sid }, ..claims() };
        let said = serde_json::to_value(&nowhere).expect("JSON");
        assert!(said.get("org").is_none() && said.get("role").is_none(), "{said}");
        assert_eq!(serde_json::from_value::<Claims>(said).expect("claims"), nowhere);
    }
    #[test]
    fn a_token_of_a_key_says_its_scopes_and_lives_no_longer_than_what_it_was_asked_for_with() {
        let key = ApiKey {
            id: ApiKeyId::from_parts(0, &[5; 10]),
            prefix: KeyPrefix::from_random([0; 16]),
            name: "CI".parse().expect("a name"),
            scopes: Scopes::new([Permission::CallsWrite, Permission::CallsRead]).expect("scopes"),
            networks: Networks::default(),
            rate_limit: None,
            created_by: None,
            created_at: NOW,
            expires_at: None,
            revoked_at: None,
            version: 1,
        };
        let made = |key: &ApiKey, until| {
            let (id, organization) =
                (AccessTokenId::from_parts(0, &[4; 10]), OrganizationId::from_parts(0, &[3; 10]));
            let shown = ShownSecret { mark: Some("a mark".to_owned()), until };
            Claims::of_key(&issuer(), id, organization, key, shown, NOW)
        };
        let claims = made(&key, None);
        assert_eq!(claims.expires_in(), 300);
        let said = serde_json::to_value(&claims).expect("JSON");
        assert_eq!(said["scope"], "calls:read calls:write");
        assert_eq!(said["sub"], key.id.to_string());
        assert!(said.get("role").is_none() && said.get("sid").is_none(), "{said}");
        assert_eq!(said["asked_with"], "a mark");
        assert_eq!(serde_json::from_value::<Claims>(said.clone()).expect("claims"), claims);
        // A node of a release before does not say with which secret.
        let mut before = said;
        before.as_object_mut().expect("an object").remove("asked_with");
        let before = serde_json::from_value::<Claims>(before).expect("claims");
        assert!(matches!(before.holder, TokenSubject::Key { asked_with: None, .. }), "{before:?}");
        let ends = ApiKey { expires_at: Some(NOW + Duration::seconds(90)), ..key.clone() };
        assert_eq!(made(&ends, None).expires_in(), 90);
        assert_eq!(made(&key, Some(NOW + Duration::seconds(30))).expires_in(), 30);
        assert_eq!(made(&ends, Some(NOW + Duration::DAY)).expires_in(), 90);
    }

    #[test]
    fn a_token_speaks_for_a_person_or_a_key_and_for_nothing_in_between() {
        let said = serde_json::to_value(claims()).expect("JSON");
        for (member, value) in [
            ("sub", serde_json::json!("key_01h455vb4pex5vsknk084sn02q")),
            ("sub", serde_json::json!("inv_01h455vb4pex5vsknk084sn02q")),
            ("sid", serde_json::Value::Null),
        ] {
            let mut mixed = said.clone();
            mixed[member] = value;
            assert!(serde_json::from_value::<Claims>(mixed).is_err(), "{member}");
        }
    }
}
