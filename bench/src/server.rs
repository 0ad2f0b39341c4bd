//! A server in a process of its own: the service, or a floor.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{Result, data::RING};

/// The credential of services at the service.
pub(crate) const SERVICE_TOKEN: &str = "a credential of services that is long enough";

/// A server that runs.
pub(crate) struct Server {
    process: Child,
    /// It may have more to say, and must not find that nobody listens.
    _output: BufReader<ChildStdout>,
    /// Where it serves.
    pub(crate) address: SocketAddr,
    /// From its start to the line that says that it serves.
    pub(crate) started_in: Duration,
}

impl Server {
    /// Starts a server, which says `http://` and its address when it serves. What it logs goes into a file.
    pub(crate) async fn start(mut command: Command, log: &Path) -> Result<Self> {
        let program = command.get_program().to_owned();
        command.stdout(Stdio::piped()).stderr(File::create(log)?);
        let begun = Instant::now();
        let mut process = command.spawn().map_err(|error| format!("{}: {error}", program.display()))?;
        let output = process.stdout.take().map(BufReader::new);
        let first_line = tokio::task::spawn_blocking(move || {
            let mut output = output?;
            let mut line = String::new();
            output.read_line(&mut line).ok().map(|_| (line, Instant::now(), output))
        });
        let address = |line: &str| {
            let words = line.split_whitespace();
            words.filter_map(|word| word.strip_prefix("http://")).find_map(|word| word.parse().ok())
        };
        let first_line = first_line.await?;
        match first_line.and_then(|(line, at, output)| Some((address(&line)?, at - begun, output))) {
            Some((address, started_in, _output)) => Ok(Self { process, _output, address, started_in }),
            None => {
                let _ = process.kill();
                let _ = process.wait();
                let log = fs::read_to_string(log).unwrap_or_default();
                Err(format!("{} does not serve:\n{log}", program.display()).into())
            }
        }
    }

    /// The number of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Stops it in good order.
    pub(crate) async fn stop(mut self) -> Result {
        let pid = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.ok_or("the server has no process")?, Signal::TERM)?;
        let status = tokio::task::spawn_blocking(move || self.process.wait()).await??;
        // A floor knows nothing of good order.
        let ended = status.success() || std::os::unix::process::ExitStatusExt::signal(&status).is_some();
        if ended { Ok(()) } else { Err(format!("a server ended badly: {status}").into()) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After a failure; one that was stopped is not there any more.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A command of `rollcall` for a database, configured as it is if nothing is said, but for limits and where things are.
pub(crate) fn rollcall(program: &Path, database_url: &str) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ROLLCALL_")) {
        command.env_remove(name);
    }
    command.envs([
        ("ROLLCALL__DATABASE__URL", database_url),
        ("ROLLCALL__DATABASE__MIGRATE_ON_START", "false"),
        ("ROLLCALL__HTTP__ADDRESS", "127.0.0.1:0"),
        ("ROLLCALL__HTTP__OPERATIONS_ADDRESS", "127.0.0.1:0"),
        ("ROLLCALL__KEYS__RING", RING),
        // All of the load comes from one address.
        ("ROLLCALL__LIMITS__ENABLED", "false"),
        ("ROLLCALL__SERVICE__TOKEN", SERVICE_TOKEN),
        // So many as one node has room for are of one organization where streams are measured.
        ("ROLLCALL__STREAM__AT_ONCE_OF_ONE_ORGANIZATION", "20000"),
    ]);
    command
}
