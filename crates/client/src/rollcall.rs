//! Rollcall, as a service beside it sees it.

use std::{sync::Arc, time::Duration};

use rollcall_domain::{api_keys, secret::Secret};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use crate::{
    Caller, ClientAddress, Error, Settings,
    answer::{Answer, of_claims},
    connection::Connection,
    feed,
    keys::Keys,
    memory::Memory,
    settings::InvalidSettings,
    token::{Unverified, is_access_token},
};

/// The longest token that is asked about.
const LONGEST: usize = 4_096;
/// How the tokens of sessions and API keys begin.
const KINDS: [&str; 2] = ["rcs_", api_keys::MARK];

/// Rollcall, as a service beside it sees it. Cloning it is cheap; the feed is followed until the last clone has gone.
#[derive(Clone)]
pub struct Rollcall(Arc<Inner>);

struct Inner {
    connection: Connection,
    keys: Keys,
    memory: Arc<Memory>,
}

impl Rollcall {
    /// Begins to follow what ends at Rollcall, in the background. It need not be there yet: until it is, callers are turned
    /// away.
    ///
    /// Nothing is asked before this returns. The task in the background keeps one stream open, `GET /v1/service/revocations`. Once nothing is
    /// heard of it for two seconds, or it has ended or been refused, it is asked for again, after 0.1 seconds at first and two at the most, for
    /// as long as there is a clone. [`Settings::believed_for`] after something was last heard each token is asked about, until it is heard
    /// again.
    ///
    /// A process that has not chosen whose cryptography it speaks TLS by (`rustls::crypto::CryptoProvider`) has chosen ring's then.
    ///
    /// # Errors
    /// [`InvalidSettings::NoRuntime`] outside of a tokio runtime, [`InvalidSettings::Url`] and [`InvalidSettings::Client`].
    pub fn connect(settings: Settings) -> Result<Self, InvalidSettings> {
        let runtime = Handle::try_current().map_err(|_| InvalidSettings::NoRuntime)?;
        let memory = Arc::new(Memory::new(settings.believed_for, settings.remembered_for));
        let connection = Connection::new(settings)?;
        runtime.spawn(feed::follow(connection.clone(), Arc::downgrade(&memory)));
        Ok(Self(Arc::new(Inner { keys: Keys::new(connection.clone()), connection, memory })))
    }

    /// Who has shown a token: an access token, the token of a session or an API key. Where the request comes from is not certain, so keys
    /// that are held to networks are refused.
    ///
    /// What it asks of the network:
    ///
    /// - nothing for what cannot be a token of Rollcall's and, while the feed is heard, for one that was asked about within
    ///   [`Settings::remembered_for`], unless something of it has ended since. One that is worth nothing is asked about each time;
    /// - for an access token `GET /.well-known/jwks.json`, unless its key was fetched within five minutes. One caller fetches, and others whose
    ///   keys are not known either wait for that; a key that Rollcall has not published is looked for every ten seconds at the most;
    /// - `POST /v1/introspect` (RFC 7662) for the token of a session and for an API key; for the access token of a person until the feed
    ///   was heard for six minutes, while it is not heard, and for six minutes after something of theirs has ended; and for the access
    ///   token of an API key, as it does not tell the key's networks.
    ///
    /// Either question is asked up to three times, with short pauses, as long as [`Settings::patience`] lasts; one that is refused (4xx) is not
    /// repeated. After three in a row without an answer none is asked for half a second, and for up to five if that goes on: whoever comes
    /// then is told at once that it cannot be told. A caller may go away before there is an answer.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for one that is worth nothing, [`Error::NetworkNotAllowed`] for an API key that is held to networks,
    /// [`Error::Unavailable`] when that cannot be told now, as Rollcall has to be asked and does not answer.
    pub async fn authenticate(&self, token: &Secret) -> Result<Caller, Error> {
        self.authenticate_from(token, None).await
    }

