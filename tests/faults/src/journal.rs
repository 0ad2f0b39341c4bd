//! What was asked, what was answered, and what must therefore be so.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Mutex,
};

/// What has gone wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wrong {
    /// Something that was acknowledged is not there.
    Lost,
    /// Something was done twice.
    Twice,
    /// An answer had to do with another organization.
    Stranger,
    /// Something that had ended was believed for longer than is documented.
    Stale,
    /// Nobody expects such an answer.
    Answer,
    /// It did not go on by itself.
    Stuck,
}

/// A change of one thing. Asked for again, it is the same one: either it has happened, once, or it has not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change {
    /// The organization's place in the suite.
    pub(crate) organization: usize,
    /// The action in the audit log.
    pub(crate) action: &'static str,
    /// Whom it is about, as it is called in the audit log.
    pub(crate) target: String,
}

/// How many events the audit log must hold of a change, at the least and at the most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) least: u64,
    pub(crate) most: u64,
}

/// What was counted during one fault.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// All requests of the load.
    pub(crate) requests: u64,
    /// Changes that were acknowledged.
    pub(crate) acknowledged: u64,
    /// Requests that were refused for a reason.
    pub(crate) refused: u64,
    /// Requests of which nobody knows what became of them: no answer, or 5xx.
    pub(crate) unknown: u64,
}

#[derive(Default)]
struct Kept {
    figures: Figures,
    by_node: BTreeMap<usize, u64>,
    changes: BTreeMap<Change, Bounds>,
    owners: HashMap<String, usize>,
    wrong: Vec<(Wrong, String)>,
    found: BTreeSet<String>,
    mailed: BTreeSet<String>,
    names: BTreeSet<String>,
    signed: BTreeSet<String>,
    checked: BTreeSet<String>,
}

/// What was asked and answered, kept in memory.
#[derive(Default)]
pub(crate) struct Journal(Mutex<Kept>);

impl Journal {
    /// Counts a request, by the status of its answer, if there was one.
    pub(crate) fn requested(&self, status: Option<u16>) {
        let figures = &mut self.0.lock().unwrap().figures;
        figures.requests += 1;
        match status {
            Some(400..=499) => figures.refused += 1,
            None | Some(500..) => figures.unknown += 1,
            Some(_) => {}
        }
    }

    /// A change was acknowledged by a node: it has happened.
    pub(crate) fn acknowledged(&self, node: usize, change: Change) {
        let mut kept = self.0.lock().unwrap();
        kept.figures.acknowledged += 1;
        *kept.by_node.entry(node).or_default() += 1;
        let bounds = kept.changes.entry(change).or_default();
        bounds.least += 1;
        bounds.most += 1;
    }

    /// Nobody knows whether a change has happened.
    pub(crate) fn unsure(&self, change: Change) {
        self.0.lock().unwrap().changes.entry(change).or_default().most += 1;
    }

    /// Something has gone wrong.
    pub(crate) fn wrong(&self, what: Wrong, why: String) {
        let mut kept = self.0.lock().unwrap();
        // What was lost stays so, and is told once.
        if kept.found.insert(why.clone()) {
            kept.wrong.push((what, why));
        }
    }

    /// A mail must get to an address.
    pub(crate) fn mailed(&self, address: &str) {
        self.0.lock().unwrap().mailed.insert(address.to_owned());
    }

    /// Something was asked for by a name that is given once, with a key: it is there once at the most, whatever was answered.
    pub(crate) fn named(&self, name: &str) {
        self.0.lock().unwrap().names.insert(name.to_owned());
    }

    /// A checkpoint of an audit log was given out: the log must continue it.
    pub(crate) fn signed(&self, note: &str) {
        let mut kept = self.0.lock().unwrap();
        if !kept.checked.contains(note) {
            kept.signed.insert(note.to_owned());
        }
    }

    /// The checkpoints that were given out and have not been looked at yet.
    pub(crate) fn take_signed(&self) -> BTreeSet<String> {
        let mut kept = self.0.lock().unwrap();
        let signed = std::mem::take(&mut kept.signed);
        kept.checked.extend(signed.iter().cloned());
        signed
    }

    /// Whoever saw an id first owns it; an id in an answer to another organization is that of a stranger.
    pub(crate) fn saw(&self, organization: usize, answer: &str) {
        let mut kept = self.0.lock().unwrap();
        for id in ids(answer) {
            let owner = *kept.owners.entry(id.to_owned()).or_insert(organization);
            if owner != organization {
                let why = format!("organization {organization} was told of {id}, which is {owner}'s");
                kept.wrong.push((Wrong::Stranger, why));
            }
        }
    }

    /// How many changes were acknowledged by each node.
    pub(crate) fn by_node(&self) -> BTreeMap<usize, u64> {
        self.0.lock().unwrap().by_node.clone()
    }

    /// All changes that there must be, or may be.
    pub(crate) fn changes(&self) -> BTreeMap<Change, Bounds> {
        self.0.lock().unwrap().changes.clone()
    }

    /// Whom a mail must have reached.
    pub(crate) fn mailed_to(&self) -> BTreeSet<String> {
        self.0.lock().unwrap().mailed.clone()
    }

    /// All names under which something was to be made.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        self.0.lock().unwrap().names.clone()
    }

    /// What was counted, and what has gone wrong, since this was last asked.
    pub(crate) fn take(&self) -> (Figures, Vec<(Wrong, String)>) {
        let mut kept = self.0.lock().unwrap();
        (std::mem::take(&mut kept.figures), std::mem::take(&mut kept.wrong))
    }
}

/// The prefixes of ids that belong to one organization.
const PREFIXES: [&str; 9] = ["org", "user", "inv", "key", "sess", "call", "esc", "rec", "evt"];
/// How long an id is after its prefix: a UUID in Crockford's base32.
const LENGTH: usize = 26;

/// The ids in a text.
fn ids(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_');
    words.filter(|word| {
        word.split_once('_').is_some_and(|(prefix, rest)| PREFIXES.contains(&prefix) && rest.len() == LENGTH)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "user_01h455vb4pex5vsknk084sn02q";

    #[test]
    fn an_id_of_one_organization_in_an_answer_to_another_is_noticed() {
        let journal = Journal::default();
        journal.saw(0, &format!(r#"{{"data":[{{"user":{{"id":"{ID}"}}}}],"next_cursor":null}}"#));
        journal.saw(0, &format!("/v1/members/{ID}?a=b"));
        assert_eq!(journal.take().1, []);
        journal.saw(1, &format!(r#"{{"detail":"not {ID}."}}"#));
        assert_eq!(journal.take().1[0].0, Wrong::Stranger);
    }

    #[test]
    fn what_is_acknowledged_must_be_and_what_is_unsure_may_be() {
        let journal = Journal::default();
        let change = Change { organization: 0, action: "member.removed", target: ID.to_owned() };
        journal.unsure(change.clone());
        assert_eq!(journal.changes()[&change], Bounds { least: 0, most: 1 });
        journal.acknowledged(1, change.clone());
        assert_eq!(journal.changes()[&change], Bounds { least: 1, most: 2 });
        assert_eq!(journal.by_node(), BTreeMap::from([(1, 1)]));
    }
}
