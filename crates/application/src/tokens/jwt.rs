//! JSON Web Tokens in their compact form, signed with Ed25519 (RFC 7515 section 7.1, RFC 8037), and nothing else of those
//! standards: what is not written here is not read here.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use rollcall_domain::secret::Secret;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

/// The one algorithm (RFC 8037 section 3.1).
const ALGORITHM: &str = "EdDSA";
/// The longest token that is looked at. Ours have about 600 bytes.
const LONGEST: usize = 2_048;

/// The header. One with more in it (`jku`, `x5u`, `jwk`, `crit`) is not ours.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<T> {
    typ: T,
    alg: T,
    kid: T,
}

/// Writes and signs a token.
///
/// # Errors
/// Only for claims that are not JSON.
pub(crate) fn sign(
    typ: &str,
    kid: &str,
    key: &SigningKey,
    claims: &impl Serialize,
) -> Result<Secret, serde_json::Error> {
    let mut token = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&Header { typ, alg: ALGORITHM, kid })?);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims)?, &mut token);
    let signature = key.sign(token.as_bytes());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature.to_bytes(), &mut token);
    Ok(Secret::new(token))
}

/// What a token says, if it is of this type and a key of ours has signed it. What it says is not even read before its
/// signature is known to be good (ASVS 9.1.1); the key is one that `key` knows, whatever the header offers (ASVS 9.1.3); and
/// a key goes with one algorithm (RFC 8725 section 3.1).
pub(crate) fn verify<C: DeserializeOwned>(
    token: &str,
    typ: &str,
    key: impl FnOnce(&str) -> Option<VerifyingKey>,
) -> Option<C> {
    if token.len() > LONGEST {
        return None;
    }
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let header: Header<String> = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    if header.alg != ALGORITHM {
        return None;
    }
    let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
    key(&header.kid)?.verify_strict(signed.as_bytes(), &signature).ok()?;
    if header.typ != typ {
        return None;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

/// The thumbprint of a public key (RFC 7638 section 3, RFC 8037 appendix A.3).
pub(super) fn thumbprint(key: &VerifyingKey) -> String {
    let members =
        format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(key.as_bytes()));
    URL_SAFE_NO_PAD.encode(Sha256::digest(members))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn key() -> SigningKey {
        // RFC 8037 appendix A.1.
        let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").expect("base64");
        SigningKey::from_bytes(seed.as_slice().try_into().expect("32 bytes"))
    }

    fn read(token: &str) -> Option<Value> {
        verify(token, "at+jwt", |kid| (kid == "ours").then(|| key().verifying_key()))
    }

    fn signed(header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(key().sign(signed.as_bytes()).to_bytes());
        format!("{signed}.{signature}")
    }

    #[test]
    fn rfc_8037_the_thumbprint_of_the_example_holds() {
        assert_eq!(thumbprint(&key().verifying_key()), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn rfc_8037_the_example_of_a_signature_holds() {
        let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = URL_SAFE_NO_PAD.encode(key().sign(signed.as_bytes()).to_bytes());
        assert_eq!(
            signature,
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        );
    }

    #[test]
    fn what_is_signed_is_read_back() {
        let token = sign("at+jwt", "ours", &key(), &json!({"sub": "x"})).expect("a token");
        assert_eq!(read(token.expose()), Some(json!({"sub": "x"})));
    }

    #[test]
    fn rfc_8725_3_1_and_3_11_another_algorithm_type_key_or_header_is_no_token() {
        let ours = json!({"typ": "at+jwt", "alg": "EdDSA", "kid": "ours"});
        let said = json!({"sub": "x"});
        assert!(read(&signed(&ours, &said)).is_some());
        for (member, value) in [
            ("alg", json!("none")),
            ("alg", json!("HS256")),
            ("alg", json!("eddsa")),
            ("alg", json!(["EdDSA"])),
            ("typ", json!("JWT")),
            ("typ", json!("AT+JWT")),
            ("typ", json!(null)),
            ("kid", json!("theirs")),
            ("kid", json!("../../ours")),
            ("kid", json!(1)),
            ("jku", json!("https://evil.example/jwks.json")),
            ("x5u", json!("https://evil.example/x5u")),
            ("jwk", json!({"kty": "OKP"})),
            ("crit", json!(["exp"])),
            ("crit", json!([])),
        ] {
            let mut header = ours.clone();
            header[member] = value;
            assert_eq!(read(&signed(&header, &said)), None, "{header}");
        }
    }

    #[test]
    fn a_changed_token_is_no_token() {
        let token = sign("at+jwt", "ours", &key(), &json!({"sub": "x"})).expect("a token");
        let token = token.expose();
        for place in 0..token.len() {
            let mut bytes = token.as_bytes().to_vec();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("ASCII");
            assert_eq!(read(&changed), None, "{place}");
        }
        let (signed, _) = token.rsplit_once('.').expect("a signature");
        for text in [
            "",
            ".",
            "..",
            "a.b.c",
            &format!("{token}."),
            &format!("{token}="),
            &format!(" {token}"),
            &format!("{signed}."),
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