    /// The same for a request of which it is certain where it comes from ([`ClientAddress`]), if it is.
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate), but keys that are held to networks are taken from there.
    pub async fn authenticate_from(
        &self,
        token: &Secret,
        client: Option<ClientAddress>,
    ) -> Result<Caller, Error> {
        let client = client.map(|client| client.0);
        let Inner { connection, keys, memory } = &*self.0;
        if token.expose().is_empty() || token.expose().len() > LONGEST {
            return Err(Error::Unauthenticated);
        }
        if is_access_token(token) {
            let unverified = Unverified::of(token).ok_or(Error::Unauthenticated)?;
            let key = keys.find(unverified.kid()).await?.ok_or(Error::Unauthenticated)?;
            let claims = unverified.verify(&key).ok_or(Error::Unauthenticated)?;
            let now = (connection.settings.now)();
            claims.check(&connection.settings.issuer(), now).map_err(|_| Error::Unauthenticated)?;
            if let Some(caller) = of_claims(&claims).filter(|caller| memory.vouches_for(caller)) {
                return Ok(caller);
            }
        }
        // What cannot be a credential of Rollcall's is not worth a question, however many come.
        if !is_access_token(token) && !KINDS.iter().any(|kind| token.expose().starts_with(kind)) {
            return Err(Error::Unauthenticated);
        }
        let hash: [u8; 32] = Sha256::digest(token.expose()).into();
        if let Some(known) = memory.recall(&hash) {
            return known.at(client);
        }
        let turn = memory.turn();
        let answer = self.introspect(token).await?;
        let known = answer.known().ok_or(Error::Unauthenticated)?;
        let admitted = known.at(client);
        let now = (connection.settings.now)().unix_timestamp();
        let seconds = answer.exp.map(|exp| u64::try_from(exp.saturating_sub(now)).unwrap_or(0));
        memory.remember(hash, turn, known, seconds.map_or(Duration::MAX, Duration::from_secs));
        admitted
    }

    async fn introspect(&self, token: &Secret) -> Result<Answer, Error> {
        let connection = &self.0.connection;
        let question = || {
            let form = [("token", token.expose())];
            connection
                .post("/v1/introspect")
                .bearer_auth(connection.settings.service_token.expose())
                .form(&form)
        };
        connection.ask(question).await
    }

    /// The way to Rollcall, for what else is sent there.
    pub(crate) fn connection(&self) -> &Connection {
        &self.0.connection
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use ed25519_dalek::{Signer, SigningKey};
    use rollcall_domain::{Permission, UserId, revocations::Revocation, tokens::TYPE};
    use serde_json::json;
    use time::{OffsetDateTime, macros::datetime};

    use super::*;
    use crate::memory::token_life;

    const NOW: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);
    const URL: &str = "http://127.0.0.1:9";
    const USER: &str = "user_01h455vb4pex5vsknk084sn02q";

    fn token(audience: &str, seconds_ago: i64) -> Secret {
        let made = NOW.unix_timestamp() - seconds_ago;
        let claims = json!({
            "iss": URL, "aud": audience, "sub": USER, "org": "org_01h455vb4pex5vsknk084sn02q", "role": "viewer",
            "sid": "sess_01h455vb4pex5vsknk084sn02q", "jti": "at_01h455vb4pex5vsknk084sn02q", "iat": made, "exp": made + 300,
        });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed =
            format!("{}.{}", part(&json!({"typ": TYPE, "alg": "EdDSA", "kid": "ours"})), part(&claims));
        let signature = SigningKey::from_bytes(&[7; 32]).sign(signed.as_bytes());
        Secret::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes())))
    }

    #[tokio::test(start_paused = true)]
    async fn an_access_token_is_checked_here_and_asked_about_once_something_of_it_has_ended() {
        // Nobody can be asked here.
        let settings = Settings { now: || NOW, ..Settings::new(URL, "the credential") };
        let memory = Arc::new(Memory::new(settings.believed_for, settings.remembered_for));
        let connection = Connection::new(settings).expect("settings");
        tokio::time::advance(token_life() + Duration::from_secs(1)).await;
        let key = SigningKey::from_bytes(&[7; 32]).verifying_key();
        let keys = Keys::known(connection.clone(), "ours", key);
        let rollcall = Rollcall(Arc::new(Inner { connection, keys, memory: memory.clone() }));

        memory.nothing_is_missing();
        let caller = rollcall.authenticate(&token(URL, 0)).await.expect("somebody");
        assert!(caller.allows(Permission::AgentsRead) && !caller.allows(Permission::AgentsManage));
        for bad in [token("elsewhere", 0), token(URL, 300), token(URL, -120), Secret::new("a.b.c")] {
            assert_eq!(rollcall.authenticate(&bad).await, Err(Error::Unauthenticated));
        }
        memory.ended(&Revocation::UserSuspended { user_id: USER.parse::<UserId>().expect("an id") });
        let refused = rollcall.authenticate(&token(URL, 0)).await;
        assert!(matches!(refused, Err(Error::Unavailable { .. })), "{refused:?}");
    }
}
