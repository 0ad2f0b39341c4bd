//! The form in which a log, or a part of it, is taken along: one JSON object a line.
//!
//! The first line is a [`Begin`]; then come the [`Event`]s in the order of the log and, each where its size is reached, the
//! [`Signed`] checkpoints that were given out before; the last line is an [`End`]. Members that are not known, and lines of types
//! that are not, say nothing. `docs/audit-log-format.md` describes it for those who have not this program.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::Hash;

/// The version of the format. New members of lines, and new types of lines, leave it as it is.
pub const FORMAT_VERSION: u8 = 1;

/// The first line. Everything that proves the events is in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename = "begin")]
pub struct Begin {
    /// [`FORMAT_VERSION`].
    pub format_version: u8,
    /// Whose log: the id of an organization, or `platform`.
    pub log: String,
    /// The origin of its checkpoints.
    pub origin: String,
    /// When it was exported: RFC 3339.
    pub exported_at: String,
    /// The index of the first event, counted from 0.
    pub first: u64,
    /// How many events there are.
    pub events: u64,
    /// The hashes of the full subtrees left of the first event, from the left to the right, in base64.
    pub left: Vec<String>,
    /// The hashes of the full subtrees right of the last event, up to the size of the checkpoint, in the same way.
    pub right: Vec<String>,
    /// The checkpoint that the events lead to: a signed note.
    pub checkpoint: String,
    /// The keys that checkpoints of this log are signed with, as [`VerifierKey`](crate::VerifierKey)s are written. Whoever gets them with
    /// the file believes the file.
    pub keys: Vec<String>,
}

/// A line for each event.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "event")]
pub struct Event<'a> {
    /// Its place in the log, counted from 0.
    pub index: u64,
    /// The hash of its leaf as the tree has it, in base64; null where the tree has lost it.
    #[serde(serialize_with = "base64_or_null")]
    pub hash: Option<Hash>,
    /// Its leaf, byte by byte as it was hashed; null when it is gone, which never happens by itself.
    pub leaf: Option<&'a RawValue>,
    /// What identifies a person, by the field of the leaf's `personal`; null where it was erased.
    pub personal: &'a BTreeMap<String, Option<Opened>>,
}

/// What a commitment was made to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The value.
    pub value: String,
    /// The salt: 32 digits of hexadecimal, in lower case.
    pub salt: String,
}

/// A line for a checkpoint that was given out before, after as many events as it has.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "checkpoint")]
pub struct Signed<'a> {
    /// The signed note.
    pub note: &'a str,
}

/// The last line. A file without it was cut off.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "end")]
pub struct End {
    /// How many events there were.
    pub events: u64,
}

/// Hashes as they stand in exports and proofs: in base64 with padding (RFC 4648 section 4).
pub fn base64(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| STANDARD.encode(hash.as_bytes())).collect()
}

fn base64_or_null<S: Serializer>(hash: &Option<Hash>, serializer: S) -> Result<S::Ok, S::Error> {
    hash.map(|hash| STANDARD.encode(hash.as_bytes())).serialize(serializer)
}
