//! A running private PostgreSQL.

use std::{
    fs::{self, File},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use rustix::{
    fs::{FlockOperation, flock},
    process::{Pid, Signal, kill_process, test_kill_process},
};

use crate::{
    DataDirectory, Error, Settings,
    adopt::{Condition, condition},
    claim,
    layout::{Layout, PORT},
    search::{self, Programs},
    supervisor::Supervisor,
    user::User,
};

/// The superuser of a private cluster.
const SUPERUSER: &str = "rollcall_superuser";
/// The longest that starting or stopping may take. Recovery after a crash is part of it.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often this is checked.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Sorting by bytes, upper and lower case by Unicode.
const LETTERS: &str = if cfg!(target_os = "macos") { "en_US.UTF-8" } else { "C.UTF-8" };

/// A private PostgreSQL that runs.
#[derive(Debug)]
pub struct PrivatePostgres {
    layout: Layout,
    source: String,
    hold: Hold,
}

#[derive(Debug)]
enum Hold {
    /// We have started it.
    Started(Supervisor),
    /// It was running already.
    Adopted(Pid),
}

impl PrivatePostgres {
    /// The cluster of a data directory: the one that is running there, or a new start of it. It takes connections when
    /// this returns.
    ///
    /// # Errors
    /// [`Error`], with what to do about it.
    pub async fn start(settings: &Settings) -> Result<Self, Error> {
        let user = User::find()?;
        let layout = Layout::make(&settings.data_dir, &user)?;
        // Of two that come at once, one starts it and the other finds it running.
        let _turn = take_turn(&layout).await?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match condition(&layout) {
                Condition::Ready(pid) => {
                    let source = format!("adopted the one that runs in {}", layout.cluster.display());
                    return Ok(Self { layout, source, hold: Hold::Adopted(pid) });
                }
                Condition::Stopped => {
                    forget_stale_pid_file(&layout)?;
                    break;
                }
                Condition::Busy(_) => {
                    wait(deadline, "the PostgreSQL that runs there neither gets ready nor stops", &layout)
                        .await?;
                }
            }
        }
        let programs = programs(settings, &layout).await?;
        if layout.made_by().is_none() {
            initialize(&user, &layout, &programs)?;
        }
        let postgres = programs.bin.join("postgres");
        let mut supervisor = Supervisor::start(&user, &layout, &postgres, &arguments(settings, &layout))?;
        while !matches!(condition(&layout), Condition::Ready(_)) {
            if supervisor.has_ended() {
                return Err(failed("PostgreSQL does not start. The last lines of its log:", &layout));
            }
            wait(deadline, "PostgreSQL does not get ready. The last lines of its log:", &layout).await?;
        }
        let source =
            format!("started {} {} in {}", postgres.display(), programs.major, layout.cluster.display());
        Ok(Self { layout, source, hold: Hold::Started(supervisor) })
    }

    /// A hot standby of this one with a data directory of its own, which must be empty: what is committed here is there a moment
    /// later, to be read.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn start_replica(&self, settings: &Settings) -> Result<Self, Error> {
        let user = User::find()?;
        let layout = Layout::make(&settings.data_dir, &user)?;
        let programs = programs(settings, &self.layout).await?;
        let mut copy = self.connecting(&user, &programs, "pg_basebackup");
        copy.args(["--checkpoint=fast", "--wal-method=stream", "--write-recovery-conf", "--pgdata"]);
        run(copy.arg(&layout.cluster), "pg_basebackup")?;
        Self::start(settings).await
    }

    /// One made of a copy of another's files, as `pg_basebackup` leaves it, in a data directory of its own, which must be empty.
    /// It recovers first, as the lines of `configuration` say, and may still be at it when this returns.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn restore(settings: &Settings, copy: &Path, configuration: &str) -> Result<Self, Error> {
        const SCRIPT: &str = r#"cp -Rp "$1" "$2" && printf '%s\n' "$3" >>"$2/postgresql.auto.conf" && touch "$2/recovery.signal""#;
        let user = User::find()?;
        let layout = Layout::make(&settings.data_dir, &user)?;
        let mut shell = user.command(Path::new("/bin/sh"));
        shell.args(["-c", SCRIPT, "rollcall-postgres"]).args([copy, &layout.cluster]).arg(configuration);
        run(&mut shell, "restoring a copy")?;
        Self::start(settings).await
    }

    /// One of PostgreSQL's programs, as the user that this one runs as. It connects to this one as a superuser.
    ///
    /// # Errors
    /// [`Error`].
    pub fn program(&self, name: &str) -> Result<Command, Error> {
        let programs = search::find(self.layout.made_by(), &self.layout.cluster)?;
        let programs = programs.ok_or_else(|| Error::NotFound { hint: search::hint() })?;
        Ok(self.connecting(&User::find()?, &programs, name))
    }

    fn connecting(&self, user: &User, programs: &Programs, name: &str) -> Command {
        let mut command = user.command(&programs.bin.join(name));
        command
            .env("PGHOST", &self.layout.socket_dir)
            .env("PGPORT", PORT.to_string())
            .env("PGUSER", SUPERUSER);
        command
    }

    /// A superuser's URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        self.url_as(SUPERUSER, database)
    }

    /// The URL of one of its databases for a user, who needs no password: nobody else gets to the socket.
    pub fn url_as(&self, user: &str, database: &str) -> String {
        let folder = self.layout.socket_dir.to_string_lossy().replace('/', "%2F");
        format!("postgres://{user}@localhost/{database}?host={folder}&port={PORT}")
    }

    /// Where it comes from, for the log.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Stops it in good order, or leaves it to the server that has claimed its data directory in the meantime. A
    /// visitor that has found it running leaves it so; [`stop_claimed`](Self::stop_claimed) is for the server.
    ///
    /// # Errors
    /// [`Error::System`].
    pub async fn stop(self) -> Result<(), Error> {
        // Nobody starts, or adopts, while we look and stop.
        let _turn = take_turn(&self.layout).await?;
        let claimed = DataDirectory::is_claimed(&self.layout.data_dir);
        match self.hold {
            Hold::Adopted(_) => Ok(()),
            Hold::Started(supervisor) if claimed => {
                supervisor.leave().map_err(Error::system("cannot leave PostgreSQL"))
            }
            Hold::Started(supervisor) => stop(supervisor, &self.layout).await,
        }
    }

    /// Stops it in good order, whoever has started it.
    ///
    /// # Errors
    /// [`Error::System`], or [`Error::Failed`] when it does not stop.
    pub async fn stop_claimed(self, _claim: DataDirectory) -> Result<(), Error> {
        // Nobody adopts what is about to stop.
        let _turn = take_turn(&self.layout).await?;
        match self.hold {
            Hold::Started(supervisor) => stop(supervisor, &self.layout).await,
            Hold::Adopted(pid) => {
                let asked = kill_process(pid, Signal::INT).map_err(std::io::Error::from);
                asked.map_err(Error::system("cannot stop PostgreSQL"))?;
                let deadline = Instant::now() + PATIENCE;
                while test_kill_process(pid).is_ok() {
                    wait(deadline, "PostgreSQL does not stop. The last lines of its log:", &self.layout)
                        .await?;
                }
                tidy(&self.layout);
                Ok(())
            }
        }
    }
}

