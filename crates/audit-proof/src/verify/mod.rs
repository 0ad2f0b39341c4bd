//! Checking an export, with nothing but the file.
//!
//! It is read once and never held: a tree grows over the hashes that stand beside the events (and are checked against the leaves),
//! and wherever a checkpoint has its size, it must have its root. So the checkpoint at the end vouches for the hashes, and a leaf
//! that has another hash is the one that was changed.

mod batches;
mod finding;
mod leaf;
mod lines;

use std::{collections::BTreeMap, io::Read};

pub use self::finding::{Failure, Finding};
use self::{
    batches::Batches,
    lines::{Fault, Item},
};
use crate::{
    Checkpoint, Hash, InvalidCheckpoint, VerifierKey, export::Begin, frontier::Frontier, proof::subtrees,
};

/// What whoever checks knows beforehand.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// The keys that checkpoints may be signed with; where there are none, nor public keys, those that stand in the file are.
    pub keys: Vec<VerifierKey>,
    /// The same without the name of a log: points of Ed25519 (RFC 8032 section 5.1.5). What is none has signed nothing.
    pub public_keys: Vec<[u8; 32]>,
    /// Checkpoints that were seen before, as signed notes: the log must lead to each of them. One of another log is [`Finding::Unsigned`].
    pub seen: Vec<String>,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How many events were read.
    pub events: u64,
    /// How many there are to be.
    pub of: u64,
}

/// What is proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Whose log it is: the id of an organization, or `platform`.
    pub log: String,
    /// The checkpoint that vouches for it.
    pub checkpoint: Checkpoint,
    /// The index of the first event, counted from 0. Of those before it only that they were there is proved.
    pub first: u64,
    /// How many events there are.
    pub events: u64,
    /// How many fields that identify persons were erased.
    pub erased: u64,
    /// How many other checkpoints it leads to, of those in the file and those that were seen before.
    pub checkpoints: u64,
    /// Whether the keys are those that stand in the file: then it is only as good as where it comes from.
    pub keys_of_file: bool,
}

/// Checks an export, line by line, on as many threads as there are cores, at most 16. It holds some megabytes of it at a time, however long
/// it is; a line may have 8 MiB. `progress` is called every 4,096 events or so, and when all are read.
///
/// ```
/// use rollcall_audit_proof::{Failure, Finding, Trust, verify};
///
/// let verified = verify(std::io::empty(), &Trust::default(), |_| ());
/// assert!(matches!(verified, Err(Failure::Found(Finding::CutOff { next: 0 }))));
/// ```
///
/// # Errors
/// [`Failure`], with the first thing that is wrong.
pub fn verify(
    export: impl Read,
    trust: &Trust,
    mut progress: impl FnMut(Progress),
) -> Result<Verified, Failure> {
    let mut batches = Batches::new(export);
    let first_line = batches.first_line()?.ok_or(Finding::CutOff { next: 0 })?;
    let begin = lines::begin(&first_line).map_err(|problem| malformed(1, &problem))?;
    let mut check = Check::begin(&begin, trust)?;
    let ended = batches.each(&begin.log, |line, item| {
        let more = check.item(line, item)?;
        if check.tree.size() % 4_096 == 0 {
            progress(Progress { events: check.read(), of: begin.events });
        }
        Ok(more)
    })?;
    progress(Progress { events: check.read(), of: begin.events });
    if ended {
        check.end(begin)
    } else {
        Err(check.first_of(Finding::CutOff { next: check.tree.size() }).into())
    }
}

fn malformed(line: u64, problem: &impl ToString) -> Finding {
    Finding::Malformed { line, problem: problem.to_string() }
}

