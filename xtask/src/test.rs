//! Runs the tests, with the PostgreSQL and the browser that they need.

use std::process::Command;

use rollcall_browser::{BROWSER, Programs};

use rollcall_private_postgres::TEST_DATABASE_URL;

use crate::{
    postgres::ThrowAway,
    process::{self, Result, cargo, is_there},
    workspace,
};

/// Tests that need what not every machine has. This is the only place that leaves them out: one that runs nevertheless fails.
struct Optional {
    /// Which tests, for whoever reads that they were left out.
    what: &'static str,
    /// How their names begin.
    room: &'static str,
    /// The environment variable that says what happens where something is lacking: `required` fails, `skip` does not even look, and
    /// without it they are left out.
    variable: &'static str,
    /// Looks for what they need.
    ready: fn() -> std::result::Result<(), String>,
}

const OPTIONAL: [Optional; 3] = [
    Optional {
        what: "The tests that drive a browser (tests/suite/browser)",
        room: "browser::",
        variable: BROWSER,
        ready: || {
            Programs::find().map_err(|missing| missing.to_string())?;
            crate::axe::fetch().map_err(|error| error.to_string())
        },
    },
    Optional {
        what: "The tests behind PgBouncer (tests/suite/pooler.rs)",
        room: "pooler::",
        variable: "ROLLCALL_POOLER",
        ready: || on_path("pgbouncer"),
    },
    Optional {
        what: "The tests of systemd's units (tests/suite/systemd.rs)",
        room: "systemd::",
        variable: "ROLLCALL_SYSTEMD",
        ready: || on_path("systemd-analyze"),
    },
];

impl Optional {
    /// Why they are left out, if they are. It is an error where they may not be.
    fn left_out(&self) -> Result<Option<String>> {
        let (what, variable) = (self.what, self.variable);
        let required = match std::env::var(variable).as_deref() {
            Ok("required") => true,
            Ok("skip") => return Ok(Some(format!("{variable} is `skip`"))),
            Ok("") | Err(_) => false,
            Ok(other) => {
                return Err(format!("{variable} is {other:?}: it can be `required` or `skip`").into());
            }
        };
        match (self.ready)() {
            Ok(()) => Ok(None),
            Err(reason) if required => Err(format!("{what} are required: {reason}").into()),
            Err(reason) => Ok(Some(reason)),
        }
    }
}

/// Whether a program is installed, where programs and those for administrators are.
fn on_path(program: &str) -> std::result::Result<(), String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    let is_there = folders.any(|folder| folder.join(program).is_file());
    if is_there { Ok(()) } else { Err(format!("{program} is not installed")) }
}

/// Runs all tests, or those whose name contains `name`.
pub(crate) async fn run(name: Option<&str>) -> Result {
    let mut left_out = Vec::new();
    for optional in OPTIONAL {
        if let Some(reason) = optional.left_out()? {
            left_out.push((optional, reason));
        }
    }
    let say = || {
        for (Optional { what, .. }, reason) in &left_out {
            println!("{what} were LEFT OUT: {reason}.");
        }
    };
    say();
    let name = name.map(str::to_owned);
    let without: Vec<_> = left_out.iter().map(|(optional, _)| optional.room).collect();
    let tested = beside_postgres(move |url| test(url, name.as_deref(), &without)).await;
    // Once more, where whoever looks at the end of a long output sees it.
    say();
    tested
}

/// Runs tests beside a PostgreSQL, a superuser's URL of which they are given; none where they must start a container.
pub(crate) async fn beside_postgres(tests: impl FnOnce(Option<&str>) -> Result + Send + 'static) -> Result {
    let postgres = ThrowAway::start().await?;
    let url = postgres.as_ref().map(|postgres| postgres.url("postgres"));
    // Tests must be stopped with the database still there, and the database even if they fail.
    let tested =
        tokio::task::spawn_blocking(move || tests(url.as_deref()).map_err(|error| error.to_string())).await?;
    if let Some(postgres) = postgres {
        postgres.stop().await?;
    }
    Ok(tested?)
}

fn test(url: Option<&str>, name: Option<&str>, without: &[&str]) -> Result {
    let with_database = |command: &mut Command| {
        if let Some(url) = url {
            command.env(TEST_DATABASE_URL, url);
        }
    };
    // Some tests start, and kill, the real binary, which nextest does not build for them.
    workspace::build()?;
    // nextest gives each test a process of its own; without a named database each would start one.
    let mut nextest = cargo();
    nextest.args(["nextest", "--version"]);
    let mut command = cargo();
    with_database(&mut command);
    if url.is_some() && is_there(nextest) {
        // Half of the time a test waits for the database, so two for each core keep it busy.
        let at_once = std::thread::available_parallelism().map_or(2, |cores| 2 * cores.get());
        command.args(["nextest", "run", "--workspace", "--no-tests=pass", "--test-threads"]);
        command.arg(at_once.to_string()).args(name);
        if !without.is_empty() {
            let rooms: Vec<_> = without.iter().map(|room| format!("not test(/^{room}/)")).collect();
            command.args(["--filterset", &rooms.join(" and ")]);
        }
    } else {
        command.args(["test", "--workspace", "--lib", "--bins", "--tests"]).args(name);
        command.arg("--").args(without.iter().flat_map(|room| ["--skip", *room]));
    }
    process::run(&mut command)?;
    let mut examples = cargo();
    examples.args(["test", "--workspace", "--doc", "--quiet"]).args(name);
    process::run(&mut examples)
}
