//! Keys for what leaves the service and must come back unchanged (cursors, what a device shows), is kept but must not be read
//! (answers to keyed requests, signing keys), or is only known by its digest (attempts at passwords, API keys). The pepper of
//! passwords is a ring of its own.

use std::{
    collections::HashMap,
    fmt,
    str::FromStr,
    sync::{Arc, PoisonError, RwLock},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{Error, ports::Entropy, sealed};

/// Bytes of a tag that tells whether a cursor is unchanged.
const TAG: usize = 16;

/// Secret keys by their ids. New work is done with the first; the others only read what they wrote before, so
/// that keys can be rotated.
///
/// Written as `id:base64`, separated by commas, each key of 32 bytes.
#[derive(Clone)]
pub struct Keyring(Arc<Vec<Key>>);

struct Key {
    id: u8,
    bytes: Zeroizing<[u8; 32]>,
    /// The keys derived from it, by purpose: every request with an API key needs one.
    derived: RwLock<HashMap<&'static str, DerivedKey>>,
}

/// A key for one purpose. It is in memory once, however many use it.
pub(crate) type DerivedKey = Arc<Zeroizing<[u8; 32]>>;

/// The text is not a keyring. It is not shown, as it may be one nearly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be `id:key`, or several separated by commas; ids from 0 to 255, keys of 32 bytes in base64")]
pub struct InvalidKeyring;

impl FromStr for Keyring {
    type Err = InvalidKeyring;

    fn from_str(text: &str) -> Result<Self, InvalidKeyring> {
        let keys: Vec<Key> = text
            .split(',')
            .map(|entry| {
                let (id, key) = entry.trim().split_once(':').ok_or(InvalidKeyring)?;
                let bytes = Zeroizing::new(STANDARD.decode(key).map_err(|_| InvalidKeyring)?);
                let bytes: [u8; 32] = bytes.as_slice().try_into().map_err(|_| InvalidKeyring)?;
                let id = id.parse().map_err(|_| InvalidKeyring)?;
                Ok(Key { id, bytes: Zeroizing::new(bytes), derived: RwLock::default() })
            })
            .collect::<Result<_, _>>()?;
        let ids: std::collections::BTreeSet<u8> = keys.iter().map(|key| key.id).collect();
        if ids.len() == keys.len() { Ok(Self(Arc::new(keys))) } else { Err(InvalidKeyring) }
    }
}

/// Why the ring does not open what it should have sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnsealError {
    /// It is not what was sealed, or was sealed for something else.
    #[error("the keyring (ROLLCALL__KEYS__RING) does not open {what}")]
    Damaged {
        /// What it is.
        what: &'static str,
    },
    /// The key is not on the ring (any more).
    #[error("the keyring (ROLLCALL__KEYS__RING) lacks the key {id}, by which {what} was sealed")]
    Missing {
        /// What it is.
        what: &'static str,
        /// By which key.
        id: u8,
    },
}

impl From<UnsealError> for Error {
    fn from(closed: UnsealError) -> Self {
        match closed {
            // It is there again once whoever runs the service has put it back.
            UnsealError::Missing { .. } => Self::Unavailable(Box::new(closed)),
            UnsealError::Damaged { .. } => Self::Internal(Box::new(closed)),
        }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| key.id)).finish()
    }
}

impl Key {
    /// A key for one purpose, so that what is made for one never passes for another.
    fn derived(&self, purpose: &'static str) -> DerivedKey {
        let known = self.derived.read().unwrap_or_else(PoisonError::into_inner).get(purpose).cloned();
        known.unwrap_or_else(|| {
            let key = Zeroizing::new(mac(&self.bytes, &[b"rollcall/", purpose.as_bytes()]));
            let mut derived = self.derived.write().unwrap_or_else(PoisonError::into_inner);
            derived.entry(purpose).or_insert_with(|| Arc::new(key)).clone()
        })
    }
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // A key that is shorter than a block is filled up with zeros (RFC 2104 section 2).
    let mut block = Zeroizing::new([0; 64]);
    block[..key.len()].copy_from_slice(key);
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&(*block).into());
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

impl Keyring {
    /// Adds a key's id and a tag in front of `payload`, for `context` alone.
    pub fn sign(&self, purpose: &'static str, context: &[u8], payload: &[u8]) -> Vec<u8> {
        // Parsing leaves at least one key.
        let key = &self.0[0];
        let tag = mac(&key.derived(purpose), &[context, payload]);
        [&[key.id], &tag[..TAG], payload].concat()
    }

    /// The payload of what [`sign`](Self::sign) made, if nothing has changed and the context is the same.
    pub fn verify<'a>(&self, purpose: &'static str, context: &[u8], signed: &'a [u8]) -> Option<&'a [u8]> {
        let (id, rest) = signed.split_first()?;
        let (tag, payload) = rest.split_at_checked(TAG)?;
        let key = self.0.iter().find(|key| key.id == *id)?;
        let expected = mac(&key.derived(purpose), &[context, payload]);
        bool::from(expected[..TAG].ct_eq(tag)).then_some(payload)
    }

    /// The id of the key that new work is done with.
    pub(crate) fn newest(&self) -> u8 {
        self.0[0].id
    }

    /// Whether there is a key with this id.
    pub(crate) fn has(&self, id: u8) -> bool {
        self.0.iter().any(|key| key.id == id)
    }

