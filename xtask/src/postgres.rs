//! A throw-away PostgreSQL for tests and generated files.

use std::{path::Path, process::Command};

use rollcall_private_postgres::{
    Error, PrivatePostgres, Settings, TEST_DATABASE_URL, docker_answers, with_database,
};
use tempfile::TempDir;

use crate::process::{Result, is_there, run};

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
        if let Ok(url) = std::env::var(TEST_DATABASE_URL) {
            return Ok(Some(Self::Named(url)));
        }
        Self::start_private(false).await
    }

    /// Our own, whatever is named; none where only containers can help. A durable one keeps what it has acknowledged, at the
    /// price that this has.
    pub(crate) async fn start_private(durable: bool) -> Result<Option<Self>> {
        let folder = tempfile::Builder::new().prefix("rollcall-test-").tempdir()?;
        match private(folder.path(), durable, false).await {
            Ok(postgres) => return Ok(Some(Self::Private(postgres, folder))),
            Err(Error::NotFound { .. }) if docker_answers() => return Ok(None),
            Err(Error::NotFound { .. }) => install_by_package_manager()?,
            Err(error) => return Err(error.into()),
        }
        let postgres = private(folder.path(), durable, true).await?;
        Ok(Some(Self::Private(postgres, folder)))
    }

    /// A superuser's URL of one of its databases.
    pub(crate) fn url(&self, database: &str) -> String {
        match self {
            Self::Named(url) => with_database(url, database),
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

async fn private(
    folder: &Path,
    durable: bool,
    download: bool,
) -> std::result::Result<PrivatePostgres, Error> {
    let settings = Settings { data_dir: folder.join("data"), durable, max_connections: 400, download };
    PrivatePostgres::start(&settings).await
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
