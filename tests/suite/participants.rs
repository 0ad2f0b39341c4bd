//! Participants in calls whose media go from end to end: they speak SFrame (RFC 9605), with a relay in between.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::hkdf;
use serde_json::Value;
use sframe::{
    CipherSuite,
    frame::{EncryptedFrame, MediaFrame, MonotonicCounter, SingleUseCounter},
    header::SframeHeader,
    key::{DecryptionKey, EncryptionKey},
};

/// How many bits of a key id say which step it is.
pub(crate) const STEP_BITS: u32 = 8;

/// The base key that somebody was shown.
pub(crate) fn base_key(shown: &Value) -> Vec<u8> {
    STANDARD.decode(shown["base_key"].as_str().unwrap()).unwrap()
}

/// The key id that somebody was shown.
pub(crate) fn key_id(shown: &Value) -> u64 {
    shown["key_id"].as_u64().unwrap()
}

/// The next base key (RFC 9605 section 5.1), by another implementation than the service's.
pub(crate) fn ratcheted(base: &[u8]) -> Vec<u8> {
    struct Length;
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            32
        }
    }
    let mut next = vec![0; 32];
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(base);
    extracted.expand(&[b"SFrame 1.0 Ratchet"], Length).unwrap().fill(&mut next).unwrap();
    next
}

/// Somebody in a call, with the base key that they know, and from which step on.
pub(crate) struct Participant {
    pub(crate) key_id: u64,
    base: Vec<u8>,
    counter: MonotonicCounter,
    /// Base keys of later steps, as they were needed.
    later: HashMap<u64, Vec<u8>>,
}

impl Participant {
    /// Whoever was shown a key.
    pub(crate) fn with(shown: &Value) -> Self {
        assert_eq!(shown["cipher_suite"], "AES_128_GCM_SHA256_128");
        let base = base_key(shown);
        assert_eq!(base.len(), 32);
        Self { key_id: key_id(shown), base, counter: MonotonicCounter::default(), later: HashMap::new() }
    }

    fn step_of(key_id: u64) -> u64 {
        key_id & ((1 << STEP_BITS) - 1)
    }

    pub(crate) fn generation_of(key_id: u64) -> u64 {
        key_id >> (STEP_BITS + 16)
    }

    /// The base key of a step, if it is this one's or follows from it.
    fn base_at(&mut self, key_id: u64) -> Option<Vec<u8>> {
        let (own, wanted) = (Self::step_of(self.key_id), Self::step_of(key_id));
        if Self::generation_of(key_id) != Self::generation_of(self.key_id) || wanted < own {
            return None;
        }
        let base = (own..wanted).fold(self.base.clone(), |base, _| ratcheted(&base));
        self.later.insert(wanted, base.clone());
        Some(base)
    }

    /// Goes on to the step that somebody else sends with, as there is somebody new.
    pub(crate) fn follow(&mut self, key_id: u64) {
        let base = self.base_at(key_id).unwrap();
        self.key_id = self.key_id >> STEP_BITS << STEP_BITS | Self::step_of(key_id);
        self.base = base;
        self.counter = MonotonicCounter::default();
    }

    pub(crate) fn say(&mut self, what: &str) -> Vec<u8> {
        let key = EncryptionKey::derive_from(CipherSuite::AesGcm128Sha256, self.key_id, &self.base).unwrap();
        let frame = MediaFrame::try_new(&mut self.counter, what).unwrap();
        frame.encrypt(&key).unwrap().sframe_cipher_text().to_vec()
    }

    pub(crate) fn hear(&mut self, packet: &[u8]) -> Option<String> {
        let frame = EncryptedFrame::try_new(packet).ok()?;
        let key_id = frame.header().key_id();
        // A frame that one's key does not lead to is tried with the key all the same, as whoever means no good would.
        let base = self.base_at(key_id).unwrap_or_else(|| self.base.clone());
        let key = DecryptionKey::derive_from(CipherSuite::AesGcm128Sha256, key_id, base).unwrap();
        let heard = frame.decrypt(&key).ok()?;
        String::from_utf8(heard.payload().to_vec()).ok()
    }
}

/// Forwards packets, and remembers them: all that a server in between gets to see.
#[derive(Default)]
pub(crate) struct Relay(pub(crate) Vec<Vec<u8>>);

impl Relay {
    pub(crate) fn forward(&mut self, packet: Vec<u8>) -> Vec<u8> {
        self.0.push(packet.clone());
        packet
    }
}

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len() / 2).map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap()).collect()
}

/// That what the participants of these tests speak is SFrame.
#[test]
fn rfc_9605_appendix_c_holds() {
    let vectors: Value = serde_json::from_str(include_str!("../golden/rfc9605.json")).unwrap();
    let headers = vectors["header"].as_array().unwrap();
    for header in headers {
        let number = |at: usize| header[at].as_str().unwrap().parse::<u64>().unwrap();
        let sframe = SframeHeader::new(number(0), number(1));
        let mut written = vec![0; sframe.len()];
        sframe.serialize(&mut written).unwrap();
        assert_eq!(written, bytes(&header[2]));
        assert_eq!(SframeHeader::deserialize(&written).unwrap(), sframe);
    }
    let suites = [
        CipherSuite::AesCtr128HmacSha256_80,
        CipherSuite::AesCtr128HmacSha256_64,
        CipherSuite::AesCtr128HmacSha256_32,
        CipherSuite::AesGcm128Sha256,
        CipherSuite::AesGcm256Sha512,
    ];
    let frames = vectors["sframe"].as_array().unwrap();
    assert_eq!((headers.len(), frames.len()), (289, suites.len()));
    for (suite, vector) in suites.into_iter().zip(frames) {
        assert_eq!(vector["cipher_suite"], suite as u16);
        let (id, base) = (vector["kid"].as_u64().unwrap(), bytes(&vector["base_key"]));
        let (clear, metadata) = (bytes(&vector["pt"]), bytes(&vector["metadata"]));
        let mut counter = SingleUseCounter::new(vector["ctr"].as_u64().unwrap());
        let frame = MediaFrame::try_with_meta_data(&mut counter, &clear, &metadata).unwrap();
        let key = EncryptionKey::derive_from(suite, id, &base).unwrap();
        assert_eq!(frame.encrypt(&key).unwrap().sframe_cipher_text(), bytes(&vector["ct"]), "{suite}");
        let received = EncryptedFrame::try_with_meta_data(bytes(&vector["ct"]), &metadata).unwrap();
        let key = DecryptionKey::derive_from(suite, id, &base).unwrap();
        assert_eq!(received.decrypt(&key).unwrap().payload(), clear, "{suite}");
    }
}
