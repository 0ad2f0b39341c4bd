//! A throw-away PostgreSQL for tests and generated files.

use std::{path::Path, process::Command};

use rollcall_private_postgres::{Error, PrivatePostgres, Settings};
use tempfile::TempDir;

use crate::process::{Result, is_there, run};

/// The variable that names a PostgreSQL to use instead, as a superuser's URL.
pub(crate) const NAMED: &str = "ROLLCALL_TEST_DATABASE_URL";

/// A PostgreSQL that is there until it is stopped.
pub(crate) enum ThrowAway {
    /// One that somebody else has started.
    Named(String),
    /// Our own.
    Private(PrivatePostgres, TempDir),
}

impl ThrowAway {
    /// The named one, or our own; none where only containers can help.
    pub(crate) async fn start() -> Result<Option<Self>> {
        if let Ok(url) = std::env::var(NAMED) {
            return Ok(Some(Self::Named(url)));
        }
        let folder = tempfile::Builder::new().prefix("rollcall-test-").tempdir()?;
        match private(folder.path(), false).await {
            Ok(postgres) => return Ok(Some(Self::Private(postgres, folder))),
            Err(Error::NotFound { .. }) if docker_answers() => return Ok(None),
            Err(Error::NotFound { .. }) => install_by_package_manager()?,
            Err(error) => return Err(error.into()),
        }
        let postgres = private(folder.path(), true).await?;
        Ok(Some(Self::Private(postgres, folder)))
    }

    /// A superuser's URL of one of its databases.
    pub(crate) fn url(&self, database: &str) -> String {
        match self {
            Self::Named(url) => match url.split_once('?') {
                Some((server, options)) => format!("{}/{database}?{options}", without_database(server)),
                None => format!("{}/{database}", without_database(url)),
            },
            Self::Private(postgres, _) => postgres.url(database),
        }
    }

    /// Ends it, if it is our own.
    pub(crate) async fn stop(self) -> Result {
        match self {
            Self::Named(_) => Ok(()),
            Self::Private(postgres, _folder) => Ok(postgres.stop().await?),
        }
    }
}

fn without_database(server: &str) -> &str {
    match server
        .split_once("://")
        .and_then(|(_, rest)| rest.rfind('/').map(|at| server.len() - rest.len() + at))
    {
        Some(slash) => &server[..slash],
        None => server,
    }
}

async fn private(folder: &Path, download: bool) -> std::result::Result<PrivatePostgres, Error> {
    let settings = Settings { data_dir: folder.join("data"), durable: false, max_connections: 400, download };
    PrivatePostgres::start(&settings).await
}

/// A `docker` program proves nothing; a daemon that answers on its socket does.
pub(crate) fn docker_answers() -> bool {
    std::os::unix::net::UnixStream::connect("/var/run/docker.sock").is_ok()
}

/// On Debian and Ubuntu, as root, PostgreSQL is one package away.
fn install_by_package_manager() -> Result {
    let is_root = crate::process::output(Command::new("id").arg("-u"))?.trim() == "0";
    let mut version = Command::new("apt-get");
    version.arg("--version");
    if is_root && is_there(version) {
        println!("No PostgreSQL is found here. Installing Debian's, as root.");
        run(Command::new("apt-get").args(["update", "--quiet"]))?;
        run(Command::new("apt-get")
            .args(["install", "--yes", "--quiet", "--no-install-recommends", "postgresql"])
            .env("DEBIAN_FRONTEND", "noninteractive"))?;
    }
    Ok(())
}
