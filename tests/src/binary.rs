//! The real binary, in a process of its own that can be killed.

use std::{
    env,
    fs::File,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, ChildStderr, Command, Stdio},
};

use crate::Caller;

/// A program beside the tests that were built with it.
fn program(name: &str) -> PathBuf {
    let tests = env::current_exe().unwrap();
    let path = tests.parent().and_then(|deps| deps.parent()).unwrap().join(name);
    assert!(
        path.exists(),
        "{name} is not built: `cargo build --package rollcall-server --package rollcall-sibling`, or `cargo xtask test`, which does it"
    );
    path
}

/// A running `rollcall serve`, or a service beside it.
pub struct Binary {
    process: Child,
    base: String,
}

impl Binary {
    /// The program.
    pub fn path() -> PathBuf {
        program("rollcall")
    }

    /// A command of the program, with nothing of this process's own configuration. What it makes up it keeps beside the program, if it
    /// is not told where: nothing of it gets among the sources.
    pub fn command(environment: &[(&str, &str)]) -> Command {
        let mut command = Command::new(Self::path());
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ROLLCALL_")) {
            command.env_remove(name);
        }
        let own = [
            ("ROLLCALL__HTTP__ADDRESS", "127.0.0.1:0"),
            ("ROLLCALL__HTTP__OPERATIONS_ADDRESS", "127.0.0.1:0"),
            ("ROLLCALL__PASSWORDS__MEMORY_KIB", "64"),
            ("ROLLCALL__PASSWORDS__PASSES", "1"),
            ("ROLLCALL__PASSWORDS__PATIENCE_SECONDS", "60"),
            ("ROLLCALL__LIMITS__ENABLED", "false"),
            ("ROLLCALL__LOG__LEVEL", "warn"),
        ];
        command.env("ROLLCALL__DATA_DIR", Self::path().with_file_name("tests-data"));
        command.envs(own).envs(environment.iter().copied());
        command
    }

    /// Starts serving; it serves when this returns.
    pub fn serve(environment: &[(&str, &str)]) -> Self {
        let mut command = Self::command(environment);
        command.arg("serve");
        Self::start(command)
    }

    /// Starts serving; gives back what it writes into its log, too, which ends with it.
    pub fn serve_with_log(environment: &[(&str, &str)]) -> (Self, ChildStderr) {
        let mut command = Self::command(environment);
        command.arg("serve").stderr(Stdio::piped());
        let mut binary = Self::start(command);
        let log = binary.process.stderr.take().unwrap();
        (binary, log)
    }

    /// Starts serving, with its log in a file: however much it writes, it does not wait for a reader.
    pub fn serve_logging_into(environment: &[(&str, &str)], log: File) -> Self {
        let mut command = Self::command(environment);
        command.arg("serve").stderr(log);
        Self::start(command)
    }

    /// Starts the service beside Rollcall that the tests have; it serves when this returns.
    pub fn sibling(rollcall: &str, environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(program("agents"));
        let own = [("ROLLCALL_URL", rollcall), ("AGENTS_ADDRESS", "127.0.0.1:0")];
        command.envs(own).envs(environment.iter().copied());
        Self::start(command)
    }

    fn start(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = lines.next().expect("the line that says it serves").unwrap();
        let base = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
        Self { process, base }
    }

    /// Where it serves.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Nobody in particular.
    pub fn anonymous(&self) -> Caller {
        Caller::anonymous(&self.base)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// SIGTERM, and the end in good order that follows.
    pub fn terminate(mut self) {
        let killed = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let status = self.process.wait().unwrap();
        assert!(status.success(), "{status}");
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        // A test that failed half-way leaves no server behind.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
