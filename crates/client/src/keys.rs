//! The keys that Rollcall has published: fetched when they are needed, kept for as long as it says, and fetched anew for a
//! key that is not known, though not as often as somebody likes.

use std::{collections::HashMap, sync::Arc, time::Duration};

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
    fetched: Mutex<Option<Fetched>>,
}

struct Fetched {
    keys: Arc<HashMap<String, VerifyingKey>>,
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
    purpose: Option<String>,
}

impl PublicKey {
    fn read(self) -> Option<(String, VerifyingKey)> {
        let is = |text: &Option<String>, expected| text.as_deref() == Some(expected);
        let ours = self.kty == "OKP"
            && is(&self.crv, "Ed25519")
            && is(&self.alg, "EdDSA")
            && is(&self.purpose, "sig");
        let point: [u8; 32] = URL_SAFE_NO_PAD.decode(self.x.filter(|_| ours)?).ok()?.try_into().ok()?;
        Some((self.kid?, VerifyingKey::from_bytes(&point).ok()?))
    }
}

impl Keys {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection, fetched: Mutex::new(None) }
    }

    /// One key that was fetched just now.
    #[cfg(test)]
    pub(crate) fn known(connection: Connection, kid: &str, key: VerifyingKey) -> Self {
        let keys = Arc::new([(kid.to_owned(), key)].into());
        Self { connection, fetched: Mutex::new(Some(Fetched { keys, at: Instant::now() })) }
    }

    /// The key of this name, if Rollcall has published one.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when they have to be fetched and cannot be.
    pub(crate) async fn find(&self, kid: &str) -> Result<Option<VerifyingKey>, Error> {
        let cached = Duration::try_from(CACHED).unwrap_or(Duration::ZERO);
        // Whoever else wants them waits for the one who fetches.
        let mut fetched = self.fetched.lock().await;
        if let Some(Fetched { keys, at }) = &*fetched {
            let key = keys.get(kid).copied();
            let age = at.elapsed();
            if age < NOT_BEFORE || (age < cached && key.is_some()) {
                return Ok(key);
            }
        }
        let set: KeySet = self.connection.ask(|| self.connection.get("/.well-known/jwks.json")).await?;
        let keys: HashMap<_, _> = set.keys.into_iter().filter_map(PublicKey::read).collect();
        let key = keys.get(kid).copied();
        *fetched = Some(Fetched { keys: Arc::new(keys), at: Instant::now() });
        Ok(key)
    }
}
