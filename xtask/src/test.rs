//! Runs the tests, with the PostgreSQL and the browser that they need.

use std::process::Command;

use rollcall_browser::{BROWSER, Programs};

use rollcall_private_postgres::TEST_DATABASE_URL;

use crate::{
    postgres::ThrowAway,
    process::{self, Result, cargo, is_there},
    workspace,
};

/// Runs all tests, or those whose name contains `name`.
pub(crate) async fn run(name: Option<&str>) -> Result {
    let left_out = browser_tests_left_out()?;
    let say = || left_out.iter().for_each(|reason| println!("{LEFT_OUT}: {reason}."));
    say();
    let (name, with_browser) = (name.map(str::to_owned), left_out.is_none());
    let tested = beside_postgres(move |url| test(url, name.as_deref(), with_browser)).await;
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

const LEFT_OUT: &str = "The tests that drive a browser (tests/suite/browser) were LEFT OUT";

/// Why the tests that drive a browser are left out, if they are. This is the only place that does so: a browser test that runs without a
/// browser fails. It is an error where they may not be left out.
fn browser_tests_left_out() -> Result<Option<String>> {
    let required = match std::env::var(BROWSER).as_deref() {
        Ok("required") => true,
        Ok("skip") => return Ok(Some(format!("{BROWSER} is `skip`"))),
        Ok("") | Err(_) => false,
        Ok(other) => return Err(format!("{BROWSER} is {other:?}: it can be `required` or `skip`").into()),
    };
    let ready = Programs::find().map_err(|missing| missing.to_string());
    let ready = ready.and_then(|_| crate::axe::fetch().map_err(|error| error.to_string()));
    match ready {
        Ok(()) => Ok(None),
        Err(reason) if required => Err(format!("the browser tests are required: {reason}").into()),
        Err(reason) => Ok(Some(reason)),
    }
}

fn test(url: Option<&str>, name: Option<&str>, with_browser: bool) -> Result {
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
        command.args(["nextest", "run", "--workspace", "--no-tests=pass"]).args(name);
        if !with_browser {
            command.args(["--filterset", "not test(/^browser::/)"]);
        }
    } else {
        command.args(["test", "--workspace", "--lib", "--bins", "--tests"]).args(name);
        if !with_browser {
            command.args(["--", "--skip", "browser::"]);
        }
    }
    process::run(&mut command)?;
    let mut examples = cargo();
    examples.args(["test", "--workspace", "--doc", "--quiet"]).args(name);
    process::run(&mut examples)
}
