//! What takes bytes from outside: functions of bytes that say what must be so of any. cargo-fuzz looks for some of which it is not, and
//! the tests try a few hundred each.

use std::str::from_utf8;

use ed25519_dalek::SigningKey;

use crate::{Checkpoint, Hash, Note, Tile, Trust, VerifierKey, continues, includes, sign, verify};

/// A key that signs here and nowhere else, and what it is called.
const KEY: [u8; 32] = [7; 32];
const ORIGIN: &str = "rollcall.example/org_01h455vb4pex5vsknk084sn02q";

fn key() -> SigningKey {
    SigningKey::from_bytes(&KEY)
}

fn known() -> VerifierKey {
    VerifierKey::new(ORIGIN, &key().verifying_key().to_bytes()).expect("a key")
}

/// Exports: whatever a file says, the verifier comes to an end; and what it takes for proved is as long as it says.
pub fn export(bytes: &[u8]) {
    let public_keys = vec![key().verifying_key().to_bytes()];
    for trust in [Trust::default(), Trust { public_keys, ..Trust::default() }] {
        if let Ok(verified) = verify(bytes, &trust, |_| ()) {
            assert!(verified.first + verified.events <= verified.checkpoint.size);
            assert_eq!(verified.keys_of_file, trust.public_keys.is_empty());
        }
    }
}

/// Signed notes and the checkpoints in them: nothing is believed that is not signed, and what can be signed is read as it was.
pub fn note(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    if let Ok(note) = Note::parse(text) {
        assert!(text.starts_with(note.unverified()) && note.unverified().ends_with('\n'));
        let believed = note.verified(&[known()]);
        assert!(believed.is_err() || sign(note.unverified(), ORIGIN, &key()).is_ok());
        assert!(note.verified(&[]).is_err());
    }
    let _ = Checkpoint::open(text, ORIGIN, &[known()]);
    if let Ok(checkpoint) = text.parse::<Checkpoint>() {
        let again: Checkpoint = checkpoint.to_string().parse().expect("a checkpoint");
        assert_eq!(again, checkpoint);
    }
    if let Ok(signed) = sign(text, ORIGIN, &key()) {
        let note = Note::parse(&signed).expect("a note");
        assert_eq!(note.verified(&[known()]), Ok(text));
    }
}

/// Keys that notes are checked with: they are written as they are read.
pub fn verifier_key(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(
            key.to_string().parse::<VerifierKey>().map(|again| again.to_string()),
            Ok(text.to_owned())
        );
    }
}

/// Tiles and proofs, whose hashes are all that there is to them: a proof of nothing proves nothing.
pub fn proof(bytes: &[u8]) {
    if let Ok(tile) = Tile::from_bytes(bytes) {
        assert_eq!(tile.to_bytes(), bytes);
    }
    let Some((numbers, hashes)) = bytes.split_first_chunk::<32>() else { return };
    let number = |at: usize| numbers[at..].first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    let hashes: Vec<Hash> = hashes.chunks_exact(32).filter_map(|hash| Hash::try_from(hash).ok()).collect();
    let Some((root, proof)) = hashes.split_first() else { return };
    // No chance finds a hash: only a tree of one leaf has its leaf for a root.
    let leaf = Hash::of_leaf(bytes);
    assert!(!includes(&leaf, number(0), number(8), proof, root));
    let first = Hash::of_node(&leaf, root);
    assert!(!continues((number(16), &first), (number(24), root), proof));
}

#[cfg(test)]
mod tests {
    use rollcall_inputs::tried;

    use super::*;
    use crate::verify::tests::log::a_whole_export;

    #[test]
    fn exports_are_read_to_an_end() {
        let good = a_whole_export();
        assert!(verify(good.as_bytes(), &Trust::default(), |_| ()).is_ok());
        tried(&[good], export);
    }

    #[test]
    fn attack_32_notes_are_believed_when_they_are_signed() {
        let text = format!("{ORIGIN}\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n");
        let good = sign(&text, ORIGIN, &key()).expect("a note");
        assert!(Checkpoint::open(&good, ORIGIN, &[known()]).is_ok());
        tried(&[good, text], note);
    }

    #[test]
    fn keys_are_written_as_they_are_read() {
        tried(&[known().to_string()], verifier_key);
    }

    #[test]
    fn attack_32_no_chance_finds_a_proof() {
        let hashes: Vec<u8> = (0..5).flat_map(|leaf: u8| *Hash::of_leaf(&[leaf]).as_bytes()).collect();
        let numbers = [0_u64, 1, 1, 1].map(u64::to_be_bytes).concat();
        tried(&[[numbers, hashes.clone()].concat(), hashes], proof);
    }
}
