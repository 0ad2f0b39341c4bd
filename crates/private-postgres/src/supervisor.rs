//! Keeps PostgreSQL alive as long as the process that has started it, and no longer.
//!
//! The system's own means for this (`PR_SET_PDEATHSIG`) follows the thread that spawned, and exists on Linux only.
//! A pipe does the same anywhere: a small shell waits for its end, which comes when we end, even by `kill -9`.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, Stdio},
};

use crate::{Error, layout::Layout, user::User};

/// `$1` is the log, the rest PostgreSQL's command line. It waits for PostgreSQL; a watcher beside it waits for a word,
/// or the end of its input, and then asks PostgreSQL to stop (SIGINT: at once, but in good order). The word `leave`
/// lets PostgreSQL go on alone.
const SCRIPT: &str = r#"
log=$1; shift
exec 3<&0 </dev/null
"$@" >>"$log" 2>&1 3<&- &
postgres=$!
echo "$postgres"
exec >/dev/null
( read -r word <&3; [ "$word" = leave ] || kill -INT "$postgres" 2>/dev/null ) &
watcher=$!
wait "$postgres"
ended=$?
kill "$watcher" 2>/dev/null
exit "$ended"
"#;

/// The shell that keeps a PostgreSQL.
#[derive(Debug)]
pub(crate) struct Supervisor {
    shell: Child,
    /// Its end tells the shell that we have ended.
    input: ChildStdin,
}

impl Supervisor {
    /// Starts PostgreSQL by its command line.
    pub(crate) fn start(
        user: &User,
        layout: &Layout,
        postgres: &Path,
        arguments: &[String],
    ) -> Result<Self, Error> {
        let not_started = || Error::system("PostgreSQL does not start");
        let mut shell = user
            .command(Path::new("/bin/sh"))
            .args(["-c", SCRIPT, "rollcall-postgres"])
            .arg(&layout.log)
            .arg(postgres)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // An interrupt from the terminal is for us: we stop it when we have nothing more to write.
            .process_group(0)
            .spawn()
            .map_err(not_started())?;
        let missing = || not_started()(std::io::ErrorKind::BrokenPipe.into());
        let input = shell.stdin.take().ok_or_else(missing)?;
        let mut line = String::new();
        let output = shell.stdout.take().ok_or_else(missing)?;
        BufReader::new(output).read_line(&mut line).map_err(not_started())?;
        Ok(Self { shell, input })
    }

    /// Whether PostgreSQL has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.shell.try_wait().is_ok_and(|status| status.is_some())
    }

    /// Asks PostgreSQL to stop, and waits until it has.
    pub(crate) fn stop(self) -> std::io::Result<()> {
        let Self { mut shell, input } = self;
        drop(input);
        shell.wait().map(|_| ())
    }

    /// Lets PostgreSQL go on without us.
    pub(crate) fn leave(self) -> std::io::Result<()> {
        let mut input = self.input;
        writeln!(input, "leave")
    }
}
