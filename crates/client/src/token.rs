//! Access tokens, checked here: the compact form of RFC 7515 with Ed25519 (RFC 8037), and nothing else of those standards.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, VerifyingKey};
use rollcall_domain::{
    secret::Secret,
    tokens::{Claims, TYPE},
};
use serde::Deserialize;

/// The longest token that is looked at. Rollcall's have about 600 bytes.
const LONGEST: usize = 2_048;

/// The header. One with more in it (`jku`, `x5u`, `jwk`, `crit`) is not Rollcall's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    typ: String,
    alg: String,
    kid: String,
}

/// A token that may be one: what it says is not read before its signature is known to be good.
pub(crate) struct Unverified<'a> {
    signed: &'a str,
    claims: &'a str,
    signature: Signature,
    kid: String,
}

impl<'a> Unverified<'a> {
    /// A token of the right form; none for any other.
    pub(crate) fn of(token: &'a Secret) -> Option<Self> {
        let token = token.expose();
        if token.len() > LONGEST {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        if header.alg != "EdDSA" || header.typ != TYPE {
            return None;
        }
        let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
        Some(Self { signed, claims, signature, kid: header.kid })
    }

    /// Which key it says has signed it.
    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    /// What it says, if this key has signed it.
    pub(crate) fn verify(&self, key: &VerifyingKey) -> Option<Claims> {
        key.verify_strict(self.signed.as_bytes(), &self.signature).ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(self.claims).ok()?).ok()
    }
}

/// Whether a Bearer token looks like an access token, rather than any other.
pub(crate) fn is_access_token(token: &Secret) -> bool {
    token.expose().bytes().filter(|byte| *byte == b'.').count() == 2
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};
    use serde_json::{Value, json};

    use super::*;

    fn signed(header: &Value, claims: &Value) -> Secret {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = SigningKey::from_bytes(&[7; 32]).sign(signed.as_bytes());
        Secret::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes())))
    }

    fn read(token: &Secret) -> Option<Claims> {
        Unverified::of(token)?.verify(&SigningKey::from_bytes(&[7; 32]).verifying_key())
    }

    #[test]
    fn rfc_8725_another_algorithm_type_key_or_header_is_no_token() {
        let ours = json!({"typ": "at+jwt", "alg": "EdDSA", "kid": "ours"});
        let claims = json!({
            "iss": "i", "aud": "a", "sub": "user_01h455vb4pex5vsknk084sn02q", "sid": "sess_01h455vb4pex5vsknk084sn02q",
            "jti": "at_01h455vb4pex5vsknk084sn02q", "iat": 1, "exp": 2,
        });
        let token = signed(&ours, &claims);
        assert!(read(&token).is_some() && is_access_token(&token));
        assert_eq!(Unverified::of(&token).map(|token| token.kid().to_owned()).as_deref(), Some("ours"));
        for (member, value) in [
            ("alg", json!("none")),
            ("alg", json!("HS256")),
            ("typ", json!("JWT")),
            ("jku", json!("https://evil.example/jwks.json")),
            ("jwk", json!({"kty": "OKP"})),
            ("crit", json!([])),
        ] {
            let mut header = ours.clone();
            header[member] = value;
            assert_eq!(read(&signed(&header, &claims)), None, "{header}");
        }
        let other = SigningKey::from_bytes(&[8; 32]).verifying_key();
        assert!(Unverified::of(&token).expect("the form").verify(&other).is_none());
        let text = token.expose();
        for place in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let changed = Secret::new(String::from_utf8(bytes).expect("ASCII"));
            assert_eq!(read(&changed), None, "{place}");
        }
        assert_eq!(read(&Secret::new(format!("{text}="))), None);
    }
}
