//! Tokens: random texts that open something, of which only a hash is kept.

use rollcall_domain::{
    id::ALPHABET,
    secret::{Secret, TokenHash},
};
use sha2::{Digest, Sha256};

use crate::ports::Entropy;

/// How a session's token begins.
pub(crate) const SESSION_PREFIX: &str = "rcs_";

/// How the token of a challenge begins. Nothing but the second step of signing in takes one.
pub(crate) const CHALLENGE_PREFIX: &str = "rcm_";

/// How the token of a lease on a call begins. It opens nothing else.
pub(crate) const LEASE_PREFIX: &str = "rcl_";

/// A new token with 256 random bits behind `prefix`, and its hash.
pub(crate) fn mint(prefix: &str, entropy: &dyn Entropy) -> (Secret, TokenHash) {
    let mut random = [0; 32];
    entropy.fill(&mut random);
    let mut text = String::with_capacity(prefix.len() + 52);
    text.push_str(prefix);
    let (mut bits, mut held) = (0u32, 0);
    for byte in random {
        bits = bits << 8 | u32::from(byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            text.push(ALPHABET[(bits >> held & 31) as usize] as char);
        }
        bits &= (1 << held) - 1;
    }
    text.push(ALPHABET[(bits << (5 - held) & 31) as usize] as char);
    let hash = hash(&text);
    (Secret::new(text), hash)
}

/// What is kept of a token. It is uniformly random, so one unsalted hash hides it.
pub(crate) fn hash(token: &str) -> TokenHash {
    TokenHash(Sha256::digest(token.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::CountingEntropy;

    #[test]
    fn asvs_7_2_3_a_token_carries_all_256_bits() {
        struct Fixed([u8; 32]);
        impl Entropy for Fixed {
            fn fill(&self, bytes: &mut [u8]) {
                bytes.copy_from_slice(&self.0);
            }
        }
        let tokens: std::collections::BTreeSet<String> = (0..256)
            .map(|bit| {
                let mut random = [0; 32];
                random[bit / 8] = 1 << (bit % 8);
                mint(SESSION_PREFIX, &Fixed(random)).0.expose().to_owned()
            })
            .collect();
        assert_eq!(tokens.len(), 256);
        assert!(tokens.iter().all(|token| token.len() == 56));
    }

    #[test]
    fn the_hash_is_of_the_whole_token() {
        let (token, kept) = mint(SESSION_PREFIX, &CountingEntropy::default());
        assert_eq!(hash(token.expose()), kept);
        let token = token.expose();
        assert_ne!(hash(&token[1..]), kept);
        assert_ne!(hash(&token[..token.len() - 1]), kept);
    }
}
