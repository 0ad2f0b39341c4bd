//! As whom PostgreSQL runs: it refuses to run as root, so root hands it to somebody else.

use std::{
    fs,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::Path,
    process::Command,
};

use crate::Error;

/// The user that PostgreSQL runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct User {
    uid: u32,
    gid: u32,
    /// Whether this process must become that user first.
    other: bool,
}

impl User {
    /// This process's own user; for root the user `postgres`, or else `nobody`.
    pub(crate) fn find() -> Result<Self, Error> {
        let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        if uid != 0 {
            return Ok(Self { uid, gid, other: false });
        }
        let users = fs::read_to_string("/etc/passwd").map_err(Error::system("cannot read /etc/passwd"))?;
        let named = |name: &str| {
            let line = users.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            let mut fields = line.split(':').skip(1);
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        };
        let (uid, gid) = named("postgres").or_else(|| named("nobody")).ok_or_else(|| Error::Failed {
            what: "PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody"
                .to_owned(),
            log: "Run this as another user.".to_owned(),
        })?;
        Ok(Self { uid, gid, other: true })
    }

    /// A command that runs as this user, from a folder that every user can be in.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        // Our environment may hold secrets, which are none of its business.
        command.current_dir("/").env_clear().env("PATH", "/usr/bin:/bin");
        if self.other {
            // Without the groups of root too: the standard library drops them along with the user.
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Whether this user can go through every folder on the way to `path`.
    pub(crate) fn can_reach(&self, path: &Path) -> bool {
        !self.other
            || path.ancestors().all(|folder| {
                fs::metadata(folder).is_ok_and(|metadata| {
                    let mode = metadata.mode();
                    let bit = if metadata.uid() == self.uid {
                        0o100
                    } else if metadata.gid() == self.gid {
                        0o010
                    } else {
                        0o001
                    };
                    mode & bit != 0
                })
            })
    }

    /// A folder that is this user's alone. It is made if it is missing, and refused if somebody else has made it.
    pub(crate) fn own_folder(&self, path: &Path) -> Result<(), Error> {
        use std::os::unix::fs::DirBuilderExt;
        let wanted = || format!("cannot make {}", path.display());
        match fs::DirBuilder::new().mode(0o700).create(path) {
            Ok(()) if self.other => {
                std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))
                    .map_err(Error::system(wanted()))?;
            }
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::system(wanted())(error)),
        }
        // A link would lead to somebody else's folder.
        let metadata = fs::symlink_metadata(path).map_err(Error::system(wanted()))?;
        if metadata.is_dir() && metadata.uid() == self.uid && metadata.mode() & 0o777 == 0o700 {
            Ok(())
        } else {
            Err(Error::NotOurs { path: path.to_owned() })
        }
    }
}
