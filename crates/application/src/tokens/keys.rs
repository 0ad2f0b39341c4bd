//! The signing keys, as this node knows them.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use ed25519_dalek::VerifyingKey;
use rollcall_domain::tokens::{KeyPurpose, SigningKey, TokenIssuer, signing};
use time::OffsetDateTime;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::{StoredKey, jwt, rotate};
use crate::{
    Application, Error, Sealed,
    keyring::Keyring,
    ports::{Scope, StoreError},
};

const PURPOSE: &str = "signing-key/v1";
/// How long a node goes by the keys it has read, before it looks for newer ones. A key is published for minutes before it
/// signs, so nobody meets one too early.
const FRESH: Duration = Duration::from_secs(2);

/// What access tokens say of their issuer, and the keys that sign them, as this node knows them. Cloning it is cheap.
#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

struct Inner {
    issuer: TokenIssuer,
    known: RwLock<Option<(Instant, Arc<KnownKeys>)>>,
    /// Held by whoever reads them anew.
    reading: Mutex<()>,
}

impl Tokens {
    /// Tokens of an issuer. Keys are read when they are needed.
    pub fn new(issuer: TokenIssuer) -> Self {
        Self(Arc::new(Inner { issuer, known: RwLock::default(), reading: Mutex::default() }))
    }

    /// Who makes the tokens, for whom, and for how long.
    pub fn issuer(&self) -> &TokenIssuer {
        &self.0.issuer
    }

    /// The keys there are. Of each purpose one is made when there is none, or none that has not been taken out of use.
    pub(crate) async fn keys(&self, app: &Application) -> Result<Arc<KnownKeys>, Error> {
        if let Some(keys) = self.fresh() {
            return Ok(keys);
        }
        let _turn = self.0.reading.lock().await;
        if let Some(keys) = self.fresh() {
            return Ok(keys);
        }
        let mut stored = read(app).await?;
        for purpose in KeyPurpose::ALL {
            if !stored.iter().any(|stored| stored.key.is_last_of(purpose)) {
                rotate::first(app, purpose).await?;
                stored = read(app).await?;
            }
        }
        let keys = Arc::new(KnownKeys::open(&app.keyring, stored)?);
        let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        *known = Some((Instant::now(), keys.clone()));
        Ok(keys)
    }

    fn fresh(&self) -> Option<Arc<KnownKeys>> {
        let known = self.0.known.read().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|(read, _)| read.elapsed() < FRESH).map(|(_, keys)| keys.clone())
    }
}

async fn read(app: &Application) -> Result<Vec<StoredKey>, StoreError> {
    app.store.view(Scope::SigningKeys).await?.signing_keys().await
}

/// A key that signs, or is about to, and that an older key of the keyring has sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedKey {
    /// What it signs.
    pub purpose: KeyPurpose,
    /// The ring's key that has sealed it.
    pub ring_key: u8,
    /// Whether that is there; otherwise nothing is signed.
    pub is_on_the_ring: bool,
}

/// The keys that sign, and that another key of the ring has sealed than the first: they are not sealed anew, others take their place.
///
/// # Errors
/// When the database does not answer.
pub async fn sealed_by_older(app: &Application) -> Result<Vec<SealedKey>, Error> {
    let stored = read(app).await?;
    let last = stored.iter().filter(|stored| stored.key.retires_at.is_none());
    let older = last.filter_map(|stored| {
        let ring_key = stored.private.0.first().copied().filter(|id| *id != app.keyring.newest())?;
        let is_on_the_ring = app.keyring.has(ring_key);
        Some(SealedKey { purpose: stored.key.purpose, ring_key, is_on_the_ring })
    });
    let mut older: Vec<_> = older.collect();
    older.sort_by_key(|key| key.purpose.as_str());
    Ok(older)
}

/// Signing keys, opened.
pub(crate) struct KnownKeys(Vec<KnownKey>);

pub(super) struct KnownKey {
    pub(super) public: SigningKey,
    verifying: VerifyingKey,
    /// None for a key that the keyring does not open.
    private: Option<ed25519_dalek::SigningKey>,
}

impl KnownKeys {
    fn open(keyring: &Keyring, stored: Vec<StoredKey>) -> Result<Self, Error> {
        let keys = stored.into_iter().map(|StoredKey { key, private }| {
            let verifying = VerifyingKey::from_bytes(&key.public_key)
                .map_err(|error| Error::Internal(Box::new(error)))?;
            let private =
                open(keyring, &key, &private).filter(|private| private.verifying_key() == verifying);
            Ok(KnownKey { public: key, verifying, private })
        });
        keys.collect::<Result<_, _>>().map(Self)
    }