    /// A key for one purpose by its id, if it is on the ring.
    pub(crate) fn key(&self, id: u8, purpose: &'static str) -> Option<DerivedKey> {
        self.0.iter().find(|key| key.id == id).map(|key| key.derived(purpose))
    }

    /// A digest that nobody can try guesses against without the keys: what is digested may be little but a password.
    pub fn digest(&self, purpose: &'static str, parts: &[&[u8]]) -> [u8; 32] {
        mac(&self.0[0].derived(purpose), parts)
    }

    /// The digest by each key of the ring, the newest first, with the key's id: what was kept of something may have been made by any.
    pub(crate) fn digests(&self, purpose: &'static str, parts: &[&[u8]]) -> Vec<(u8, [u8; 32])> {
        self.0.iter().map(|key| (key.id, mac(&key.derived(purpose), parts))).collect()
    }

    /// Seals `payload` for `context` alone (XChaCha20-Poly1305, a random nonce each time).
    ///
    /// None only for a payload beyond what the cipher takes (256 GiB).
    pub fn seal(
        &self,
        purpose: &'static str,
        context: &[u8],
        payload: &[u8],
        entropy: &dyn Entropy,
    ) -> Option<Vec<u8>> {
        let key = &self.0[0];
        let sealed = sealed::seal(&key.derived(purpose), context, payload, entropy)?;
        Some([&[key.id], sealed.as_slice()].concat())
    }

    /// Opens what [`seal`](Self::seal) made for the same context.
    pub fn open(&self, purpose: &'static str, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (id, sealed) = sealed.split_first()?;
        let key = self.0.iter().find(|key| key.id == *id)?;
        sealed::open(&key.derived(purpose), context, sealed)
    }

    /// Opens what is kept, or says why not: `what` it is that does not open.
    pub(crate) fn open_kept(
        &self,
        what: &'static str,
        purpose: &'static str,
        context: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, UnsealError> {
        let opened = self.open(purpose, context, sealed).map(Zeroizing::new);
        opened.ok_or_else(|| match sealed.first().copied().filter(|id| !self.has(*id)) {
            Some(id) => UnsealError::Missing { what, id },
            None => UnsealError::Damaged { what },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::CountingEntropy;

    fn keyring(entries: &[(u8, u8)]) -> Keyring {
        let text: Vec<String> =
            entries.iter().map(|(id, byte)| format!("{id}:{}", STANDARD.encode([*byte; 32]))).collect();
        text.join(",").parse().expect("a keyring")
    }

    #[test]
    fn what_is_signed_or_sealed_comes_back_only_unchanged_and_in_its_context() {
        let keys = keyring(&[(1, 1)]);
        let signed = keys.sign("cursor", b"here", b"payload");
        assert_eq!(keys.verify("cursor", b"here", &signed), Some(b"payload".as_slice()));
        assert_eq!(keys.verify("cursor", b"there", &signed), None);
        assert_eq!(keys.verify("other", b"here", &signed), None);
        let sealed = keys.seal("answer", b"here", b"payload", &CountingEntropy::default()).expect("sealed");
        assert_eq!(keys.open("answer", b"here", &sealed).as_deref(), Some(b"payload".as_slice()));
        assert_eq!(keys.open("answer", b"there", &sealed), None);
        for (bytes, opens) in [(&signed, false), (&sealed, true)] {
            for place in 0..bytes.len() {
                let mut changed = bytes.clone();
                changed[place] ^= 1;
                let came_back = if opens {
                    keys.open("answer", b"here", &changed).is_some()
                } else {
                    keys.verify("cursor", b"here", &changed).is_some()
                };
                assert!(!came_back, "byte {place}");
            }
        }
    }

    #[test]
    fn a_key_for_a_purpose_is_derived_once_and_is_the_same_whoever_derives_it() {
        let keys = keyring(&[(2, 2), (1, 1)]);
        let digests = keys.digests("one", &[b"text"]);
        for _ in 0..2 {
            assert_eq!(keys.digests("one", &[b"text"]), digests);
            assert_eq!(keyring(&[(2, 2), (1, 1)]).digests("one", &[b"text"]), digests);
            assert_ne!(keys.digests("two", &[b"text"]), digests);
        }
        for key in keys.0.iter() {
            assert_eq!(key.derived.read().expect("no panic").len(), 2);
            assert!(Arc::ptr_eq(&key.derived("one"), &key.derived("one")));
            assert_eq!(**key.derived("one"), mac(&key.bytes, &[b"rollcall/", b"one"]));
        }
    }

    #[test]
    fn what_an_older_key_has_signed_is_good_as_long_as_it_is_on_the_ring() {
        let old = keyring(&[(1, 1)]).sign("cursor", b"", b"payload");
        assert!(keyring(&[(2, 2), (1, 1)]).verify("cursor", b"", &old).is_some());
        assert!(keyring(&[(2, 2)]).verify("cursor", b"", &old).is_none());
    }

    #[test]
    fn broken_keyrings_are_refused_and_keys_are_not_printed() {
        let key = STANDARD.encode([9; 32]);
        for text in ["", "1", "1:", "1:AAAA", &format!("256:{key}"), &format!("1:{key},1:{key}")] {
            assert!(text.parse::<Keyring>().is_err(), "{text}");
        }
        assert_eq!(format!("{:?}", keyring(&[(3, 9)])), "[3]");
    }
}
