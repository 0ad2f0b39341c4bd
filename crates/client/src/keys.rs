//! The keys that Rollcall has published: fetched when they are needed, kept for as long as it says, and fetched anew for a
//! key that is not known, though not as often as somebody likes.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::VerifyingKey;
use rollcall_domain::tokens::CACHED;
use serde::Deserialize;
use tokio::{sync::Mutex, time::Instant};

use crate::{Error, connection::Connection};

/// The shortest time between two fetches because of a key that is not known.
const NOT_BEFORE: Duration = Duration::from_secs(10);

/// The keys that Rollcall has published.
pub(crate) struct Keys {
    connection: Connection,
    fetched: RwLock<Option<Fetched>>,
    /// When they were last asked for; held by whoever asks.
    asked: Mutex<Option<Instant>>,
}

struct Fetched {
    keys: HashMap<String, VerifyingKey>,
    at: Instant,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<PublicKey>,
}

/// A key (RFC 8037 section 2). One of another kind is none of ours.
#[derive(Deserialize)]
struct PublicKey {
    kty: String,
    crv: Option<String>,
    x: Option<String>,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    /// What else Rollcall signs is signed with other keys, which are good for no token.
    purpose: Option<String>,
}

impl PublicKey {
    fn read(self) -> Option<(String, VerifyingKey)> {
        let is = |text: &Option<String>, expected| text.as_deref() == Some(expected);
        let ours = self.kty == "OKP"
            && is(&self.crv, "Ed25519")
            && is(&self.alg, "EdDSA")
            && is(&self.usage, "sig")
            && self.purpose.as_deref().is_none_or(|purpose| purpose == "access_token");
        let point: [u8; 32] = URL_SAFE_NO_PAD.decode(self.x.filter(|_| ours)?).ok()?.try_into().ok()?;
        Some((self.kid?, VerifyingKey::from_bytes(&point).ok()?))
    }
}

impl Keys {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection, fetched: RwLock::new(None), asked: Mutex::new(None) }
    }

    /// One key that was fetched just now.
    #[cfg(test)]
    pub(crate) fn known(connection: Connection, kid: &str, key: VerifyingKey) -> Self {
        let fetched = Fetched { keys: [(kid.to_owned(), key)].into(), at: Instant::now() };
        Self { connection, fetched: RwLock::new(Some(fetched)), asked: Mutex::new(Some(Instant::now())) }
    }

    /// The key of this name, if Rollcall has published one.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when they have to be fetched and cannot be.
    pub(crate) async fn find(&self, kid: &str) -> Result<Option<VerifyingKey>, Error> {
        // Nobody whose key is known waits for a fetch that somebody else's made-up one has caused.
        if let Some(key) = self.known_one(kid) {
            return Ok(Some(key));
        }
        let mut asked = self.asked.lock().await;
        if let Some(key) = self.known_one(kid) {
            return Ok(Some(key));
        }
        if asked.is_some_and(|asked| asked.elapsed() < NOT_BEFORE) && self.has_any() {
            return Ok(None);
        }
        *asked = Some(Instant::now());
        let set: KeySet = self.connection.ask(|| self.connection.get("/.well-known/jwks.json")).await?;
        let keys: HashMap<_, _> = set.keys.into_iter().filter_map(PublicKey::read).collect();
        let key = keys.get(kid).copied();
        *self.fetched.write().unwrap_or_else(PoisonError::into_inner) =
            Some(Fetched { keys, at: Instant::now() });
        Ok(key)
    }

    /// A key that was fetched lately enough.
    fn known_one(&self, kid: &str) -> Option<VerifyingKey> {
        let cached = Duration::try_from(CACHED).unwrap_or(Duration::ZERO);
        let fetched = self.fetched.read().unwrap_or_else(PoisonError::into_inner);
        let Fetched { keys, at } = fetched.as_ref()?;
        keys.get(kid).copied().filter(|_| at.elapsed() < cached)
    }

    /// Whether they were fetched lately enough to say that there is no other key.
    fn has_any(&self) -> bool {
        let cached = Duration::try_from(CACHED).unwrap_or(Duration::ZERO);
        let fetched = self.fetched.read().unwrap_or_else(PoisonError::into_inner);
        fetched.as_ref().is_some_and(|fetched| fetched.at.elapsed() < cached)
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::Settings;

    #[tokio::test]
    async fn a_key_that_is_known_waits_for_no_fetch_of_one_that_is_not() {
        // It takes connections and answers nobody.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", silent.local_addr().expect("an address"));
        let connection = Connection::new(Settings::new(&url, "credential")).expect("a connection");
        let key = SigningKey::from_bytes(&[1; 32]).verifying_key();
        let keys = Keys { asked: Mutex::new(None), ..Keys::known(connection, "known", key) };
        let mut unknown = Box::pin(keys.find("made up"));
        tokio::select! {
            biased;
            told = &mut unknown => panic!("nobody has answered: {told:?}"),
            known = keys.find("known") => assert_eq!(known, Ok(Some(key))),
        }
        // One that was asked for in vain is not asked for again at once.
        drop(unknown);
        assert_eq!(keys.find("made up too").await, Ok(None));
    }
}