/// Waits until nobody else is starting or stopping the cluster, and keeps others waiting as long as the value lives.
async fn take_turn(layout: &Layout) -> Result<File, Error> {
    let lock = claim::open(&layout.start_lock)?;
    let deadline = Instant::now() + PATIENCE;
    while flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        wait(deadline, "another process has been starting PostgreSQL for too long", layout).await?;
    }
    Ok(lock)
}

async fn stop(supervisor: Supervisor, layout: &Layout) -> Result<(), Error> {
    let stopped = tokio::task::spawn_blocking(|| supervisor.stop()).await;
    stopped
        .unwrap_or_else(|panic| Err(std::io::Error::other(panic)))
        .map_err(Error::system("cannot stop PostgreSQL"))?;
    tidy(layout);
    Ok(())
}

/// Removes the folder of the socket, if nothing is left in it. The next start makes it again.
fn tidy(layout: &Layout) {
    let _ = fs::remove_dir(&layout.socket_dir);
}

async fn wait(deadline: Instant, problem: &str, layout: &Layout) -> Result<(), Error> {
    if Instant::now() > deadline {
        return Err(failed(problem, layout));
    }
    tokio::time::sleep(LOOK_EVERY).await;
    Ok(())
}

/// After a crash the file may name a number that is another program's by now, and PostgreSQL would not start for it.
fn forget_stale_pid_file(layout: &Layout) -> Result<(), Error> {
    match fs::remove_file(layout.cluster.join("postmaster.pid")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::system("cannot remove a stale postmaster.pid")(error))
        }
        _ => Ok(()),
    }
}

fn failed(what: &str, layout: &Layout) -> Error {
    Error::Failed { what: what.to_owned(), log: layout.last_log_lines() }
}

async fn programs(settings: &Settings, layout: &Layout) -> Result<Programs, Error> {
    let made_by = layout.made_by();
    if let Some(programs) = search::find(made_by, &layout.cluster)? {
        return Ok(programs);
    }
    #[cfg(feature = "download")]
    if settings.download {
        let programs = crate::download::download(made_by, &layout.downloads).await?;
        return search::fitting(programs, made_by, &layout.cluster);
    }
    #[cfg(not(feature = "download"))]
    let _ = settings.download;
    Err(Error::NotFound { hint: search::hint() })
}

/// Makes the cluster, under another name until it is whole.
fn initialize(user: &User, layout: &Layout, programs: &Programs) -> Result<(), Error> {
    let unfinished = layout.cluster.with_extension("unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(Error::system("cannot remove an unfinished cluster"))?;
    }
    let mut initdb = user.command(&programs.bin.join("initdb"));
    initdb.args(["--auth=trust", "--encoding=UTF8", "--lc-collate=C", "--no-instructions"]);
    initdb.arg(format!("--lc-ctype={LETTERS}")).arg(format!("--username={SUPERUSER}"));
    run(initdb.arg("--pgdata").arg(&unfinished), "initdb")?;
    rename(&unfinished, &layout.cluster)
}