/// What has been read so far.
struct Check {
    keys: Vec<VerifierKey>,
    origin: String,
    checkpoint: Checkpoint,
    first: u64,
    end: u64,
    right: Vec<Hash>,
    tree: Frontier,
    /// The roots that are to be there, by size.
    roots: BTreeMap<u64, Hash>,
    /// The size of the last checkpoint that holds.
    holds: u64,
    fault: Option<(u64, Fault)>,
    erased: u64,
    checkpoints: u64,
    keys_of_file: bool,
}

impl Check {
    fn begin(begin: &Begin, trust: &Trust) -> Result<Self, Failure> {
        let hashes = |texts: &[String]| {
            let hashes: Option<Vec<_>> = texts.iter().map(|text| lines::hash(text)).collect();
            hashes.ok_or_else(|| malformed(1, &"a hash is none"))
        };
        // Nothing else ties an export without events to a log.
        if begin.origin.rsplit('/').next() != Some(begin.log.as_str()) {
            return Err(malformed(1, &"its `log` is not the one that its `origin` names").into());
        }
        let keys_of_file = trust.keys.is_empty() && trust.public_keys.is_empty();
        let mut keys = trust.keys.clone();
        keys.extend(trust.public_keys.iter().filter_map(|key| VerifierKey::new(&begin.origin, key).ok()));
        if keys_of_file {
            let read: Result<Vec<VerifierKey>, _> = begin.keys.iter().map(|key| key.parse()).collect();
            keys = read.map_err(|error| malformed(1, &error))?;
        }
        let open = |note: &str| Checkpoint::open(note, &begin.origin, &keys);
        let checkpoint =
            open(&begin.checkpoint).map_err(|error| unsigned("the export's checkpoint", &error))?;
        let end = begin.first.checked_add(begin.events).ok_or_else(|| malformed(1, &"too many events"))?;
        let tree = Frontier::at(begin.first, &hashes(&begin.left)?)
            .ok_or_else(|| malformed(1, &"`left` has not as many hashes as `first` says"))?;

        let mut roots = BTreeMap::new();
        for note in &trust.seen {
            let seen = open(note).map_err(|error| unsigned("a checkpoint seen before", &error))?;
            if seen.size > checkpoint.size {
                return Err(Finding::Shorter { size: checkpoint.size, seen: seen.size }.into());
            }
            let (size, first, whole) = (seen.size, begin.first, checkpoint.size);
            if !((first..=end).contains(&size) || size == whole || size == 0) {
                return Err(Failure::Incomparable { size, first, end, whole });
            }
            if *roots.entry(size).or_insert(seen.root) != seen.root {
                return Err(Finding::Unproven { from: 0, size, suspect: None }.into());
            }
        }
        let mut check = Self {
            origin: begin.origin.clone(),
            first: begin.first,
            end,
            right: hashes(&begin.right)?,
            holds: begin.first,
            checkpoints: roots.len() as u64,
            keys,
            checkpoint,
            tree,
            roots,
            fault: None,
            erased: 0,
            keys_of_file,
        };
        check.arrived()?;
        Ok(check)
    }

    fn read(&self) -> u64 {
        self.tree.size() - self.first
    }

    /// Takes what a line comes to; tells whether there are more.
    fn item(&mut self, line: u64, item: Item) -> Result<bool, Finding> {
        match item {
            Item::Event { index, hash, fault, erased } => {
                if index != self.tree.size() || index >= self.end {
                    return Err(self.first_of(Finding::Missing { index: self.tree.size().min(index) }));
                }
                // Without a leaf and without a hash, nothing can be said of what follows.
                let Some(hash) = hash else { return Err(self.first_of(Finding::Missing { index })) };
                self.fault = self.fault.take().or(fault.map(|fault| (index, fault)));
                self.erased += erased;
                let appended = self.tree.append(0, hash);
                appended.ok_or_else(|| malformed(line, &"too many events"))?;
                self.arrived()?;
            }
            Item::Checkpoint(note) => {
                let open = Checkpoint::open(&note, &self.origin, &self.keys);
                let signed = open.map_err(|error| unsigned("a checkpoint given out before", &error))?;
                if signed.size > self.checkpoint.size {
                    let shorter = Finding::Shorter { size: self.checkpoint.size, seen: signed.size };
                    return Err(self.first_of(shorter));
                }
                if signed.size != self.tree.size() {
                    return Err(malformed(line, &"a checkpoint stands where it cannot be compared"));
                }
                self.roots.insert(signed.size, signed.root);
                self.checkpoints += 1;
                self.arrived()?;
            }
            Item::End { events } => {
                if self.tree.size() < self.end || events != self.read() {
                    return Err(self.first_of(Finding::Missing { index: self.tree.size() }));
                }
                return Ok(false);
            }
            Item::Nothing => {}
            Item::Malformed(problem) => return Err(malformed(line, &problem)),
        }
        Ok(true)
    }

