//! Bytes that can be kept where they must not be read or changed.

use std::fmt;

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};

use crate::ports::Entropy;

/// Bytes of a nonce of XChaCha20-Poly1305.
const NONCE: usize = 24;

/// Something sealed.
#[derive(Clone)]
pub struct Sealed(pub Vec<u8>);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[sealed]")
    }
}

/// Seals `payload` for `context` alone (XChaCha20-Poly1305): a random nonce, and what it was sealed with.
///
/// None only for a payload beyond what the cipher takes (256 GiB).
pub(crate) fn seal(key: &[u8; 32], context: &[u8], payload: &[u8], entropy: &dyn Entropy) -> Option<Vec<u8>> {
    let mut nonce = [0; NONCE];
    entropy.fill(&mut nonce);
    let cipher = XChaCha20Poly1305::new(&(*key).into());
    let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg: payload, aad: context }).ok()?;
    Some([nonce.as_slice(), &sealed].concat())
}

/// Opens what [`seal`] made for the same context.
pub(crate) fn open(key: &[u8; 32], context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
    let cipher = XChaCha20Poly1305::new(&(*key).into());
    cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: context }).ok()
}
