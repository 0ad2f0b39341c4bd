//! A device with passkeys, in software (WebAuthn Level 3, section 6), and the browser in front of it. It does what it is told, also
//! what no real one would.
//!
//! Crates that do it were looked at: what they cannot do is most of what is tested here (docs/decisions/0013-passkeys.md).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};

use crate::random;

/// A device that keeps one passkey. A clone is a copy of it, key and counter and all.
#[derive(Clone)]
pub struct SecurityKey {
    key: Vec<u8>,
    id: Vec<u8>,
    user: Vec<u8>,
    /// Where the browser thinks that it is.
    pub origin: String,
    /// The domain that the device answers for; the one that it is asked for when none.
    pub rp_id: Option<String>,
    /// Whose passkey the device says that it is; nobody's when empty.
    pub handle: Option<Vec<u8>>,
    /// Whether it has verified who holds it.
    pub verifies: bool,
    /// How often it was used; none for a device that does not count.
    pub counter: Option<u32>,
    /// Whether its passkeys may be kept elsewhere, and whether they are.
    pub backup: (bool, bool),
}

impl SecurityKey {
    /// A new device, with a browser that shows the page at `base`.
    pub fn new(base: &str) -> Self {
        let key =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()).unwrap();
        Self {
            key: key.as_ref().to_vec(),
            id: random().to_be_bytes().to_vec(),
            user: Vec::new(),
            // Browsers do not take addresses for domains.
            origin: base.replace("127.0.0.1", "localhost"),
            rp_id: None,
            handle: None,
            verifies: true,
            counter: Some(0),
            backup: (false, false),
        }
    }

    /// What `navigator.credentials.create` would give, as JSON.
    pub fn create(&mut self, options: &Value) -> Value {
        let options = &options["publicKey"];
        self.user = URL_SAFE_NO_PAD.decode(options["user"]["id"].as_str().unwrap()).unwrap();
        let client_data = self.client_data("webauthn.create", options);
        let domain = self.rp_id.clone().unwrap_or_else(|| options["rp"]["id"].as_str().unwrap().to_owned());
        let data = [self.data(&domain, 0x40), self.attested()].concat();
        let length = u16::try_from(data.len()).unwrap().to_be_bytes();
        // {"fmt": "none", "attStmt": {}, "authData": data}
        let attestation =
            [b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".as_slice(), &length, &data].concat();
        self.answer(json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
            "attestationObject": URL_SAFE_NO_PAD.encode(attestation),
            "transports": ["internal"],
        }))
    }

    /// What `navigator.credentials.get` would give, as JSON.
    pub fn get(&mut self, options: &Value) -> Value {
        let options = &options["publicKey"];
        self.counter = self.counter.map(|counter| counter + 1);
        let client_data = self.client_data("webauthn.get", options);
        let domain = self.rp_id.clone().unwrap_or_else(|| options["rpId"].as_str().unwrap().to_owned());
        let data = self.data(&domain, 0);
        let signed = [data.as_slice(), digest(&SHA256, client_data.as_bytes()).as_ref()].concat();
        let signature = self.pair().sign(&SystemRandom::new(), &signed).unwrap();
        let handle = self.handle.as_ref().unwrap_or(&self.user);
        let handle = (!handle.is_empty()).then(|| URL_SAFE_NO_PAD.encode(handle));
        self.answer(json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
            "authenticatorData": URL_SAFE_NO_PAD.encode(data),
            "signature": URL_SAFE_NO_PAD.encode(signature),
            "userHandle": handle,
        }))
    }

    /// The id by which the device knows its passkey.
    pub fn id(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.id)
    }

    /// Whose passkey the device keeps.
    pub fn user(&self) -> Vec<u8> {
        self.user.clone()
    }

    fn pair(&self) -> EcdsaKeyPair {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &self.key, &SystemRandom::new()).unwrap()
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        json!({"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false})
            .to_string()
    }

    /// The authenticator data (section 6.1), as far as it is the same for all.
    fn data(&self, domain: &str, more: u8) -> Vec<u8> {
        let (eligible, backed_up) = self.backup;
        let flags =
            1 | u8::from(self.verifies) << 2 | u8::from(eligible) << 3 | u8::from(backed_up) << 4 | more;
        let domain = digest(&SHA256, domain.as_bytes());
        [domain.as_ref(), &[flags], &self.counter.unwrap_or(0).to_be_bytes()].concat()
    }

    /// The id and the public key: `{1: 2, 3: -7, -1: 1, -2: x, -3: y}` (RFC 9053).
    fn attested(&self) -> Vec<u8> {
        let length = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        let pair = self.pair();
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let key = [b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20".as_slice(), x, b"\x22\x58\x20", y].concat();
        [[0; 16].as_slice(), &length, &self.id, &key].concat()
    }

    fn answer(&self, response: Value) -> Value {
        json!({
            "id": self.id(),
            "rawId": self.id(),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        })
    }
}
