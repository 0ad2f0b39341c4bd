//! Ids for requests that bring none along.

use std::sync::atomic::{AtomicU64, Ordering};

use rollcall_application::ports::Entropy;
use rollcall_domain::hexadecimal;
use sha2::{Digest, Sha256};

/// Gives ids to requests: 128 bits in hexadecimal, like the ids of traces (W3C Trace Context, section 3.2.2.3). They are no
/// secrets, but tell nothing of how many there have been; chance is asked for once, and not for every request.
pub(crate) struct RequestIds {
    seed: [u8; 32],
    given: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        let mut seed = [0; 32];
        entropy.fill(&mut seed);
        Self { seed, given: AtomicU64::new(0) }
    }

    pub(crate) fn next(&self) -> String {
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        let digest = Sha256::new().chain_update(self.seed).chain_update(number.to_be_bytes()).finalize();
        hexadecimal(&digest[..16])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    #[test]
    fn each_request_id_is_a_new_one_of_32_hexadecimal_digits() {
        let ids = RequestIds::new(&Zeros);
        let (first, second) = (ids.next(), ids.next());
        assert_ne!(first, second);
        for id in [first, second] {
            assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
        }
    }
}