    /// Compares the tree with a checkpoint of its size, if there is one.
    fn arrived(&mut self) -> Result<(), Finding> {
        let size = self.tree.size();
        let Some(root) = self.roots.get(&size) else { return Ok(()) };
        if *root != self.tree.root() {
            return Err(self.unproven(size));
        }
        self.holds = size;
        Ok(())
    }

    /// The events do not lead to a checkpoint of that size. A fault before the last checkpoint that holds comes first.
    fn unproven(&self, size: u64) -> Finding {
        match &self.fault {
            Some((index, _)) if *index >= self.holds => {
                Finding::Unproven { from: self.holds, size, suspect: Some(*index) }
            }
            Some((index, fault)) => found(*index, fault),
            None => Finding::Unproven { from: self.holds, size, suspect: None },
        }
    }

    /// What was found, or the fault that comes before it.
    fn first_of(&self, finding: Finding) -> Finding {
        self.fault.as_ref().map_or(finding, |(index, fault)| found(*index, fault))
    }

    /// All events were read.
    fn end(mut self, begin: Begin) -> Result<Verified, Failure> {
        let size = self.checkpoint.size;
        let nodes: Vec<_> = subtrees(self.end, size).collect();
        if self.end > size {
            return Err(malformed(1, &"there are more events than its checkpoint has").into());
        }
        if nodes.len() != self.right.len() {
            let shorter = Finding::Shorter { size: self.end, seen: size };
            let wrong = malformed(1, &"`right` has not as many hashes as its checkpoint asks for");
            return Err(self.first_of(if self.right.is_empty() { shorter } else { wrong }).into());
        }
        for (node, hash) in nodes.iter().zip(std::mem::take(&mut self.right)) {
            // Each begins where the one before it ends.
            self.tree.append(node.level, hash).ok_or_else(|| malformed(1, &"`right` does not fit"))?;
        }
        self.roots.entry(size).or_insert(self.checkpoint.root);
        if self.checkpoint.root != self.tree.root() {
            return Err(self.unproven(size).into());
        }
        self.arrived()?;
        if let Some((index, fault)) = &self.fault {
            return Err(found(*index, fault).into());
        }
        if self.roots.get(&0).is_some_and(|root| *root != Hash::of_nothing()) {
            return Err(Finding::Unproven { from: 0, size: 0, suspect: None }.into());
        }
        Ok(Verified {
            log: begin.log,
            first: self.first,
            events: begin.events,
            checkpoint: self.checkpoint,
            erased: self.erased,
            checkpoints: self.checkpoints,
            keys_of_file: self.keys_of_file,
        })
    }
}

fn found(index: u64, fault: &Fault) -> Finding {
    match fault {
        Fault::Missing => Finding::Missing { index },
        Fault::Altered(problem) => Finding::Altered { index, problem },
        Fault::Personal(field) => Finding::Personal { index, field: field.clone() },
    }
}

fn unsigned(which: &str, error: &InvalidCheckpoint) -> Finding {
    Finding::Unsigned { problem: format!("{which} cannot be believed: {error}") }
}

#[cfg(test)]
pub(crate) mod tests;
