//! A chromedriver of one's own.

use std::{
    io::{BufRead, BufReader, Lines},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
};

use tempfile::TempDir;

use crate::{Look, Profile, Programs, wire::Wire};

/// A chromedriver of one's own, on a port that it has chosen. It ends when the last of its profiles does, and they end with it.
#[derive(Clone)]
pub struct Browser(Arc<Driver>);

/// Its process, and the folder in which it and its browsers keep what is theirs.
pub(crate) struct Driver {
    process: Child,
    /// Read no further, but open: it may still have something to say.
    _output: Lines<BufReader<ChildStdout>>,
    pub(crate) wire: Wire,
    pub(crate) programs: Programs,
    pub(crate) folder: TempDir,
}

impl Browser {
    /// Starts one.
    ///
    /// # Panics
    ///
    /// Where there is no Chromium. A browser test that cannot run has not passed; `cargo xtask test` leaves it out there, and says so.
    #[must_use]
    pub fn start() -> Self {
        let programs = Programs::find().unwrap_or_else(|missing| panic!("{missing}"));
        let folder = tempfile::Builder::new().prefix("rollcall-browser-").tempdir().unwrap();
        let started = (0..STARTS).find_map(|_| start(&programs, folder.path()));
        let (process, output, port) = started.expect("chromedriver says where it listens");
        let wire = Wire::to(format!("http://127.0.0.1:{port}"));
        Self(Arc::new(Driver { process, _output: output, wire, programs, folder }))
    }

    /// Somebody's browser, new and empty, on a desk.
    pub async fn profile(&self) -> Profile {
        self.profile_with(Look::DESK).await
    }

    /// Somebody's browser, new and empty.
    pub async fn profile_with(&self, look: Look) -> Profile {
        Profile::open(self.0.clone(), look).await
    }

    /// The process of the driver.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.0.process.id()
    }

    /// Where it and its profiles keep what is theirs, until they end.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.0.folder.path().to_owned()
    }
}

/// How often a driver is started before it is given up: a port that the system has chosen for it may be somebody else's in the
/// other version of the Internet Protocol, and then it ends.
const STARTS: usize = 5;

/// A driver, what it has still to say, and the port on which it listens; none if it ended instead.
fn start(programs: &Programs, folder: &Path) -> Option<(Child, Lines<BufReader<ChildStdout>>, u16)> {
    let mut process = Command::new(&programs.chromedriver)
        .arg("--port=0")
        // What it leaves behind goes when the folder does.
        .env("TMPDIR", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
    let port = output.by_ref().map_while(Result::ok).find_map(|line| {
        let port = line.strip_prefix("ChromeDriver was started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    if port.is_none() {
        process.wait().unwrap();
    }
    Some((process, output, port?))
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Its browsers hear from it by a pipe, and end when that does.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
