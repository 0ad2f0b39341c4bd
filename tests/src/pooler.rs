//! PgBouncer between a node and the database.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::PathBuf,
    process::{Child, Command, Stdio},
    str::FromStr,
};

use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};

use crate::{TestDatabase, patience::until};

/// The connections to the server that everybody shares.
const SHARED: u32 = 3;

/// A pooler in transaction mode in front of a test's database, which ends with the value.
pub struct Pooler {
    process: Child,
    folder: tempfile::TempDir,
    database: String,
}

impl Pooler {
    /// Starts one.
    ///
    /// # Panics
    /// When PgBouncer is not on this machine: `cargo xtask test` leaves out the tests that need it.
    pub async fn start(database: &TestDatabase) -> Self {
        let program = program().expect("pgbouncer is not installed");
        let options = PgConnectOptions::from_str(database.url()).unwrap();
        let host =
            options.get_socket().map_or(options.get_host().to_owned(), |path| path.display().to_string());
        let folder = tempfile::tempdir().unwrap();
        // It does not run as root, so whoever it runs as must get in: here, and to the database's socket.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("users"), "\"rollcall_app\" \"\"\n").unwrap();
        let settings = format!(
            "[databases]\n* = host={host} port={}\n[pgbouncer]\npool_mode = transaction\ndefault_pool_size = {SHARED}\n\
             listen_addr =\nlisten_port = 6432\nunix_socket_dir = {}\nauth_type = trust\nauth_file = {}\nmax_client_conn = 200\n",
            options.get_port(),
            folder.path().display(),
            path("users").display(),
        );
        fs::write(path("settings"), settings).unwrap();
        let mut command = Command::new(program);
        if fs::metadata(folder.path()).unwrap().uid() == 0 {
            let (uid, gid) = somebody_else(options.get_socket());
            command.uid(uid).gid(gid);
        }
        // What it says is shown with the test that failed.
        let process = command.arg(path("settings")).stdout(Stdio::null()).spawn().unwrap();
        let name = options.get_database().unwrap().to_owned();
        let pooler = Self { process, folder, database: name };
        // It takes none of the parameters that it does not know.
        let way = PgConnectOptions::from_str(&pooler.url()).unwrap().extra_float_digits(None);
        until("the pooler", async || PgConnection::connect_with(&way).await.ok()?.close().await.ok()).await;
        pooler
    }

    /// How the service connects by it.
    pub fn url(&self) -> String {
        let folder = self.folder.path().display();
        format!("postgres://rollcall_app@localhost:6432/{}?host={folder}", self.database)
    }

    /// The most connections to the server that it makes.
    pub fn shared(&self) -> u32 {
        SHARED
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Who it runs as where the test is root: whoever has the folder of the database's socket, which may be closed to all
/// others, or else nobody.
fn somebody_else(socket: Option<&PathBuf>) -> (u32, u32) {
    const NOBODY: (u32, u32) = (65534, 65534);
    let owner = socket.map(|folder| fs::metadata(folder).unwrap()).map(|folder| (folder.uid(), folder.gid()));
    owner.filter(|(uid, _)| *uid != 0).unwrap_or(NOBODY)
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join("pgbouncer")).find(|program| program.is_file())
}