/// Runs a program to its end, which must be a good one.
fn run(command: &mut Command, name: &str) -> Result<(), Error> {
    let output = command.output().map_err(Error::system(format!("{name} does not start")))?;
    if output.status.success() {
        return Ok(());
    }
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(Error::Failed { what: format!("{name} failed:"), log })
}

fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).map_err(Error::system(format!("cannot make {}", to.display())))
}

fn arguments(settings: &Settings, layout: &Layout) -> Vec<String> {
    let mut arguments = vec!["-D".to_owned(), layout.cluster.to_string_lossy().into_owned()];
    let mut set = |name: &str, value: &str| arguments.extend(["-c".to_owned(), format!("{name}={value}")]);
    set("listen_addresses", "");
    set("port", &PORT.to_string());
    set("unix_socket_directories", &layout.socket_dir.to_string_lossy());
    set("max_connections", &settings.max_connections.to_string());
    set("timezone", "UTC");
    if !settings.durable {
        for name in ["fsync", "synchronous_commit", "full_page_writes"] {
            set(name, "off");
        }
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(folder: &Path) -> Settings {
        Settings { data_dir: folder.join("data"), durable: false, max_connections: 10, download: false }
    }

    fn pid(postgres: &PrivatePostgres) -> Pid {
        match condition(&postgres.layout) {
            Condition::Ready(pid) => pid,
            other => panic!("{other:?}"),
        }
    }

    async fn until(mut done: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done() {
            assert!(Instant::now() < deadline, "it never came true");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    #[tokio::test]
    async fn a_server_starts_is_found_running_by_a_visitor_and_stops() {
        let folder = folder();
        let settings = settings(folder.path());
        let claim = DataDirectory::claim(&settings.data_dir).expect("a claim");
        let ours = PrivatePostgres::start(&settings).await.expect("started");
        let serving = pid(&ours);
        let visitor = PrivatePostgres::start(&settings).await.expect("adopted");
        assert_eq!(pid(&visitor), serving);
        visitor.stop().await.expect("left");
        assert_eq!(pid(&ours), serving);
        let layout = ours.layout.clone();
        ours.stop_claimed(claim).await.expect("stopped");
        assert_eq!(condition(&layout), Condition::Stopped);
        assert!(!layout.socket_dir.exists());
    }

    #[tokio::test]
    async fn what_a_visitor_has_started_goes_on_when_a_server_has_claimed_it() {
        let folder = folder();
        let settings = settings(folder.path());
        let visitor = PrivatePostgres::start(&settings).await.expect("started");
        let serving = pid(&visitor);
        let claim = DataDirectory::claim(&settings.data_dir).expect("a claim");
        let server = PrivatePostgres::start(&settings).await.expect("adopted");
        visitor.stop().await.expect("left");
        assert_eq!(pid(&server), serving);
        let layout = server.layout.clone();
        server.stop_claimed(claim).await.expect("stopped");
        assert_eq!(condition(&layout), Condition::Stopped);
        assert!(!layout.socket_dir.exists());
    }

    #[tokio::test]
    async fn a_server_ends_with_whoever_started_it_and_starts_again_over_what_was_left() {
        let folder = folder();
        let settings = settings(folder.path());
        let first = PrivatePostgres::start(&settings).await.expect("started");
        let layout = first.layout.clone();
        let serving = pid(&first);
        // The pipe ends as it does when a process is killed.
        drop(first);
        until(|| test_kill_process(serving).is_err()).await;
        // A file that names a living process of another kind, as after a crash of the machine.
        let stale = format!("{}\n{}\n0\n{PORT}\n\n\n\nready\n", std::process::id(), layout.cluster.display());
        fs::write(layout.cluster.join("postmaster.pid"), stale).expect("written");
        assert_eq!(condition(&layout), Condition::Stopped);
        let second = PrivatePostgres::start(&settings).await.expect("started again");
        second.stop().await.expect("stopped");
        assert!(!layout.socket_dir.exists());
    }

    #[test]
    fn a_data_directory_is_claimed_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let claim = DataDirectory::claim(folder.path()).expect("a claim");
        let refused = DataDirectory::claim(folder.path()).expect_err("a second claim");
        assert!(
            matches!(refused, Error::InUse { pid: Some(pid), .. } if pid == std::process::id()),
            "{refused}"
        );
        assert_eq!(refused.to_string().lines().count(), 1);
        drop(claim);
        assert!(DataDirectory::claim(folder.path()).is_ok());
    }

    /// A folder that the user that PostgreSQL runs as can get to.
    fn folder() -> tempfile::TempDir {
        use std::os::unix::fs::PermissionsExt;
        let open = fs::Permissions::from_mode(0o755);
        tempfile::Builder::new().permissions(open).tempdir().expect("a folder")
    }
}
