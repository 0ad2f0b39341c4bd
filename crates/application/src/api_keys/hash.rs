//! What is kept of a key.

use std::fmt;

use crate::keyring::Keyring;

const PURPOSE: &str = "api-key/v1";

/// What is kept of a key: a digest that nobody can make without the keyring, with the id of the keyring's key that it was made by in
/// front.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash(pub [u8; KeyHash::BYTES]);

impl KeyHash {
    /// How many bytes it has.
    pub const BYTES: usize = 33;

    /// The hash that is kept from now on.
    pub(super) fn new(keyring: &Keyring, text: &str) -> Self {
        Self::of(keyring.newest(), keyring.digest(PURPOSE, &[text.as_bytes()]))
    }

    /// Each hash under which a key may be kept, by whichever key of the keyring it was made.
    pub(crate) fn all(keyring: &Keyring, text: &str) -> Vec<Self> {
        let digests = keyring.digests(PURPOSE, &[text.as_bytes()]);
        digests.into_iter().map(|(id, digest)| Self::of(id, digest)).collect()
    }

    /// The id of the keyring's key that it was made by.
    pub fn ring_key(&self) -> u8 {
        self.0[0]
    }

    fn of(id: u8, digest: [u8; 32]) -> Self {
        let mut bytes = [id; Self::BYTES];
        bytes[1..].copy_from_slice(&digest);
        Self(bytes)
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hash]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(text: &str) -> Keyring {
        text.parse().expect("a keyring")
    }

    #[test]
    fn asvs_13_3_4_a_key_is_found_after_the_keyring_was_rotated_and_not_without_it() {
        const OLD: &str = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        const NEW: &str = "2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
        let kept = KeyHash::new(&ring(OLD), "rck_x");
        assert!(KeyHash::all(&ring(&format!("{NEW},{OLD}")), "rck_x").contains(&kept));
        assert!(!KeyHash::all(&ring(NEW), "rck_x").contains(&kept));
        assert!(!KeyHash::all(&ring(OLD), "rck_y").contains(&kept));
        assert_eq!(KeyHash::new(&ring(&format!("{NEW},{OLD}")), "rck_x").ring_key(), 2);
        assert_eq!(format!("{kept:?}"), "[hash]");
    }
}
