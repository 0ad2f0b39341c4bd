//! The database that nodes work with, and what can become of it.

use std::{
    fs, io,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    str::FromStr,
    time::{Duration, Instant},
};

use rollcall_private_postgres::{PrivatePostgres, Settings};
use rollcall_tests::until;
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, postgres::PgConnectOptions};
use tempfile::TempDir;
use tokio::time::timeout;

/// The database of the service.
pub(crate) const DATABASE: &str = "rollcall";
/// Who the service connects as.
pub(crate) const SERVICE: &str = "rollcall_app";
/// The most connections at a time, of everybody.
const CONNECTIONS: u16 = 90;
/// How large the disk is, where it can be the suite's own.
const DISK: &str = "size=768m,mode=0755";
/// How much of it its log takes: by default it would be more than there is.
const WAL: [&str; 3] = [
    "ALTER SYSTEM SET max_wal_size = '192MB'",
    "ALTER SYSTEM SET min_wal_size = '80MB'",
    "SELECT pg_reload_conf()",
];
/// How long it may take to answer again by itself, and to stop.
const BOUND: Duration = Duration::from_secs(60);

/// How often it is looked whether something is so.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A PostgreSQL of the suite's own. What it has acknowledged, it keeps.
pub(crate) struct Cluster {
    settings: Settings,
    running: Option<PrivatePostgres>,
    data: PathBuf,
    /// Why its disk cannot become full, if it cannot.
    pub(crate) no_disk: Option<String>,
    disk: Option<Disk>,
    // The last to go.
    _folder: TempDir,
}

/// A file system in memory, mounted on a folder.
struct Disk(PathBuf);

impl Disk {
    fn mount(folder: &Path) -> Result<Self, String> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", DISK, "tmpfs"]).arg(folder);
        let output = mount.output().map_err(|error| format!("mount: {error}"))?;
        if output.status.success() {
            Ok(Self(folder.to_owned()))
        } else {
            Err(String::from_utf8_lossy(&output.stderr).trim().replace(&*folder.to_string_lossy(), "…"))
        }
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Busy for as long as anything has a file open on it.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

impl Cluster {
    /// Starts one, with an empty database, on a disk of its own if that is wanted and can be.
    pub(crate) async fn start(disk: bool) -> Self {
        let open = fs::Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().prefix("rollcall-faults-").permissions(open).tempdir().unwrap();
        let data_dir = folder.path().join("database");
        fs::create_dir(&data_dir).unwrap();
        let mounted = if disk { Disk::mount(&data_dir) } else { Err("it was not asked for".to_owned()) };
        let (disk, no_disk) = match mounted {
            Ok(disk) => (Some(disk), None),
            Err(why) => (None, Some(why)),
        };
        let settings = Settings { data_dir, durable: true, max_connections: CONNECTIONS, download: false };
        let running = PrivatePostgres::start(&settings).await.unwrap();
        let mut cluster =
            Self { settings, running: Some(running), data: PathBuf::new(), no_disk, disk, _folder: folder };
        let mut connection = PgConnection::connect(&cluster.url("postgres")).await.unwrap();
        let data: String =
            sqlx::query_scalar("SHOW data_directory").fetch_one(&mut connection).await.unwrap();
        cluster.data = data.into();
        for statement in WAL {
            connection.execute(statement).await.unwrap();
        }
        connection.execute("CREATE DATABASE rollcall").await.unwrap();
        connection.execute("CREATE ROLE somebody_else LOGIN").await.unwrap();
        cluster
    }

    /// A superuser's URL.
    pub(crate) fn url(&self, database: &str) -> String {
        self.running.as_ref().expect("a database that runs").url(database)
    }

    /// Where it is reached.
    pub(crate) fn socket(&self) -> PathBuf {
        let options = PgConnectOptions::from_str(&self.url(DATABASE)).unwrap();
        options.get_socket().unwrap().join(format!(".s.PGSQL.{}", options.get_port()))
    }

    /// A connection as superuser, which may write whatever the default is.
    pub(crate) async fn connect(&self) -> sqlx::Result<PgConnection> {
        let options = PgConnectOptions::from_str(&self.url(DATABASE))?;
        PgConnection::connect_with(&options.options([("default_transaction_read_only", "off")])).await
    }

    /// Rows of a query, as superuser, each as JSON.
    pub(crate) async fn rows(&self, query: &str) -> Vec<serde_json::Value> {
        let query = format!("SELECT to_jsonb(q) FROM ({query}) q");
        let mut connection = self.connect().await.unwrap();
        sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(&mut connection).await.unwrap()
    }

    /// Runs a statement, as superuser.
    pub(crate) async fn execute(&self, statement: &str) {
        let mut connection = self.connect().await.unwrap();
        connection.execute(AssertSqlSafe(statement.to_owned())).await.unwrap();
    }

