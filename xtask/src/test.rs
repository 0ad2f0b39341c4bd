//! Runs the tests, with the PostgreSQL that they need.

use std::process::Command;

use rollcall_private_postgres::TEST_DATABASE_URL;

use crate::{
    postgres::ThrowAway,
    process::{self, Result, cargo, is_there},
};

/// Runs all tests, or those whose name contains `name`.
pub(crate) async fn run(name: Option<&str>) -> Result {
    let postgres = ThrowAway::start().await?;
    let url = postgres.as_ref().map(|postgres| postgres.url("postgres"));
    // Tests must be stopped with the database still there, and the database even if they fail.
    let tested = tokio::task::spawn_blocking({
        let name = name.map(str::to_owned);
        move || test(url.as_deref(), name.as_deref()).map_err(|error| error.to_string())
    })
    .await?;
    if let Some(postgres) = postgres {
        postgres.stop().await?;
    }
    Ok(tested?)
}

fn test(url: Option<&str>, name: Option<&str>) -> Result {
    let with_database = |command: &mut Command| {
        if let Some(url) = url {
            command.env(TEST_DATABASE_URL, url);
        }
    };
    // Some tests start, and kill, the real binary.
    let programs = ["--package", "rollcall-server", "--package", "rollcall-sibling"];
    process::run(cargo().args(["build", "--quiet", "--bins"]).args(programs))?;
    // nextest gives each test a process of its own; without a named database each would start one.
    let mut nextest = cargo();
    nextest.args(["nextest", "--version"]);
    let mut command = cargo();
    with_database(&mut command);
    if url.is_some() && is_there(nextest) {
        command.args(["nextest", "run", "--workspace", "--no-tests=pass"]).args(name);
    } else {
        command.args(["test", "--workspace", "--lib", "--bins", "--tests"]).args(name);
    }
    process::run(&mut command)?;
    let mut examples = cargo();
    examples.args(["test", "--workspace", "--doc", "--quiet"]).args(name);
    process::run(&mut examples)
}
