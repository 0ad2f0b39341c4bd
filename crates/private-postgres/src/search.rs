//! Finds PostgreSQL's programs on this machine.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::Error;

/// The oldest version that the schema works with.
const OLDEST: u32 = 15;

/// PostgreSQL's programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Programs {
    /// The folder they are in.
    pub(crate) bin: PathBuf,
    /// Their major version.
    pub(crate) major: u32,
}

impl Programs {
    /// The programs in a folder, if initdb and postgres are both there and say which version they are.
    pub(crate) fn in_folder(bin: &Path) -> Option<Self> {
        // A link on the PATH leads to where all of them are.
        let bin = bin.join("postgres").canonicalize().ok()?.parent()?.to_owned();
        if !bin.join("initdb").exists() {
            return None;
        }
        let output = Command::new(bin.join("postgres")).arg("--version").output().ok()?;
        // "postgres (PostgreSQL) 15.18 (Debian …)"
        let text = String::from_utf8(output.stdout).ok()?;
        let version =
            text.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
        let major = version.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()?;
        Some(Self { bin, major })
    }
}

/// Looks where PostgreSQL is usually found. `made_by` is the version that has made the data, which is the only one
/// that can read it. None if there is none.
pub(crate) fn find(made_by: Option<u32>, cluster: &Path) -> Result<Option<Programs>, Error> {
    if let Some(path) = env::var_os("PG_BIN_DIR").map(PathBuf::from) {
        let named = Programs::in_folder(&path).ok_or(Error::Named { path })?;
        return fitting(named, made_by, cluster).map(Some);
    }
    let mut found: Vec<Programs> = candidates().iter().filter_map(|bin| Programs::in_folder(bin)).collect();
    found.sort_by_key(|programs| std::cmp::Reverse(programs.major));
    let wanted =
        found.iter().position(|programs| made_by.is_none_or(|major| programs.major == major)).unwrap_or(0);
    match found.into_iter().nth(wanted) {
        Some(programs) => fitting(programs, made_by, cluster).map(Some),
        None => Ok(None),
    }
}

/// The programs, if they can work with the data.
pub(crate) fn fitting(programs: Programs, made_by: Option<u32>, cluster: &Path) -> Result<Programs, Error> {
    match made_by {
        Some(made_by) if made_by != programs.major => {
            Err(Error::OtherVersion { path: cluster.to_owned(), made_by, found: programs.major })
        }
        _ if programs.major < OLDEST => Err(Error::TooOld { found: programs.major }),
        _ => Ok(programs),
    }
}

fn candidates() -> Vec<PathBuf> {
    let below = |folder: &str, bin: &str| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path().join(bin)).collect()
    };
    let homebrew = |folder: &str| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let ours = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("postgresql"));
        ours.map(|entry| entry.path().join("bin")).collect()
    };
    let path = env::var_os("PATH").unwrap_or_default();
    [
        // Debian and Ubuntu; Fedora; Arch.
        below("/usr/lib/postgresql", "bin"),
        below("/usr", "bin").into_iter().filter(|bin| bin.to_string_lossy().contains("/pgsql-")).collect(),
        homebrew("/opt/homebrew/opt"),
        homebrew("/usr/local/opt"),
        below("/Applications/Postgres.app/Contents/Versions", "bin"),
        env::split_paths(&path).collect(),
    ]
    .concat()
}

/// What to type where there is none.
pub(crate) fn hint() -> String {
    "this machine has no PostgreSQL (15 or newer). One of these gets it:\n  \
     Debian, Ubuntu:  sudo apt-get install postgresql\n  \
     Fedora:          sudo dnf install postgresql-server\n  \
     macOS:           brew install postgresql@17\n  \
     elsewhere:       set PG_BIN_DIR to the folder with initdb and postgres, or ROLLCALL__DATABASE__URL to a server"
        .to_owned()
}
