//! Proving that an event is in the log: the proof against the signed checkpoint, step by step, and to be taken along.

use askama::Template;
use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use http::header;
use rollcall_application::{
    Error,
    audit::{self, Hash, Inclusion, base64},
};
use rollcall_domain::EventId;
use serde::Serialize;
use time::{Duration, format_description::well_known::Rfc3339};

use super::{interstitial::interstitial, or_off};
use crate::{
    callers::Caller,
    mistakes::Mistakes,
    page::{Layout, Page},
    refused::{Answer, Refused},
    texts::Texts,
};

#[derive(Template)]
#[template(path = "audit/proof.html")]
struct ProofPage {
    t: Texts,
    id: EventId,
    what: String,
    index: u64,
    size: u64,
    leaf: String,
    steps: Vec<Step>,
    root: String,
    holds: bool,
    note: String,
    /// Where the evidence is for whoever checks it offline.
    evidence: String,
}

impl Page for ProofPage {
    const LAYOUT: Layout = Layout::Console;

    fn title(&self) -> String {
        self.t.proof_title().to_owned()
    }

    fn mistakes(&self) -> Option<&Mistakes> {
        None
    }
}

/// A step from the leaf to the root.
struct Step {
    /// The hash beside the way.
    beside: String,
    /// Whether it stands for what comes before.
    left: bool,
    together: String,
}

/// A proof together with the checkpoint that it leads to.
struct Proved {
    inclusion: Inclusion,
    /// The signed note, and the root that it names.
    note: String,
    root: String,
}

/// A proof to be taken along.
#[derive(Serialize)]
struct ProofFile<'a> {
    event_id: EventId,
    index: u64,
    tree_size: u64,
    leaf_hash: String,
    root_hash: String,
    hashes: Vec<String>,
    checkpoint: &'a str,
}

pub(super) async fn show(caller: Caller, Path(id): Path<String>) -> Answer {
    if let Some(page) = interstitial(&caller) {
        return Ok(page);
    }
    let answer = explained(&caller, &id).await;
    or_off(&caller, answer)
}

pub(super) async fn file(caller: Caller, Path(id): Path<String>) -> Answer {
    let answer = written(&caller, &id).await;
    or_off(&caller, answer)
}

async fn explained(caller: &Caller, id: &str) -> Answer {
    let id: EventId = id.parse().map_err(|_| Error::NotFound)?;
    let Proved { inclusion, note, root } = prove(caller, id).await?;
    let event = audit::show(&caller.console.app, &caller.principal(), id).await?;
    let (steps, reached) = walk(&inclusion);
    let moment = |at: time::OffsetDateTime| at.format(&Rfc3339).unwrap_or_default();
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("format", "ndjson")
        .append_pair("since", &moment(event.occurred_at))
        .append_pair("until", &moment(event.occurred_at + Duration::MICROSECOND))
        .finish();
    Ok(caller.page(&ProofPage {
        t: caller.t,
        id,
        what: caller.t.action(&event.action),
        index: inclusion.index,
        size: inclusion.tree_size,
        leaf: written_as(inclusion.leaf_hash),
        steps,
        holds: reached == root,
        root,
        note,
        evidence: format!("/v1/audit/export?{query}"),
    }))
}

async fn written(caller: &Caller, id: &str) -> Result<Response, Refused> {
    let id: EventId = id.parse().map_err(|_| Error::NotFound)?;
    let Proved { inclusion, note, .. } = prove(caller, id).await?;
    let file = ProofFile {
        event_id: inclusion.event,
        index: inclusion.index,
        tree_size: inclusion.tree_size,
        leaf_hash: written_as(inclusion.leaf_hash),
        root_hash: written_as(inclusion.root),
        hashes: base64(&inclusion.hashes),
        checkpoint: &note,
    };
    let text = serde_json::to_vec_pretty(&file).map_err(|error| Error::Internal(Box::new(error)))?;
    let name = format!("attachment; filename=\"proof-{id}.json\"");
    let headers =
        [(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, text).into_response())
}

