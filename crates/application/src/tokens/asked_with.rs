//! With which secret of an API key an access token was asked for: the token is good as long as that one is.
//!
//! Secrets are numbered through all organizations, and how many there are is nobody's business. So a token tells a digest of the number,
//! another one in each token, which nobody can make or recognize without the keyring.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rollcall_domain::id::AccessTokenId;

use crate::keyring::Keyring;

const PURPOSE: &str = "access-token/asked-with/v1";
/// Bytes of the digest. It tells apart two secrets at the most, and its token is signed.
const BYTES: usize = 16;

/// What a token tells of the secret with this number.
pub(super) fn mark(keyring: &Keyring, token: AccessTokenId, secret: i64) -> String {
    told(&keyring.digest(PURPOSE, &parts(token, secret).each_ref().map(Vec::as_slice)))
}

/// The number of the secret that a token tells of, if it is one of these.
pub(super) fn find(keyring: &Keyring, token: AccessTokenId, secrets: &[i64], mark: &str) -> Option<i64> {
    secrets.iter().copied().find(|secret| {
        let parts = parts(token, *secret);
        let digests = keyring.digests(PURPOSE, &parts.each_ref().map(Vec::as_slice));
        digests.iter().any(|(_, digest)| told(digest) == mark)
    })
}

fn parts(token: AccessTokenId, secret: i64) -> [Vec<u8>; 2] {
    [token.uuid().as_bytes().to_vec(), secret.to_be_bytes().to_vec()]
}

fn told(digest: &[u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(&digest[..BYTES])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(text: &str) -> Keyring {
        text.parse().expect("a keyring")
    }

    #[test]
    fn a_token_tells_one_secret_from_another_to_whoever_has_the_keyring() {
        const OLD: &str = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        const NEW: &str = "2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
        let [one, other] = [1, 2].map(|number| AccessTokenId::from_parts(0, &[number; 10]));
        let told = mark(&ring(OLD), one, 7);
        assert_eq!(find(&ring(OLD), one, &[6, 7], &told), Some(7));
        assert_eq!(find(&ring(OLD), one, &[6, 8], &told), None);
        assert_eq!(find(&ring(OLD), other, &[6, 7], &told), None, "another token tells it otherwise");
        // Tokens go on while the ring is rotated.
        assert_eq!(find(&ring(&format!("{NEW},{OLD}")), one, &[7], &told), Some(7));
        assert_eq!(find(&ring(NEW), one, &[7], &told), None);
    }
}
