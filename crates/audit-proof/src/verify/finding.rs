//! What can be wrong.

use std::{fmt, io};

/// What is wrong with a log, or with what was exported of it. Indices of events count from 0; texts are for people, and may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A line is not what the format says.
    Malformed {
        /// Counts from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// It ends without its last line.
    CutOff {
        /// The event that should come next.
        next: u64,
    },
    /// An event is not what was logged.
    Altered {
        /// Which.
        index: u64,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// An event is not there, or not where it belongs.
    Missing {
        /// Which.
        index: u64,
    },
    /// What stands beside an event in clear is not what was logged.
    Personal {
        /// Which event.
        index: u64,
        /// Which field.
        field: String,
    },
    /// The events do not lead to what was signed: one of them, or more, is not what it was.
    Unproven {
        /// The first that nothing vouches for. Those before it hold.
        from: u64,
        /// The size of the checkpoint that they do not lead to.
        size: u64,
        /// The first of them that does not even fit what stands beside it; none when all do.
        suspect: Option<u64>,
    },
    /// The log is shorter than a checkpoint says.
    Shorter {
        /// How many events there are.
        size: u64,
        /// How many there were.
        seen: u64,
    },
    /// A checkpoint is not signed as it must be.
    Unsigned {
        /// Which one, and what is wrong with it.
        problem: String,
    },
}

impl Finding {
    /// The exit code of programs that come to it: each kind has its own, from 10 to 17 (`docs/audit-log-format.md`).
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Malformed { .. } => 10,
            Self::CutOff { .. } => 11,
            Self::Altered { .. } => 12,
            Self::Missing { .. } => 13,
            Self::Personal { .. } => 14,
            Self::Unproven { .. } => 15,
            Self::Shorter { .. } => 16,
            Self::Unsigned { .. } => 17,
        }
    }

    /// The index of the first event that does not hold; none where the file, or a signature, is all that is known to be wrong.
    pub fn first_bad(&self) -> Option<u64> {
        match self {
            Self::CutOff { next: index }
            | Self::Altered { index, .. }
            | Self::Missing { index }
            | Self::Personal { index, .. }
            | Self::Unproven { from: index, .. }
            | Self::Shorter { size: index, .. } => Some(*index),
            Self::Malformed { .. } | Self::Unsigned { .. } => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { line, problem } => {
                write!(f, "line {line} is not as the format says: {problem}")
            }
            Self::CutOff { next } => write!(f, "it is cut off: event {next} should come next"),
            Self::Altered { index, problem } => write!(f, "event {index} does not hold: {problem}"),
            Self::Missing { index } => {
                write!(f, "event {index} does not hold: it is missing, or not where it belongs")
            }
            Self::Personal { index, field } => {
                write!(f, "event {index} does not hold: {field:?} beside it is not what was logged")
            }
            Self::Unproven { from, size, suspect } => {
                let last = size.saturating_sub(1);
                write!(
                    f,
                    "the events from {from} to {last} do not hold: they do not lead to the checkpoint of {size} events"
                )?;
                suspect.map_or(Ok(()), |index| {
                    write!(f, "; event {index} does not even have the hash beside it")
                })
            }
            Self::Shorter { size, seen } => write!(
                f,
                "the log is shorter than a checkpoint seen before: event {size} is missing; there are {size} events, and there were {seen}"
            ),
            Self::Unsigned { problem } => f.write_str(problem),
        }
    }
}

/// Nothing is proved.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Something is wrong with it.
    #[error("{0}")]
    Found(Finding),
    /// A checkpoint cannot be compared with this part of the log.
    #[error(
        "the checkpoint of {size} events cannot be compared: this export proves trees of {first} to {end} events, \
         and of {whole}; export the whole log, or ask for the consistency proof from {size} to {whole}"
    )]
    Incomparable {
        /// Its size.
        size: u64,
        /// The index of the export's first event.
        first: u64,
        /// The index after its last event.
        end: u64,
        /// The size of its own checkpoint.
        whole: u64,
    },
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
}

impl From<Finding> for Failure {
    fn from(finding: Finding) -> Self {
        Self::Found(finding)
    }
}
