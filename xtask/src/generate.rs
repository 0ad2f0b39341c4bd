//! Makes the generated files anew.

use std::{collections::BTreeMap, ffi::OsString, fs, path::Path, process::Command};

use sqlx::{Connection, Executor, PgConnection, migrate::Migrator};

use crate::{
    bench,
    postgres::ThrowAway,
    process::{Result, cargo, output, root, run as run_program},
    workspace,
};

/// Makes all of them.
pub(crate) async fn run() -> Result {
    queries().await?;
    documents()?;
    golden_files()
}

/// `.sqlx`: what the database says about each query, so that building needs no database.
async fn queries() -> Result {
    let postgres = ThrowAway::start().await?.ok_or("the query files need a PostgreSQL on this machine")?;
    let prepared = prepare(&postgres).await;
    postgres.stop().await?;
    prepared
}

async fn prepare(postgres: &ThrowAway) -> Result {
    let name = format!("rollcall_generate_{}", std::process::id());
    let mut server = PgConnection::connect(&postgres.url("postgres")).await?;
    server.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
    let url = postgres.url(&name);
    // Not by the service, which might not build before its query files are there.
    let migrations = root().join("crates/adapter-postgres/migrations");
    let mut database = PgConnection::connect(&url).await?;
    Migrator::new(migrations.as_path()).await?.run_direct(None, &mut database, false).await?;
    database.close().await?;
    let written = write_query_files(&url);
    server.execute(sqlx::AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).await?;
    written
}

fn write_query_files(url: &str) -> Result {
    let folder = root().join(".sqlx");
    let before = files_in(&folder)?;
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir(&folder)?;
    // Only a compilation writes them, so there must be one.
    let source = root().join("crates/adapter-postgres/src/lib.rs");
    let source = fs::File::options().append(true).open(source)?;
    let changed_at = source.metadata()?.modified()?;
    source.set_modified(now())?;
    run_program(
        cargo()
            // All libraries, though one has queries: see `workspace::EVERYTHING`.
            .args(["check", "--quiet", "--workspace", "--lib"])
            .env("SQLX_OFFLINE", "false")
            .env("SQLX_OFFLINE_DIR", &folder)
            .env("DATABASE_URL", url),
    )?;
    // What was built with the same files is as good as before: otherwise it would be built again, with all that is built on it.
    if files_in(&folder)? == before {
        source.set_modified(changed_at)?;
    }
    Ok(())
}

/// What the files of a folder say; nothing if there is no such folder.
fn files_in(folder: &Path) -> Result<BTreeMap<OsString, Vec<u8>>> {
    let mut files = BTreeMap::new();
    if folder.exists() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            files.insert(entry.file_name(), fs::read(entry.path())?);
        }
    }
    Ok(files)
}

#[expect(clippy::disallowed_methods, reason = "a file's time is the system's")]
fn now() -> std::time::SystemTime {
    std::time::SystemTime::now()
}

/// What the binary tells about itself, and what was measured of it.
fn documents() -> Result {
    let programs = workspace::build()?;
    let rollcall = programs.join("rollcall");
    for (arguments, file) in
        [(&["openapi"][..], "docs/openapi.json"), (&["check-config", "--reference"], "docs/configuration.md")]
    {
        let text = output(Command::new(&rollcall).args(arguments))?;
        write_if_changed(&root().join(file), &text)?;
    }
    bench::redraw(&programs.join("rollcall-bench"))
}

fn write_if_changed(path: &Path, text: &str) -> Result {
    if fs::read_to_string(path).is_ok_and(|before| before == text) {
        return Ok(());
    }
    Ok(fs::write(path, text)?)
}

/// Golden files are written by the tests that compare them.
fn golden_files() -> Result {
    run_program(
        cargo()
            .args(["test", "--quiet", "--workspace", "--test", "suite", "golden"])
            .env("UPDATE_GOLDEN", "1"),
    )
}

/// `last_release.json`, which the schemas of the next versions are held to. Not one of the others: it changes with a release and stays
/// until the next.
pub(crate) fn released() -> Result {
    run_program(
        cargo()
            .args(["test", "--quiet", "--workspace", "--test", "suite", "nodes_of_the_last_release"])
            .env("ROLLCALL_KEEP_RELEASE", "1"),
    )
}
