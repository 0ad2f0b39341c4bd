//! What a message is signed with (Standard Webhooks, <https://www.standardwebhooks.com>).

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use rollcall_domain::secret::Secret;
use sha2::Sha256;

/// How secrets begin.
const PREFIX: &str = "whsec_";

/// The signature of a message: `v1,` and an HMAC-SHA256 of its id, its time and its body. None when the secret is none.
pub(crate) fn signature(secret: &Secret, id: &str, unix_seconds: i64, body: &[u8]) -> Option<String> {
    let key = STANDARD.decode(secret.expose().strip_prefix(PREFIX)?).ok()?;
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{unix_seconds}.").as_bytes());
    mac.update(body);
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specification_s_example_holds() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let body = br#"{"test": 2432232314}"#;
        let signed = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signed.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
        assert_eq!(signature(&Secret::new("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "", 0, b""), None);
        assert_eq!(signature(&Secret::new("whsec_!"), "", 0, b""), None);
    }
}
