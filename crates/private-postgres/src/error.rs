//! Why there is no private PostgreSQL.

use std::{io, path::PathBuf};

/// Why there is no private PostgreSQL. Each text is one that a newcomer can act on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another server works with the data directory.
    #[error("{} is in use by another rollcall{}; stop that one, or choose another ROLLCALL__DATA_DIR", path.display(), pid.map(|pid| format!(" (process {pid})")).unwrap_or_default())]
    InUse {
        /// The data directory.
        path: PathBuf,
        /// The other server's process, if it has said so.
        pid: Option<u32>,
    },
    /// This machine has no PostgreSQL.
    #[error("{hint}")]
    NotFound {
        /// What to type.
        hint: String,
    },
    /// The programs that were named are not there, or not whole.
    #[error("PG_BIN_DIR is {}, but there is no initdb and postgres in it", path.display())]
    Named {
        /// The folder that was named.
        path: PathBuf,
    },
    /// The programs are of another version than the data.
    #[error("{} was made by PostgreSQL {made_by}, but this machine has {found}; install PostgreSQL {made_by}, or move the folder away", path.display())]
    OtherVersion {
        /// The cluster.
        path: PathBuf,
        /// The version that made it.
        made_by: u32,
        /// The version that was found.
        found: u32,
    },
    /// The programs are too old.
    #[error("PostgreSQL {found} is too old; Rollcall needs 15 or newer")]
    TooOld {
        /// Their version.
        found: u32,
    },
    /// A folder that should be ours is not.
    #[error("{} is not a folder of our own (owner and mode 0700); remove it", path.display())]
    NotOurs {
        /// The folder.
        path: PathBuf,
    },
    /// PostgreSQL did not do what it was started for.
    #[error("{what}\n{log}")]
    Failed {
        /// What was wanted.
        what: String,
        /// The last lines that it wrote.
        log: String,
    },
    /// The system said no.
    #[error("{what}: {source}")]
    System {
        /// What was wanted.
        what: String,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// Says what was wanted when the system said no.
    pub(crate) fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::System { what, source }
    }
}
