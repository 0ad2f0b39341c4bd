//! A log as it is exported in tests.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use serde_json::value::RawValue;

use crate::{
    Change, Checkpoint, Commitment, Hash, Leaf, Plan, Reference, Tree, VERSION, VerifierKey,
    export::{Begin, End, Event, FORMAT_VERSION, Opened, Signed, base64},
};

/// Whose log it is.
pub(super) const LOG: &str = "org_01h455vb4pex5vsknk084sn02q";
const ORIGIN: &str = "rollcall.example/org_01h455vb4pex5vsknk084sn02q";

/// What its checkpoints are signed with.
pub(super) fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// A log of so many events, each with an address and a name of which every third is erased.
pub(super) struct Log {
    pub(super) leaves: Vec<String>,
    pub(super) hashes: Vec<Hash>,
}

impl Log {
    pub(super) fn of(count: u64) -> Self {
        let leaves: Vec<String> = (0..count).map(leaf).collect();
        let hashes = leaves.iter().map(|leaf| Hash::of_leaf(leaf.as_bytes())).collect();
        Self { leaves, hashes }
    }

    pub(super) fn checkpoint(&self, size: u64) -> String {
        let mut tree = Tree::default();
        let some = self.hashes[..usize::try_from(size).expect("small")].iter().copied();
        tree.append(some).expect("not full");
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root: tree.root() };
        checkpoint.sign(&key()).expect("a note")
    }

    /// The lines of an export of the events from `first` on and before `end`, with a checkpoint of `size`, and others that were given
    /// out before.
    pub(super) fn export(&self, first: u64, end: u64, size: u64, before: &[u64]) -> Vec<String> {
        let tiles = Tree::default().append(self.hashes.iter().copied()).expect("not full");
        let range = |from, to| base64(&Plan::range(from, to).hashes(&tiles).expect("hashes"));
        let public = key().verifying_key().to_bytes();
        let begin = Begin {
            format_version: FORMAT_VERSION,
            log: LOG.to_owned(),
            origin: ORIGIN.to_owned(),
            exported_at: "2026-01-02T03:04:05Z".to_owned(),
            first,
            events: end - first,
            left: range(0, first),
            right: range(end, size),
            checkpoint: self.checkpoint(size),
            keys: vec![VerifierKey::new(ORIGIN, &public).expect("a key").to_string()],
        };
        let line = |value: &dyn erased::Line| value.line();
        let mut lines = vec![line(&begin)];
        for index in first..=end {
            if before.contains(&index) {
                lines.push(line(&Signed { note: &self.checkpoint(index) }));
            }
            if index < end {
                let place = usize::try_from(index).expect("small");
                let leaf = RawValue::from_string(self.leaves[place].clone()).expect("JSON");
                let personal = personal(index);
                let hash = Some(self.hashes[place]);
                lines.push(line(&Event { index, hash, leaf: Some(&leaf), personal: &personal }));
            }
        }
        lines.push(line(&End { events: end - first }));
        lines
    }
}

/// An export of a log, with a checkpoint in between.
pub(crate) fn a_whole_export() -> String {
    Log::of(9).export(2, 7, 9, &[4]).iter().map(|line| format!("{line}\n")).collect()
}

mod erased {
    pub(super) trait Line {
        fn line(&self) -> String;
    }
    impl<T: serde::Serialize> Line for T {
        fn line(&self) -> String {
            serde_json::to_string(self).expect("JSON")
        }
    }
}

fn leaf(index: u64) -> String {
    let id = format!("evt_{index:026}");
    let value = format!("\"{index}\"\n");
    let leaf = Leaf {
        action: "member.role_changed",
        actor: Reference { id: Some("user_01h455vb4pex5vsknk084sn02s"), kind: "user" },
        at: "2026-01-02T03:04:05.678901Z",
        changes: vec![Change { after: Some(&value), before: None, field: "role" }],
        id: &id,
        log: LOG,
        outcome: "success",
        personal: [
            ("ip", Commitment::to("ip", "192.0.2.7", &[1; 16])),
            ("name", Commitment::to("name", "\"Ada\"\u{1}é", &[2; 16])),
        ]
        .into(),
        request_id: None,
        session: None,
        target: Reference { id: None, kind: "organization" },
        v: VERSION,
    };
    String::from_utf8(leaf.encode().expect("a leaf")).expect("UTF-8")
}

fn personal(index: u64) -> BTreeMap<String, Option<Opened>> {
    let opened =
        |value: &str, salt: u8| Opened { value: value.to_owned(), salt: format!("{salt:02x}").repeat(16) };
    let name = (!index.is_multiple_of(3)).then(|| opened("\"Ada\"\u{1}é", 2));
    [("ip".to_owned(), Some(opened("192.0.2.7", 1))), ("name".to_owned(), name)].into()
}
