//! Development tasks: `cargo xtask help` lists them.
#![expect(clippy::print_stdout, reason = "a command-line tool talks on standard output")]

mod axe;
mod bench;
mod ci;
mod customer;
mod demo;
mod dev;
mod faults;
mod generate;
mod lint;
mod migrate;
mod png;
mod postgres;
mod process;
mod random;
mod sbom;
mod schema;
mod screenshots;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Development tasks.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Serve with demo data: two organizations, all five roles, printed credentials.
    Dev,
    /// Run the tests: all of them, or those whose name contains NAME.
    #[command(args_conflicts_with_subcommands = true)]
    Test {
        /// A part of the names of tests.
        name: Option<String>,
        #[command(subcommand)]
        suite: Option<Suite>,
    },
    /// Fetch axe-core for the browser tests, if it is not there. `test` does that too.
    Axe,
    /// Make the pictures of pages in docs/images anew, in light, dark and on a phone.
    Screenshots,
    /// Check formatting, clippy, the edges between crates, and dependencies.
    Lint,
    /// Check whether dependencies have known weaknesses, which is asked of a database on the network.
    Advisories,
    /// Check that crates depend on each other, and files are, as ARCHITECTURE.md says.
    Tidy,
    /// Bring a database's schema up to date.
    Migrate {
        /// postgres://user:password@host/database, of a user that may make roles.
        url: String,
    },
    /// Make the generated files anew: .sqlx, the OpenAPI document, the configuration reference, pictures of what was measured, golden
    /// files.
    Generate,
    /// Keep what this version asks of the database as what the last release asks, when it is released.
    Released,
    /// Check that the generated files are fresh, by making them anew.
    Fresh,
    /// Print what the binary is made of, as CycloneDX.
    Sbom,
    /// Measure the service against the floor of its stack, as docs/performance.md says.
    Bench(bench::Arguments),
    /// Everything that must hold before a change lands: lint, test, a few faults, and generated files that are fresh.
    Ci,
}

/// Suites that are not among the tests, as they take long.
#[derive(Subcommand)]
enum Suite {
    /// Break what several nodes stand on while they work, and look whether they keep their word, as docs/reliability.md says.
    Faults(faults::Arguments),
    /// Send requests by chance from several organizations, and compare each answer with a model of who may see what.
    Random(random::Arguments),
    /// Send the service whatever its OpenAPI document allows, and what it forbids (schemathesis, which needs Python).
    Schema(schema::Arguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Dev => dev::run().await,
        Task::Test { suite: Some(Suite::Faults(arguments)), .. } => faults::run(&arguments),
        Task::Test { suite: Some(Suite::Random(arguments)), .. } => random::run(arguments).await,
        Task::Test { suite: Some(Suite::Schema(arguments)), .. } => schema::run(&arguments).await,
        Task::Test { name, suite: None } => test::run(name.as_deref()).await,
        Task::Axe => axe::fetch(),
        Task::Screenshots => screenshots::run().await,
        Task::Lint => lint::run(),
        Task::Advisories => lint::advisories(),
        Task::Tidy => tidy::run(),
        Task::Migrate { url } => migrate::run(&url),
        Task::Generate => generate::run().await,
        Task::Released => generate::released(),
        Task::Fresh => ci::fresh().await,
        Task::Sbom => sbom::run(),
        Task::Bench(arguments) => bench::run(&arguments).await,
        Task::Ci => ci::run().await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
