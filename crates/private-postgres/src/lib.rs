//! Finds, starts, adopts and stops a private PostgreSQL, for development and tests.
//!
//! The cluster belongs to a data directory. Whoever wants it gets the one that is running there, or starts it; it
//! listens on a Unix socket only, in a folder that nobody else can enter. It ends with the process that has started
//! it, however that one ends, unless another has taken it over in the meantime.

mod adopt;
mod claim;
mod cluster;
#[cfg(feature = "download")]
mod download;
mod error;
mod layout;
mod named;
mod search;
mod supervisor;
mod user;

use std::path::PathBuf;

pub use claim::DataDirectory;
pub use cluster::PrivatePostgres;
pub use error::Error;
pub use named::{TEST_DATABASE_URL, docker_answers, with_database};

/// What a private PostgreSQL is to be like.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder that it belongs to. It is made if it is missing.
    pub data_dir: PathBuf,
    /// Whether what is committed must survive a crash of the machine. Tests do without, and are faster.
    pub durable: bool,
    /// The most connections at a time.
    pub max_connections: u16,
    /// Whether PostgreSQL may be downloaded if this machine has none.
    pub download: bool,
}
