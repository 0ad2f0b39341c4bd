//! Where the parts of a private PostgreSQL are.

use std::{
    fmt::Write,
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::{Error, user::User};

/// The port in a socket's name; nothing listens on the network.
pub(crate) const PORT: u16 = 5432;

/// Where the parts of a private PostgreSQL are.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    /// The data directory, as it is called when all links are followed.
    pub(crate) data_dir: PathBuf,
    /// Keeps two from starting it at once.
    pub(crate) start_lock: PathBuf,
    /// The cluster.
    pub(crate) cluster: PathBuf,
    /// What PostgreSQL writes.
    pub(crate) log: PathBuf,
    /// Where its socket is. A socket's whole path has room for 107 bytes, so it is not under the data directory.
    pub(crate) socket_dir: PathBuf,
    /// Where downloaded programs are kept.
    #[cfg_attr(not(feature = "download"), expect(dead_code, reason = "nothing is downloaded"))]
    pub(crate) downloads: PathBuf,
}

impl Layout {
    /// Finds, and makes, the places for a data directory.
    pub(crate) fn make(data_dir: &Path, user: &User) -> Result<Self, Error> {
        let made = fs::create_dir_all(data_dir).and_then(|()| data_dir.canonicalize());
        let data_dir = made.map_err(Error::system(format!("cannot make {}", data_dir.display())))?;
        let name = format!("rollcall-{}", fingerprint(&data_dir));
        let home = if user.can_reach(&data_dir) {
            data_dir.join("postgres")
        } else {
            // As under /root, where nobody but root gets. A note says where it is instead.
            let home = Path::new("/var/tmp").join(&name);
            let note =
                format!("The user that PostgreSQL runs as cannot get here, so it is in {}\n", home.display());
            fs::write(data_dir.join("postgres-is-elsewhere.txt"), note)
                .map_err(Error::system("cannot write a note"))?;
            home
        };
        let socket_dir = Path::new("/tmp").join(&name);
        user.own_folder(&home)?;
        user.own_folder(&socket_dir)?;
        Ok(Self {
            start_lock: data_dir.join("postgres.lock"),
            cluster: home.join("data"),
            log: home.join("server.log"),
            socket_dir,
            downloads: data_dir.join("postgresql"),
            data_dir,
        })
    }

    /// The socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.socket_dir.join(format!(".s.PGSQL.{PORT}"))
    }

    /// The version that has made the cluster; none when there is no cluster.
    pub(crate) fn made_by(&self) -> Option<u32> {
        fs::read_to_string(self.cluster.join("PG_VERSION")).ok()?.trim().parse().ok()
    }

    /// The last lines that PostgreSQL wrote.
    pub(crate) fn last_log_lines(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

fn fingerprint(path: &Path) -> String {
    let mut text = String::new();
    for byte in &Sha256::digest(path.as_os_str().as_bytes())[..8] {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_s_path_is_short_however_long_the_data_directory_s_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let long = folder.path().join("a-very-long-name".repeat(6)).join("another-long-name".repeat(6));
        let layout = Layout::make(&long, &User::find().expect("a user")).expect("a layout");
        assert!(layout.socket().as_os_str().len() < 104, "{}", layout.socket().display());
        fs::remove_dir(layout.socket_dir).expect("removed");
    }
}
