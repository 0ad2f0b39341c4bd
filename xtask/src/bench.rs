//! Measures the service against the floor of its stack.

use std::path::Path;

use crate::{
    postgres::ThrowAway,
    process::{Result, cargo, run as run_program},
    workspace,
};

/// What is measured, and how long.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The rows to measure, as docs/performance.md names them; all of them if left out.
    rows: Vec<String>,
    /// How often each is measured.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// How many seconds one measurement lasts.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// A hundredth of the data: to see whether everything works.
    #[arg(long)]
    small: bool,
}

/// Builds everything as it is released, and measures.
pub(crate) async fn run(arguments: &Arguments) -> Result {
    run_program(cargo().args([
        "build",
        "--release",
        "--package",
        "rollcall-server",
        "--bin",
        "rollcall",
        "--package",
        "rollcall-bench",
        "--bin",
        "rollcall-bench",
    ]))?;
    let target = workspace::target()?;
    // Never one that is named: what is measured must be known to keep what it acknowledges, and to have nothing else to do.
    let postgres = ThrowAway::start_private(true).await?;
    let postgres = postgres.ok_or("the benchmark needs a PostgreSQL on this machine")?;
    let measured = tokio::task::block_in_place(|| measure(arguments, &target, &postgres.url("postgres")));
    postgres.stop().await?;
    measured?;
    println!("This is also in {}.", target.join("bench").display());
    Ok(())
}

fn measure(arguments: &Arguments, target: &Path, database_url: &str) -> Result {
    let programs = target.join("release");
    let mut command = std::process::Command::new(programs.join("rollcall-bench"));
    command.arg("run").args(&arguments.rows);
    command.args(["--rounds", &arguments.rounds.to_string(), "--seconds", &arguments.seconds.to_string()]);
    if arguments.small {
        command.arg("--small");
    }
    command.args(["--database-url", database_url]);
    command.arg("--rollcall").arg(programs.join("rollcall")).arg("--output").arg(target.join("bench"));
    run_program(&mut command)
}
