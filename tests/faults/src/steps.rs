//! The steps of what nodes do: the statements that pass on the way to the database. A node can be killed at any of them, before it gets
//! there, or after it was carried out and before the node hears of that. Nothing in the service has to know.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::watch;

/// Whether a statement writes something: by itself, or by a function that does.
pub(crate) fn writes(statement: &str) -> bool {
    let word = statement.split(' ').next().unwrap_or_default();
    let functions = ["purge_", "erase_", "retain_", "forget_"];
    ["INSERT", "UPDATE", "DELETE", "WITH"].contains(&word)
        || functions.iter().any(|function| statement.contains(function))
}

/// When a node is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Moment {
    /// Before the statement gets to the database.
    Before,
    /// After it was carried out, and before its answer gets back.
    After,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Before => "before",
            Self::After => "after",
        })
    }
}

/// Kills a node at a step.
#[derive(Debug, Clone)]
pub(crate) struct Trap {
    pub(crate) statement: String,
    pub(crate) moment: Moment,
    /// The node's process, which nobody else waits for, so that the number stays its own.
    pub(crate) process: u32,
}

/// A trap that a statement has walked into.
pub(crate) struct Caught {
    pub(crate) moment: Moment,
    process: u32,
    generation: u64,
}

/// What is waited for. Each trap that is set, and each end of waiting, begins a new generation.
#[derive(Default)]
struct Armed {
    trap: Option<Trap>,
    generation: u64,
}

impl Armed {
    fn begin(&mut self, trap: Option<Trap>) {
        self.trap = trap;
        self.generation += 1;
    }
}

/// What has passed on a way, and what is waited for.
pub(crate) struct Steps {
    seen: Mutex<BTreeMap<Arc<str>, u64>>,
    armed: Mutex<Armed>,
    sprung: watch::Sender<u64>,
}

impl Default for Steps {
    fn default() -> Self {
        Self { seen: Mutex::default(), armed: Mutex::default(), sprung: watch::Sender::new(0) }
    }
}

impl Steps {
    /// Notes statements that pass; gives back the trap that one of them has walked into.
    pub(crate) fn pass(&self, statements: Vec<Arc<str>>) -> Option<Caught> {
        let mut seen = self.seen.lock().unwrap();
        let mut armed = self.armed.lock().unwrap();
        let mut caught = None;
        for statement in statements {
            if let Some(trap) = armed.trap.take_if(|trap| *trap.statement == *statement) {
                let Trap { moment, process, .. } = trap;
                caught = Some(Caught { moment, process, generation: armed.generation });
            }
            *seen.entry(statement).or_default() += 1;
        }
        caught
    }

    /// Kills the node, unless nobody waits for that any more: then its process may be gone, and the number another's.
    pub(crate) fn spring(&self, caught: &Caught) {
        // Kept until the signal is sent, so that whoever has disarmed it can be sure that none will be.
        let armed = self.armed.lock().unwrap();
        if armed.generation != caught.generation {
            return;
        }
        if let Some(pid) = i32::try_from(caught.process).ok().and_then(Pid::from_raw) {
            // It may have ended by itself at this very moment.
            let _ = kill_process(pid, Signal::KILL);
        }
        self.sprung.send_modify(|times| *times += 1);
    }

    /// Waits for a step at which a node is to be killed.
    pub(crate) fn set(&self, trap: Trap) {
        self.armed.lock().unwrap().begin(Some(trap));
    }

    /// Waits for it no more.
    pub(crate) fn disarm(&self) {
        self.armed.lock().unwrap().begin(None);
    }

    /// Hears when a node was killed.
    pub(crate) fn sprung(&self) -> watch::Receiver<u64> {
        self.sprung.subscribe()
    }

    /// All statements that have passed.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().keys().map(ToString::to_string).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trap_that_is_waited_for_no_more_does_not_spring() {
        let steps = Steps::default();
        let sprung = steps.sprung();
        // A number that no process has.
        let trap = Trap { statement: "COMMIT".to_owned(), moment: Moment::Before, process: 2_147_483_647 };
        steps.set(trap.clone());
        let late = steps.pass(vec!["COMMIT".into()]).expect("caught");
        steps.disarm();
        steps.spring(&late);
        assert!(!sprung.has_changed().unwrap());
        steps.set(trap);
        let caught = steps.pass(vec!["SELECT 1".into(), "COMMIT".into()]).expect("caught");
        steps.spring(&late);
        assert!(!sprung.has_changed().unwrap());
        steps.spring(&caught);
        assert!(sprung.has_changed().unwrap());
    }
}
