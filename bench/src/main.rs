//! The benchmark: runs the service and the floors of its stack side by side, under the same load, and compares them.
//!
//! `cargo xtask bench` builds it, gives it a PostgreSQL and runs it; `docs/performance.md` says what its rows mean.
#![expect(clippy::print_stdout, reason = "a command-line tool talks on standard output")]

mod agents;
mod answers;
mod bench;
mod call;
mod data;
mod database;
mod floors;
mod load;
mod mail_sink;
mod page;
mod peer;
mod pictures;
mod process;
mod proofs;
mod report;
mod rounds;
mod rows;
mod searching;
mod sequencing;
mod server;
mod streams;
mod summary;
mod tables;
mod transfers;
mod verification;

use std::{fs, num::NonZeroUsize, path::PathBuf, process::ExitCode, thread, time::Duration};

use clap::{Parser, Subcommand};
use report::Report;

/// How the benchmark fails.
pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measures Rollcall against the floor of its stack.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure.
    Run(Run),
    /// Draw what was measured before, and put it on a page.
    Draw(Draw),
    /// Serve as a floor: the same stack, with next to nothing to do.
    #[command(subcommand)]
    Floor(floors::ServedFloor),
}

/// What is measured, and with what.
#[derive(clap::Args)]
pub(crate) struct Run {
    /// The rows to measure; all of them if left out.
    rows: Vec<String>,
    /// How often each is measured. The median counts, and the spread is told.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How long one measurement lasts, after a warm-up.
    #[arg(long, default_value = "5", value_parser = seconds)]
    seconds: Duration,
    /// A hundredth of the data: to see whether everything works. The figures mean little.
    #[arg(long)]
    small: bool,
    /// A superuser's URL of a PostgreSQL, where databases are made and dropped again.
    #[arg(long)]
    database_url: String,
    /// The program `rollcall`.
    #[arg(long)]
    rollcall: PathBuf,
    /// The folder in which the peer is installed, as `cargo xtask bench --peer` does it: it is measured beside the service.
    #[arg(long)]
    peer: Option<PathBuf>,
    /// Leave what the last report in the folder says of other rows where it is.
    #[arg(long)]
    join: bool,
    /// The folder that the results are written to.
    #[arg(long)]
    output: PathBuf,
}

/// What is drawn, and where to.
#[derive(clap::Args)]
struct Draw {
    /// Reports (`report.json`). Of each row, the newest figure counts.
    #[arg(required = true)]
    reports: Vec<PathBuf>,
    /// The folder that the pictures, and what they were made from, are written to.
    #[arg(long)]
    output: PathBuf,
    /// A document that has a place for the tables and the pictures: docs/performance.md.
    #[arg(long)]
    document: Option<PathBuf>,
}

impl Draw {
    fn run(&self) -> Result {
        let reports = self.reports.iter().map(|path| Report::open(path)).collect::<Result<Vec<_>>>()?;
        let report = Report::join(reports)?;
        let pictures = pictures::of(&report);
        pictures::write(&pictures, &self.output)?;
        fs::write(self.output.join("report.json"), report.json()?)?;
        match &self.document {
            Some(document) => page::write(document, &report, &pictures, &self.output)
                .map_err(|error| format!("{}: {error}", document.display()).into()),
            None => Ok(()),
        }
    }
}

fn seconds(text: &str) -> std::result::Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.1..=600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "must be between 0.1 and 600".to_owned())
}

/// How many cores there are.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    let threads = match command {
        // The load takes what it needs, but leaves the machine to what is measured.
        Command::Run(_) | Command::Draw(_) => cores().div_ceil(2),
        // As many as the service has.
        Command::Floor(_) => cores(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let done = runtime.map_err(Into::into).and_then(|runtime| {
        runtime.block_on(async {
            match command {
                Command::Run(run) => rounds::run(&run).await,
                Command::Draw(draw) => draw.run(),
                Command::Floor(floor) => floors::serve(floor).await,
            }
        })
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rollcall-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
