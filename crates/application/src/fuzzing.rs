//! What takes bytes from outside, or from where somebody else may have written: functions of bytes that say what must be so of any.
//! cargo-fuzz looks for some of which it is not, and the tests try a few hundred each.

use std::{collections::BTreeMap, str::from_utf8};

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use rollcall_domain::{OrganizationId, RecordingId};
use serde_json::Value;

use crate::{
    Sealed,
    audit::LoggedEvent,
    keyring::Keyring,
    ports::Entropy,
    recordings::{
        manifest::Manifest,
        seal::{Binding, RecordingKey, SealedSegment, Sealer, open, pieces},
    },
    stream::place::StreamPlace,
    tokens::jwt,
};

const PURPOSE: &str = "fuzzing/v1";
const CONTEXT: &[u8] = b"here";
const TYP: &str = "at+jwt";

/// The same bytes each time: what is sealed by them is sealed nowhere else.
struct Same(u8);

impl Entropy for Same {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

/// These bytes, which a nonce is.
struct These<'a>(&'a [u8]);

impl Entropy for These<'_> {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self.0[..bytes.len()]);
    }
}

fn keyring() -> Keyring {
    format!("1:{}", STANDARD.encode([1; 32])).parse().expect("a keyring")
}

/// Cursors, tokens of forms, links, cookies and kept answers: what comes back is what was signed or sealed, to the byte.
pub fn keyring_output(bytes: &[u8]) {
    let keys = keyring();
    if let Some(payload) = keys.verify(PURPOSE, CONTEXT, bytes) {
        assert_eq!(keys.sign(PURPOSE, CONTEXT, payload), bytes);
    }
    if let Some(payload) = keys.open(PURPOSE, CONTEXT, bytes) {
        assert_eq!(keys.seal(PURPOSE, CONTEXT, &payload, &These(&bytes[1..])).as_deref(), Some(bytes));
    }
    for (purpose, context) in [(PURPOSE, b"there".as_slice()), ("other", CONTEXT)] {
        assert!(
            keys.verify(purpose, context, bytes).is_none() && keys.open(purpose, context, bytes).is_none()
        );
    }
    let signed = keys.sign(PURPOSE, CONTEXT, bytes);
    assert_eq!(keys.verify(PURPOSE, CONTEXT, &signed), Some(bytes));
}

/// Keyrings, as they are configured: one is what it says, or it is none.
pub fn keyring_text(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    let Ok(keys) = text.parse::<Keyring>() else { return };
    let newest = keys.newest();
    assert!(keys.has(newest) && keys.sign(PURPOSE, CONTEXT, b"x").first() == Some(&newest));
    assert_eq!(keys.verify(PURPOSE, CONTEXT, &keys.sign(PURPOSE, CONTEXT, b"x")), Some(b"x".as_slice()));
    assert!(!format!("{keys:?}").contains(['+', '/', '=']), "it shows its keys");
}

/// `Last-Event-ID`: a place is one in the organization that gave it.
pub fn last_event_id(bytes: &[u8]) {
    let Ok(name) = from_utf8(bytes) else { return };
    let (ours, theirs) = (OrganizationId::from_parts(0, &[1; 10]), OrganizationId::from_parts(0, &[2; 10]));
    if StreamPlace::named(name, &keyring(), ours).is_some() {
        assert!(StreamPlace::named(name, &keyring(), theirs).is_none());
    }
}

/// Access tokens and live grants: what one says is what was signed, and everything that can be signed is read without ado.
pub fn jwt(bytes: &[u8]) {
    let key = SigningKey::from_bytes(&[7; 32]);
    let read =
        |token: &str| jwt::verify::<Value>(token, TYP, |kid| (kid == "ours").then(|| key.verifying_key()));
    let Ok(text) = from_utf8(bytes) else { return };
    if let Some(claims) = read(text) {
        // Nobody else has the key.
        assert_eq!(claims, said());
    }
    if let Ok(claims) = serde_json::from_str::<Value>(text) {
        let token = jwt::sign(TYP, "ours", &key, &claims).expect("a token");
        assert!(read(token.expose()).is_some() || token.expose().len() > 2_048);
        assert!(jwt::verify::<Value>(token.expose(), "another", |_| Some(key.verifying_key())).is_none());
    }
}