    fn of(&self, purpose: KeyPurpose) -> impl Iterator<Item = &KnownKey> {
        self.0.iter().filter(move |key| key.public.purpose == purpose)
    }

    /// The key that signs at `now`, with its name.
    ///
    /// # Errors
    /// [`Error::Internal`] when the keyring does not open it.
    pub(crate) fn signing(
        &self,
        purpose: KeyPurpose,
        now: OffsetDateTime,
    ) -> Result<(&str, &ed25519_dalek::SigningKey), Error> {
        let public = signing(self.of(purpose).map(|key| &key.public), now);
        let kid = public.map_or("", |key| key.kid.as_str());
        let private = self.of(purpose).find(|key| key.public.kid == kid).and_then(|key| key.private.as_ref());
        private.map(|private| (kid, private)).ok_or_else(|| {
            let problem = format!("the keyring (ROLLCALL__KEYS__RING) does not open the signing key {kid:?}");
            Error::Internal(problem.into())
        })
    }

    /// The key of that name, if something that it signed can be good at `now`.
    pub(super) fn verifying(
        &self,
        purpose: KeyPurpose,
        kid: &str,
        now: OffsetDateTime,
    ) -> Option<VerifyingKey> {
        let key = self.of(purpose).find(|key| key.public.kid == kid && key.public.is_published(now))?;
        Some(key.verifying)
    }

    /// Those that are published at `now`.
    pub(crate) fn published(&self, now: OffsetDateTime) -> Vec<SigningKey> {
        self.0.iter().filter(|key| key.public.is_published(now)).map(|key| key.public.clone()).collect()
    }
}

impl StoredKey {
    /// A new key, of which `make` says what it is for and when.
    pub(crate) fn generate(
        app: &Application,
        make: impl FnOnce(String, [u8; 32]) -> SigningKey,
    ) -> Result<Self, Error> {
        let mut seed = Zeroizing::new([0; 32]);
        app.entropy.fill(seed.as_mut_slice());
        let verifying = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key();
        let key = make(jwt::thumbprint(&verifying), verifying.to_bytes());
        let sealed = app.keyring.seal(PURPOSE, &context(&key), seed.as_slice(), app.entropy.as_ref());
        let private = sealed.ok_or_else(|| Error::Internal("a signing key was not sealed".into()))?;
        Ok(Self { key, private: Sealed(private) })
    }
}

fn open(keyring: &Keyring, key: &SigningKey, private: &Sealed) -> Option<ed25519_dalek::SigningKey> {
    let seed = Zeroizing::new(keyring.open(PURPOSE, &context(key), &private.0)?);
    let seed: Zeroizing<[u8; 32]> = Zeroizing::new(seed.as_slice().try_into().ok()?);
    Some(ed25519_dalek::SigningKey::from_bytes(&seed))
}

/// What a private part is sealed for: one key, and what it signs.
fn context(key: &SigningKey) -> Vec<u8> {
    format!("{}/{}", key.purpose.as_str(), key.kid).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{MockDirectory, NOW, TestStore, application};

    #[test]
    fn a_private_key_is_sealed_for_its_own_row_and_opens_no_other() {
        let app = application(&TestStore::default(), MockDirectory::new());
        let new = || {
            let make = |kid, public| SigningKey::first(KeyPurpose::AccessToken, kid, public, NOW);
            StoredKey::generate(&app, make).expect("a key")
        };
        let (one, other) = (new(), new());
        assert_eq!(format!("{:?}", one.private), "[sealed]");
        let signs = |key: &StoredKey| {
            let keys = KnownKeys::open(&app.keyring, vec![key.clone()]).expect("keys");
            keys.signing(KeyPurpose::AccessToken, NOW).is_ok()
        };
        assert!(signs(&one) && signs(&other));
        assert!(!signs(&StoredKey { private: other.private.clone(), ..one.clone() }));
        let renamed = SigningKey { kid: other.key.kid.clone(), ..one.key.clone() };
        assert!(!signs(&StoredKey { key: renamed, ..one }));
    }

    #[test]
    fn rfc_8725_3_12_a_key_verifies_what_it_is_for_and_nothing_else() {
        let app = application(&TestStore::default(), MockDirectory::new());
        for purpose in KeyPurpose::ALL {
            let make = |kid, public| SigningKey::first(purpose, kid, public, NOW);
            let key = StoredKey::generate(&app, make).expect("a key");
            let keys = KnownKeys::open(&app.keyring, vec![key.clone()]).expect("keys");
            for other in KeyPurpose::ALL {
                let found = keys.verifying(other, &key.key.kid, NOW);
                assert_eq!(found.is_some(), other == purpose, "{purpose:?} {other:?}");
            }
        }
    }
}
