//! Signed notes: text with signatures that anybody can check (<https://c2sp.org/signed-note>), made with Ed25519.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

/// The byte that tells an Ed25519 signature from every other kind.
const ED25519: u8 = 1;
/// What each line of a signature begins with: an em dash and a space.
const DASH: &str = "\u{2014} ";
/// The longest note that is read, in bytes.
const LONGEST: usize = 64 * 1024;
/// As many signatures are read of one note.
const SIGNATURES: usize = 64;

/// A public key of Ed25519 with the name of whoever signs with it. It is written, and read, as `name+id+key`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

/// It is no key of a signer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// The text is not of three parts with `+` between them.
    #[error("a key is written name+id+key")]
    Form,
    /// Names are not empty and hold neither spaces nor `+`, nor control characters.
    #[error("the key's name is empty, or holds a space or a plus")]
    Name,
    /// The key is of another kind than Ed25519, or no key.
    #[error("it is no key of Ed25519")]
    Key,
    /// The id belongs to another key or name.
    #[error("the key's id does not belong to it")]
    Id,
}

impl VerifierKey {
    /// The key of a signer: `public` is a point of Ed25519 (RFC 8032 section 5.1.5).
    ///
    /// # Errors
    /// [`InvalidKey::Name`] and [`InvalidKey::Key`].
    pub fn new(name: &str, public: &[u8; 32]) -> Result<Self, InvalidKey> {
        if !is_name(name) {
            return Err(InvalidKey::Name);
        }
        let key = VerifyingKey::from_bytes(public).map_err(|_| InvalidKey::Key)?;
        Ok(Self { name: name.to_owned(), id: id_of(name, public), key })
    }

    /// Whose it is: of the key of a log, the origin of its checkpoints.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Written as `name+id+key`: the id in hexadecimal, the key in base64 with its kind in front.
impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![ED25519];
        key.extend_from_slice(self.key.as_bytes());
        write!(f, "{}+{:08x}+{}", self.name, u32::from_be_bytes(self.id), STANDARD.encode(key))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for VerifierKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(InvalidKey::Form);
        };
        let bytes = STANDARD.decode(key).map_err(|_| InvalidKey::Key)?;
        let Some((&ED25519, public)) = bytes.split_first() else { return Err(InvalidKey::Key) };
        let key = Self::new(name, public.try_into().map_err(|_| InvalidKey::Key)?)?;
        if id == format!("{:08x}", u32::from_be_bytes(key.id)) { Ok(key) } else { Err(InvalidKey::Id) }
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

fn id_of(name: &str, public: &[u8; 32]) -> [u8; 4] {
    let mut hash = Sha256::new();
    hash.update(name.as_bytes());
    hash.update([b'\n', ED25519]);
    hash.update(public);
    let [a, b, c, d, ..] = <[u8; 32]>::from(hash.finalize());
    [a, b, c, d]
}

/// A text with its signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note<'a> {
    text: &'a str,
    signatures: Vec<Signed<'a>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Signed<'a> {
    name: &'a str,
    id: [u8; 4],
    signature: Vec<u8>,
}

/// It is no signed note, or must not be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNote {
    /// It has not the form of one.
    #[error("it is no signed note")]
    Form,
    /// Nobody whose key is known has signed it.
    #[error("it is not signed with a known key")]
    Unsigned,
    /// A signature that names a known key was not made with it, or over another text.
    #[error("a signature that names a known key does not hold")]
    Signature,
}

impl<'a> Note<'a> {
    /// Reads a note, without believing it.
    ///
    /// # Errors
    /// [`InvalidNote::Form`], also for one of more than 64 KiB or more than 64 signatures.
    pub fn parse(note: &'a str) -> Result<Self, InvalidNote> {
        if note.len() > LONGEST || note.contains(|c: char| c < ' ' && c != '\n') {
            return Err(InvalidNote::Form);
        }
        // The text may hold empty lines itself.
        let (before, signatures) = note.rsplit_once("\n\n").ok_or(InvalidNote::Form)?;
        let text = note.get(..before.len() + 1).ok_or(InvalidNote::Form)?;
        let lines = signatures.strip_suffix('\n').ok_or(InvalidNote::Form)?;
        let signatures: Vec<_> =
            lines.split('\n').map(Signed::parse).collect::<Option<_>>().ok_or(InvalidNote::Form)?;
        if signatures.len() > SIGNATURES { Err(InvalidNote::Form) } else { Ok(Self { text, signatures }) }
    }

    /// The text, if it is signed with a known key, and no signature that names one is false. Those that name no known key say
    /// nothing, either way.
    ///
    /// # Errors
    /// [`InvalidNote::Unsigned`] and [`InvalidNote::Signature`].
    pub fn verified(&self, keys: &[VerifierKey]) -> Result<&'a str, InvalidNote> {
        let mut signed = false;
        for signature in &self.signatures {
            for key in keys.iter().filter(|key| key.name == signature.name && key.id == signature.id) {
                let made = Signature::from_slice(&signature.signature).map_err(|_| InvalidNote::Signature)?;
                let holds = key.key.verify_strict(self.text.as_bytes(), &made);
                holds.map_err(|_| InvalidNote::Signature)?;
                signed = true;
            }
        }
        if signed { Ok(self.text) } else { Err(InvalidNote::Unsigned) }
    }

    /// The text with its last end of line, which nobody may have signed.
    pub fn unverified(&self) -> &'a str {
        self.text
    }
}

impl<'a> Signed<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (name, blob) = line.strip_prefix(DASH)?.split_once(' ')?;
        let blob = STANDARD.decode(blob).ok()?;
        let (id, signature) = blob.split_first_chunk::<4>()?;
        (is_name(name) && !signature.is_empty()).then(|| Self {
            name,
            id: *id,
            signature: signature.to_vec(),
        })
    }
}