    /// Stops it: what is at work is cut off, and everything is written down.
    ///
    /// # Panics
    /// When it does not stop.
    pub(crate) async fn stop(&mut self) {
        let postmaster = self.postmaster();
        let stopping = self.running.take().unwrap().stop();
        let Ok(stopped) = timeout(BOUND, stopping).await else {
            signal(postmaster, Signal::KILL);
            panic!("the database has not stopped within {BOUND:?}");
        };
        stopped.unwrap();
    }

    /// Stops it as `pg_ctl stop -m immediate` does: it recovers when it starts.
    pub(crate) async fn stop_at_once(&mut self) {
        signal(self.postmaster(), Signal::QUIT);
        self.stop().await;
    }

    /// `kill -9` of all its processes.
    pub(crate) async fn kill(&mut self) {
        let postmaster = self.postmaster();
        let others = children(postmaster);
        for process in std::iter::once(postmaster).chain(others.iter().copied()) {
            signal(process, Signal::KILL);
        }
        until("the end of the database's processes", async || {
            others.iter().all(|process| is_gone(*process)).then_some(())
        })
        .await;
        self.stop().await;
    }

    /// Starts it again.
    pub(crate) async fn start_again(&mut self) {
        // While its disk is full it may have ended by itself.
        drop(self.running.take());
        let start = async || PrivatePostgres::start(&self.settings).await.ok();
        self.running = Some(until("a start of the database", start).await);
        until("a database that answers", async || self.connect().await.ok()).await;
    }

    /// Waits until it answers, and starts it again, should it have ended by itself; gives back whether it had.
    ///
    /// # Errors
    /// When it did neither, and had to be killed.
    pub(crate) async fn start_if_ended(&mut self) -> Result<bool, String> {
        let has_ended = async {
            while self.connect().await.is_err() {
                if is_gone(self.postmaster()) {
                    return true;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
            false
        };
        let Ok(has_ended) = timeout(BOUND, has_ended).await else {
            self.kill().await;
            self.start_again().await;
            return Err(format!("the database neither answered nor ended for {BOUND:?}, and was killed"));
        };
        if has_ended {
            self.start_again().await;
        }
        Ok(has_ended)
    }

    /// Whether new transactions may only read.
    pub(crate) async fn read_only(&self, only: bool) {
        let value = if only { "on" } else { "off" };
        self.execute(&format!("ALTER SYSTEM SET default_transaction_read_only = {value}")).await;
        self.execute("SELECT pg_reload_conf()").await;
    }

    /// Takes all connections, those of the service too, for as long as what is given back is kept.
    pub(crate) async fn take_connections(&self) -> Vec<PgConnection> {
        let (mut taken, mut admin) = (Vec::new(), self.connect().await.unwrap());
        let options = PgConnectOptions::from_str(&self.url(DATABASE)).unwrap().username("somebody_else");
        // Nodes come back for what they have lost: whoever is quicker has it.
        for _ in 0..5 {
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rollcall_app'";
            admin.execute(end).await.unwrap();
            while let Ok(connection) = PgConnection::connect_with(&options).await {
                taken.push(connection);
            }
        }
        taken
    }

    /// Fills its disk; gives back how many bytes went onto it.
    pub(crate) fn fill_disk(&self) -> u64 {
        let disk = self.disk.as_ref().expect("a disk of the suite's own");
        let mut ballast = fs::File::create(disk.ballast()).unwrap();
        let (block, mut written) = (vec![0; 256 * 1024], 0);
        loop {
            match ballast.write(&block) {
                Ok(length) => written += length as u64,
                Err(error) if error.kind() == io::ErrorKind::StorageFull => return written,
                Err(error) => panic!("the disk is not filled: {error}"),
            }
        }
    }

    /// Makes room again.
    pub(crate) fn empty_disk(&self) {
        fs::remove_file(self.disk.as_ref().expect("a disk of the suite's own").ballast()).unwrap();
    }

    fn postmaster(&self) -> Pid {
        let file = fs::read_to_string(self.data.join("postmaster.pid")).unwrap_or_default();
        let pid = file.lines().next().and_then(|line| line.parse().ok()).and_then(Pid::from_raw);
        // One that has ended in good order has taken its file along.
        pid.unwrap_or(Pid::from_raw(i32::MAX).expect("a number that no process has"))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let postmaster = self.postmaster();
        // It stops when it is let go, and needs its folder until it has.
        drop(self.running.take());
        let deadline = Instant::now() + BOUND;
        while !is_gone(postmaster) && Instant::now() < deadline {
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

fn signal(process: Pid, signal: Signal) {
    // It may have ended by itself.
    let _ = kill_process(process, signal);
}

/// A process's state and parent (proc_pid_stat(5): the fields after its name).
fn stat(process: i32) -> Option<(char, i32)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// Whether a process has ended, though nobody may have taken notice.
fn is_gone(process: Pid) -> bool {
    stat(process.as_raw_nonzero().get()).is_none_or(|(state, _)| state == 'Z')
}

/// The processes that a process has started.
fn children(parent: Pid) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let is_child = |process: &i32| stat(*process).is_some_and(|(_, of)| of == parent.as_raw_nonzero().get());
    numbers.filter(is_child).filter_map(Pid::from_raw).collect()
}
