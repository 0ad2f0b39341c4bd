//! Checkpoints: how large a log is and what its root is, in a signed note (<https://c2sp.org/tlog-checkpoint>).

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;

use crate::{
    Hash,
    note::{self, InvalidNote, Note, VerifierKey},
};

/// A log as it was at some size. Its text is what is signed: the origin, the size in decimal and the root in base64, a line each. Lines
/// that other logs add behind those are not kept.
///
/// ```
/// use rollcall_audit_proof::Checkpoint;
/// let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
/// let checkpoint: Checkpoint = text.parse()?;
/// assert_eq!((checkpoint.size, checkpoint.to_string().as_str()), (20_852_163, text));
/// # Ok::<_, rollcall_audit_proof::InvalidCheckpoint>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: the name of its key.
    pub origin: String,
    /// How many leaves there are.
    pub size: u64,
    /// The root of the tree over them (RFC 6962 section 2.1).
    pub root: Hash,
}

/// It is no checkpoint, or none that may be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCheckpoint {
    /// The text has not the form of one.
    #[error("it is no checkpoint")]
    Form,
    /// Its note is none, or is not signed as it must be.
    #[error(transparent)]
    Note(#[from] InvalidNote),
    /// It is of another log.
    #[error("it is a checkpoint of another log, {0}")]
    Origin(String),
}

impl Checkpoint {
    /// The signed note.
    ///
    /// # Errors
    /// [`InvalidNote::Form`] for an origin that no key can be named: an empty one, or one with white space, control characters or a `+`.
    pub fn sign(&self, key: &SigningKey) -> Result<String, InvalidNote> {
        note::sign(&self.to_string(), &self.origin, key)
    }

    /// Reads a checkpoint of the log of that origin from a note that is signed with one of the keys.
    ///
    /// # Errors
    /// [`InvalidCheckpoint`]. Of one of another log that is said, whether it is signed or not.
    pub fn open(note: &str, origin: &str, keys: &[VerifierKey]) -> Result<Self, InvalidCheckpoint> {
        let note = Note::parse(note)?;
        // Of another log first: that says more than that its key is not known.
        let checkpoint: Self = note.unverified().parse()?;
        if checkpoint.origin != origin {
            return Err(InvalidCheckpoint::Origin(checkpoint.origin));
        }
        note.verified(keys)?;
        Ok(checkpoint)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.as_bytes()))
    }
}

impl FromStr for Checkpoint {
    type Err = InvalidCheckpoint;

    fn from_str(text: &str) -> Result<Self, InvalidCheckpoint> {
        read(text).ok_or(InvalidCheckpoint::Form)
    }
}

fn read(text: &str) -> Option<Checkpoint> {
    let mut lines = text.strip_suffix('\n')?.split('\n');
    let (origin, digits, root) = (lines.next()?, lines.next()?, lines.next()?);
    let size: u64 = digits.parse().ok()?;
    let root = Hash::try_from(STANDARD.decode(root).ok()?.as_slice()).ok()?;
    // As it would be written, and in no other way. What other logs add behind is theirs, if it is something.
    let ours = !origin.is_empty() && size.to_string() == digits && lines.all(|line| !line.is_empty());
    ours.then(|| Checkpoint { origin: origin.to_owned(), size, root })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of Go's checksum database, and one of its checkpoints, from the tests of its client.
    const GO: &str = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
    /// From the specification of checkpoints.
    const SOFA: &str =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    fn verifier(name: &str) -> VerifierKey {
        VerifierKey::new(name, key().verifying_key().as_bytes()).expect("a key")
    }

    #[test]
    fn published_checkpoints_are_read() {
        let note = format!(
            "{SOFA}\n\u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
        );
        let read: Checkpoint =
            Note::parse(&note).expect("a note").unverified().parse().expect("a checkpoint");
        assert_eq!((read.size, read.to_string().as_str()), (20_852_163, SOFA));
    }

    #[test]
    fn a_checkpoint_of_go_s_checksum_database_holds() {
        let text = "go.sum database tree\n6476701\nmb8QLQIs0Z0yP5Cstq6guj87oXWeC9gEM8oVikmm9Wk=\n";
        let note = format!(
            "{text}\n\u{2014} sum.golang.org Az3grsLX85Gz+s1SiTbgkuqxgItqFq7gsMUEyVnrsa9LM7Us9S+1xbFIGu95949rj4nPRYfvimWEPWL+o3GeoWwOoAw=\n"
        );
        let keys = [GO.parse().expect("a key")];
        let read = Checkpoint::open(&note, "go.sum database tree", &keys).expect("a checkpoint");
        assert_eq!((read.size, read.to_string().as_str()), (6_476_701, text));
        let changed = Checkpoint::open(&note.replace("6476701", "6476702"), "go.sum database tree", &keys);
        assert_eq!(changed, Err(InvalidNote::Signature.into()));
    }

    #[test]
    fn what_is_signed_is_read_again_and_of_no_other_log() {
        let checkpoint: Checkpoint = SOFA.parse().expect("a checkpoint");
        let note = checkpoint.sign(&key()).expect("a note");
        let keys = [verifier(&checkpoint.origin), verifier("example.com/other")];
        assert_eq!(Checkpoint::open(&note, &checkpoint.origin, &keys), Ok(checkpoint.clone()));
        let other = Checkpoint::open(&note, "example.com/other", &keys);
        assert_eq!(other, Err(InvalidCheckpoint::Origin(checkpoint.origin.clone())));
        let unsigned = Checkpoint::open(&note, &checkpoint.origin, &keys[1..]);
        assert_eq!(unsigned, Err(InvalidNote::Unsigned.into()));
    }

    #[test]
    fn there_is_one_way_to_write_a_checkpoint() {
        let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
        assert!(format!("a\n0\n{root}\n").parse::<Checkpoint>().is_ok());
        assert!(format!("a\n1\n{root}\nmore\n").parse::<Checkpoint>().is_ok());
        for text in [
            String::new(),
            format!("a\n1\n{root}"),
            format!("\n1\n{root}\n"),
            format!("a\n01\n{root}\n"),
            format!("a\n+1\n{root}\n"),
            format!("a\n-1\n{root}\n"),
            format!("a\n1 \n{root}\n"),
            format!("a\n18446744073709551616\n{root}\n"),
            format!("a\n1\n{root}=\n"),
            "a\n1\nAAAA\n".to_owned(),
            format!("a\n1\n{root}\n\nmore\n"),
            format!("a\n1\n{root}\n\n"),
        ] {
            assert_eq!(text.parse::<Checkpoint>(), Err(InvalidCheckpoint::Form), "{text:?}");
        }
    }
}
