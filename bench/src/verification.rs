//! Exports of audit logs, and how fast they are proved offline.

use std::time::{Duration, Instant};

use ed25519_dalek::SigningKey;
use rollcall_audit_proof::{
    Change, Checkpoint, Commitment, Hash, Leaf, Reference, SALT_BYTES, Tree, Trust, VERSION, VerifierKey,
    export::{Begin, End, Event, FORMAT_VERSION, Opened},
    verify,
};
use serde_json::value::RawValue;

use crate::Result;

/// How many events an export has: as many as a busy organization writes in a few days.
pub(crate) const EVENTS: u64 = 200_000;
const LOG: &str = "org_01h455vb4pex5vsknk084sn02q";
const ORIGIN: &str = "rollcall.example/org_01h455vb4pex5vsknk084sn02q";

/// How many blocks of 64 bytes of leaves are proved in a second, as long as there is time, of an export of so many events. Only the leaves
/// count: not the JSON around them, nor what identifies persons, which is read and checked as well.
pub(crate) fn rate(length: Duration, events: u64) -> Result<f64> {
    let (export, leaves) = export(events)?;
    let (begun, mut times) = (Instant::now(), 0_u32);
    while begun.elapsed() < length {
        verify(export.as_slice(), &Trust::default(), |_| ()).map_err(|failure| failure.to_string())?;
        times += 1;
    }
    Ok(f64::from(times) * leaves as f64 / 64.0 / begun.elapsed().as_secs_f64())
}

/// An export as the service makes them, of events like those of a change of role; and how many bytes its leaves have.
fn export(events: u64) -> Result<(Vec<u8>, usize)> {
    let key = SigningKey::from_bytes(&[7; 32]);
    let (mut lines, mut bytes, mut hashes) = (Vec::new(), 0, Vec::new());
    for index in 0..events {
        let opened =
            [("ip", "192.0.2.7"), ("user_agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0")];
        let salts = opened.map(|(field, value)| {
            let mut salt = [0; SALT_BYTES];
            salt[..8].copy_from_slice(&index.to_be_bytes());
            (field, value, salt)
        });
        let leaf = leaf(index, &salts)?;
        let personal = salts.map(|(field, value, salt)| {
            let salt = salt.iter().map(|byte| format!("{byte:02x}")).collect();
            (field.to_owned(), Some(Opened { value: value.to_owned(), salt }))
        });
        bytes += leaf.len();
        let hash = Hash::of_leaf(leaf.as_bytes());
        hashes.push(hash);
        let leaf = RawValue::from_string(leaf)?;
        write(&mut lines, &Event { index, hash: Some(hash), leaf: Some(&leaf), personal: &personal.into() })?;
    }
    write(&mut lines, &End { events })?;
    let mut tree = Tree::default();
    tree.append(hashes.into_iter()).map_err(|full| full.to_string())?;
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: events, root: tree.root() };
    let begin = Begin {
        format_version: FORMAT_VERSION,
        log: LOG.to_owned(),
        origin: ORIGIN.to_owned(),
        exported_at: "2026-01-02T03:04:05Z".to_owned(),
        first: 0,
        events,
        left: Vec::new(),
        right: Vec::new(),
        checkpoint: checkpoint.sign(&key)?,
        keys: vec![VerifierKey::new(ORIGIN, key.verifying_key().as_bytes())?.to_string()],
    };
    let mut export = Vec::new();
    write(&mut export, &begin)?;
    export.append(&mut lines);
    Ok((export, bytes))
}

fn leaf(index: u64, personal: &[(&'static str, &str, [u8; SALT_BYTES])]) -> Result<String> {
    let id = format!("evt_{index:026}");
    let leaf = Leaf {
        action: "member.role_changed",
        actor: Reference { id: Some("user_01h455vb4pex5vsknk084sn02s"), kind: "user" },
        at: "2026-01-02T03:04:05.678901Z",
        changes: vec![Change { after: Some("admin"), before: Some("member"), field: "role" }],
        id: &id,
        log: LOG,
        outcome: "success",
        personal: personal
            .iter()
            .map(|(field, value, salt)| (*field, Commitment::to(field, value, salt)))
            .collect(),
        request_id: Some("0b5c3a9e7f1d4c2a8e6b9d0f3a7c5e1b"),
        session: Some("sess_01h455vb4pex5vsknk084sn02t"),
        target: Reference { id: Some("user_01h455vb4pex5vsknk084sn02u"), kind: "user" },
        v: VERSION,
    };
    Ok(String::from_utf8(leaf.encode()?)?)
}

fn write(lines: &mut Vec<u8>, line: &impl serde::Serialize) -> Result {
    serde_json::to_writer(&mut *lines, line)?;
    lines.push(b'\n');
    Ok(())
}