/// A note with one signature, by `key` under `name`. It is the same each time: Ed25519 takes no chance (RFC 8032 section 5.1.6).
///
/// # Errors
/// [`InvalidNote::Form`] for a text that does not end with its last line, that holds control characters, or for a name that
/// is none.
pub fn sign(text: &str, name: &str, key: &SigningKey) -> Result<String, InvalidNote> {
    if !text.ends_with('\n') || !is_name(name) {
        return Err(InvalidNote::Form);
    }
    let mut blob = id_of(name, key.verifying_key().as_bytes()).to_vec();
    blob.extend_from_slice(&key.sign(text.as_bytes()).to_bytes());
    let note = format!("{text}\n{DASH}{name} {}\n", STANDARD.encode(blob));
    // Whatever could not be read again is not given out.
    Note::parse(&note).map(|read| read.text == text).ok().filter(|same| *same).ok_or(InvalidNote::Form)?;
    Ok(note)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Go's `golang.org/x/mod/sumdb/note`: its example, with its keys.
    const NEUMANN: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const QUOTE: &str = "If you think cryptography is the answer to your problem,\n\
                         then you don't know what your problem is.\n";
    const SIGNED: &str = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    /// The private half: `PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz`.
    const NEUMANN_SEED: &str = "gQoUAtUUbI2E8kQzMPVAgOv5juF9nHT2JS/F1ccoMXM=";
    const FOO: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    fn seed() -> SigningKey {
        let bytes = STANDARD.decode(NEUMANN_SEED).expect("base64");
        SigningKey::from_bytes(bytes.as_slice().try_into().expect("32 bytes"))
    }

    #[test]
    fn keys_read_and_write_as_published() {
        for key in [NEUMANN, FOO] {
            assert_eq!(key.parse::<VerifierKey>().expect("a key").to_string(), key);
        }
        for (text, error) in [
            ("PeterNeumann+c74f20a3", InvalidKey::Form),
            ("PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", InvalidKey::Id),
            ("PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", InvalidKey::Id),
            ("Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", InvalidKey::Name),
            ("+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", InvalidKey::Name),
            ("PeterNeumann+c74f20a3+AhpcAA==", InvalidKey::Key),
        ] {
            assert_eq!(text.parse::<VerifierKey>(), Err(error), "{text}");
        }
    }

    #[test]
    fn a_note_is_signed_and_verified_as_published() {
        let note = sign(QUOTE, "PeterNeumann", &seed()).expect("a note");
        assert_eq!(note, format!("{QUOTE}\n{SIGNED}"));
        let read = Note::parse(&note).expect("a note");
        assert_eq!(read.verified(&[NEUMANN.parse().expect("a key")]), Ok(QUOTE));
        assert_eq!(read.verified(&[FOO.parse().expect("a key")]), Err(InvalidNote::Unsigned));
        assert_eq!(read.verified(&[]), Err(InvalidNote::Unsigned));
    }

    #[test]
    fn a_changed_text_a_false_signature_beside_a_good_one_and_another_name_are_refused() {
        let neumann = [NEUMANN.parse().expect("a key")];
        let good = format!("{QUOTE}\n{SIGNED}");
        for (note, error) in [
            (good.replace("your", "yours"), InvalidNote::Signature),
            (good.replace("\u{2014} PeterNeumann", "\u{2014} Peter"), InvalidNote::Unsigned),
            (good.clone() + &SIGNED.replace("JkuB", "JkuC"), InvalidNote::Signature),
        ] {
            assert_eq!(Note::parse(&note).expect("a note").verified(&neumann), Err(error), "{note}");
        }
        // Who is not known says nothing, even when a known name stands there with the id of another key.
        let other = sign(QUOTE, "PeterNeumann", &SigningKey::from_bytes(&[1; 32])).expect("a note");
        let both = good.clone() + other.rsplit_once("\n\n").expect("a signature").1;
        assert_eq!(Note::parse(&both).expect("a note").verified(&neumann), Ok(QUOTE));
    }

    #[test]
    fn what_has_not_the_form_of_a_note_is_none() {
        let good = format!("{QUOTE}\n{SIGNED}");
        assert!(Note::parse(&good).is_ok());
        for note in [
            String::new(),
            QUOTE.to_owned(),
            format!("{QUOTE}\n"),
            format!("{QUOTE}{SIGNED}"),
            good.trim_end().to_owned(),
            good.clone() + "\n",
            good.replace("know", "kn\tow"),
            good.replace('\n', "\r\n"),
            good.replace('\u{2014}', "--"),
            good.replace("x08go", "x08g!"),
            format!("{QUOTE}\n\u{2014} PeterNeumann AAAA\n"),
            format!("{QUOTE}\n{}", SIGNED.repeat(SIGNATURES + 1)),
        ] {
            assert_eq!(Note::parse(&note), Err(InvalidNote::Form), "{note}");
        }
        assert!(Note::parse(&format!("{QUOTE}\n{}", SIGNED.repeat(16))).is_ok());
        for (text, name) in [("no end", "a"), ("a\n", "a b"), ("a\n", ""), ("a\tb\n", "a")] {
            assert_eq!(sign(text, name, &seed()), Err(InvalidNote::Form));
        }
    }

    #[test]
    fn the_last_empty_line_ends_the_text() {
        let text = "one\n\ntwo\n";
        let note = sign(text, "PeterNeumann", &seed()).expect("a note");
        assert_eq!(Note::parse(&note).expect("a note").unverified(), text);
    }
}
