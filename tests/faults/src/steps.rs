//! The steps of what nodes do: the statements that pass on the way to the database. A node can be killed at any of them, before it gets
//! there, or after it was carried out and before the node hears of that. Nothing in the service has to know.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::watch;

/// When a node is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Moment {
    /// Before the statement gets to the database.
    Before,
    /// After it was carried out, and before its answer gets back.
    After,
}

/// Kills a node at a step.
#[derive(Debug, Clone)]
pub(crate) struct Trap {
    pub(crate) statement: String,
    pub(crate) moment: Moment,
    /// The node's process, which nobody else waits for, so that the number stays its own.
    pub(crate) process: u32,
}

/// What has passed on a way, and what is waited for.
pub(crate) struct Steps {
    seen: Mutex<BTreeMap<Arc<str>, u64>>,
    trap: Mutex<Option<Trap>>,
    sprung: watch::Sender<u64>,
}

impl Default for Steps {
    fn default() -> Self {
        Self { seen: Mutex::default(), trap: Mutex::default(), sprung: watch::Sender::new(0) }
    }
}

impl Steps {
    /// Notes statements that pass; gives back the trap that one of them has walked into.
    pub(crate) fn pass(&self, statements: Vec<Arc<str>>) -> Option<Trap> {
        let mut seen = self.seen.lock().unwrap();
        let mut trap = self.trap.lock().unwrap();
        let mut caught = None;
        for statement in statements {
            if trap.as_ref().is_some_and(|trap| *trap.statement == *statement) {
                caught = trap.take();
            }
            *seen.entry(statement).or_default() += 1;
        }
        caught
    }

    /// Kills the node.
    pub(crate) fn spring(&self, trap: &Trap) {
        if let Some(pid) = i32::try_from(trap.process).ok().and_then(Pid::from_raw) {
            // It may have ended by itself at this very moment.
            let _ = kill_process(pid, Signal::KILL);
        }
        self.sprung.send_modify(|times| *times += 1);
    }

    /// Waits for a step at which a node is to be killed.
    pub(crate) fn set(&self, trap: Trap) {
        *self.trap.lock().unwrap() = Some(trap);
    }

    /// Waits for it no more.
    pub(crate) fn disarm(&self) {
        *self.trap.lock().unwrap() = None;
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