fn said() -> Value {
    serde_json::json!({"sub": "user_01h455vb4pex5vsknk084sn02q", "exp": 2})
}

const AUDIO: &[u8] = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0";

fn sealed_audio() -> (RecordingKey, Binding, SealedSegment) {
    let key = RecordingKey::new(&Same(3));
    let binding = Binding {
        organization: OrganizationId::from_parts(0, &[1; 10]),
        recording: RecordingId::from_parts(0, &[1; 10]),
    };
    let mut sealer = Sealer::after(0, &key, binding, &Same(4));
    let mut rest = AUDIO;
    let before = sealer.take(&mut rest, &Same(4));
    assert!(before.is_none() && rest.is_empty());
    let segment = sealer.last(AUDIO.len() as u64);
    (key, binding, segment)
}

/// Segments of recordings and what says which they are: what opens is what was sealed there.
pub fn recording(bytes: &[u8]) {
    let (key, binding, kept) = sealed_audio();
    for range in [0..AUDIO.len() as u64, 3..5] {
        let piece = pieces(range.clone(), AUDIO.len() as u64).next().expect("a piece");
        let mut sealed = bytes.to_vec();
        if let Ok(wanted) = open(&key, binding, kept.name, &piece, &mut sealed) {
            assert_eq!(bytes, kept.bytes);
            assert_eq!(&sealed[wanted], &AUDIO[range.start as usize..range.end as usize]);
        }
    }
    assert!(Manifest::open(&Sealed(bytes.to_vec()), &key, binding).is_err());
}

/// Leaves of an audit log, as they are read to be shown.
pub fn leaf(bytes: &[u8]) {
    let personal: BTreeMap<String, String> = [("ip".to_owned(), "192.0.2.7".to_owned())].into();
    if let Ok(event) = LoggedEvent::read(0, bytes, personal) {
        assert!(event.texts().count() >= 1);
    }
}

#[cfg(test)]
mod tests {
    use rollcall_inputs::tried;

    use super::*;
    use crate::stream::place;

    #[test]
    fn attack_11_what_comes_back_is_what_was_given() {
        let keys = keyring();
        let signed = keys.sign(PURPOSE, CONTEXT, b"[1,\"x\"]");
        let sealed = keys.seal(PURPOSE, CONTEXT, b"payload", &Same(7)).expect("sealed");
        assert!(keys.open(PURPOSE, CONTEXT, &sealed).is_some());
        tried(&[signed, sealed], keyring_output);
    }

    #[test]
    fn keyrings_are_what_they_say() {
        let entry = |id: u8| format!("{id}:{}", STANDARD.encode([id; 32]));
        tried(&[entry(1), format!("{}, {}", entry(2), entry(255))], keyring_text);
    }

    #[test]
    fn attack_14_places_are_of_one_organization() {
        let place = place::StreamPlace { sequence: 7, event: None };
        let good = place.name(&keyring(), OrganizationId::from_parts(0, &[1; 10]), &Same(7));
        assert!(StreamPlace::named(&good, &keyring(), OrganizationId::from_parts(0, &[1; 10])).is_some());
        tried(&[good], last_event_id);
    }

    #[test]
    fn rfc_8725_tokens_say_what_was_signed() {
        let token = jwt::sign(TYP, "ours", &SigningKey::from_bytes(&[7; 32]), &said()).expect("a token");
        tried(&[token.expose().to_owned(), said().to_string()], jwt);
    }

    #[test]
    fn attack_30_recordings_open_as_they_were_sealed() {
        let (_, _, segment) = sealed_audio();
        recording(&segment.bytes);
        tried(&[segment.bytes], recording);
    }

    #[test]
    fn leaves_are_read_or_refused() {
        let good = r#"{"action":"a.b","actor":{"id":null,"kind":"system"},"at":"2026-01-02T03:04:05.678901Z","changes":[{"after":"x","before":null,"field":"f"}],"id":"evt_01h455vb4pex5vsknk084sn02q","log":"l","outcome":"success","personal":{"ip":"x"},"request_id":null,"session":null,"target":{"id":null,"kind":"x"},"v":1}"#;
        assert!(LoggedEvent::read(0, good.as_bytes(), BTreeMap::new()).is_ok());
        tried(&[good], leaf);
    }
}