/// The checkpoint first, and then the proof for a tree of its size.
async fn prove(caller: &Caller, id: EventId) -> Result<Proved, Refused> {
    let (app, principal) = (&caller.console.app, caller.principal());
    let note = audit::checkpoint(app, &principal).await?;
    let (size, root) = read(&note).ok_or_else(|| Error::Internal("a checkpoint cannot be read".into()))?;
    let inclusion = audit::prove_inclusion(app, &principal, Ok(id), Some(size)).await?;
    Ok(Proved { inclusion, note, root })
}

/// The size and the root in a checkpoint (c2sp.org/tlog-checkpoint): its second and its third line.
fn read(note: &str) -> Option<(u64, String)> {
    let mut lines = note.lines().skip(1);
    Some((lines.next()?.parse().ok()?, lines.next()?.to_owned()))
}

fn written_as(hash: Hash) -> String {
    base64(&[hash]).concat()
}

/// The way from the leaf to the root (RFC 9162 section 2.1.3.2), and what it comes to.
fn walk(inclusion: &Inclusion) -> (Vec<Step>, String) {
    let (mut place, mut last) = (inclusion.index, inclusion.tree_size.saturating_sub(1));
    let (mut hash, mut steps) = (inclusion.leaf_hash, Vec::new());
    for beside in &inclusion.hashes {
        let left = place & 1 == 1 || place == last;
        hash = if left { Hash::of_node(beside, &hash) } else { Hash::of_node(&hash, beside) };
        while left && place & 1 == 0 && place != 0 {
            (place, last) = (place >> 1, last >> 1);
        }
        (place, last) = (place >> 1, last >> 1);
        steps.push(Step { beside: written_as(*beside), left, together: written_as(hash) });
    }
    (steps, written_as(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree of some leaves by the recursive definition (RFC 6962 section 2.1), and the way to one of them.
    fn tree(leaves: &[Hash], place: Option<usize>, hashes: &mut Vec<Hash>) -> Hash {
        if let [leaf] = leaves {
            return *leaf;
        }
        let middle = leaves.len().next_power_of_two() / 2;
        let (left, right) = leaves.split_at(middle);
        let in_left = place.filter(|place| *place < middle);
        let in_right = place.and_then(|place| place.checked_sub(middle));
        let (left, right) = (tree(left, in_left, hashes), tree(right, in_right, hashes));
        match place {
            Some(place) if place < middle => hashes.push(right),
            Some(_) => hashes.push(left),
            None => {}
        }
        Hash::of_node(&left, &right)
    }

    #[test]
    fn the_way_leads_from_every_leaf_to_the_root_and_from_a_wrong_one_elsewhere() {
        for size in 1..=17_u8 {
            let leaves: Vec<Hash> = (0..size).map(|n| Hash::of_leaf(&[n])).collect();
            for index in 0..size {
                let mut hashes = Vec::new();
                let root = tree(&leaves, Some(index.into()), &mut hashes);
                let mut inclusion = Inclusion {
                    event: EventId::from_parts(0, &[0; 10]),
                    index: index.into(),
                    tree_size: size.into(),
                    leaf_hash: leaves[usize::from(index)],
                    root,
                    hashes,
                };
                assert_eq!(walk(&inclusion).1, written_as(root), "{index} of {size}");
                inclusion.leaf_hash = Hash::of_leaf(b"another");
                assert_ne!(walk(&inclusion).1, written_as(root));
            }
        }
    }

    #[test]
    fn the_size_and_the_root_are_read_from_a_checkpoint() {
        let note = "rollcall.example/org_1\n17\nCsUYap=\n\n— rollcall.example/org_1 Az3\n";
        assert_eq!(read(note), Some((17, "CsUYap=".to_owned())));
        assert_eq!(read("rollcall.example\nx\n"), None);
    }
}
