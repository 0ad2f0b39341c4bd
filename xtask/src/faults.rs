//! Breaks what the service stands on, and looks whether it keeps its word.

use std::process::Command;

use cargo_metadata::MetadataCommand;

use crate::process::{Result, cargo, root, run as run_program};

/// What is broken.
#[derive(clap::Args, Default)]
pub(crate) struct Arguments {
    /// A few faults, in about a minute, as before every change that lands.
    #[arg(long)]
    short: bool,
    /// Only the faults whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// Write the figures into docs/reliability.md.
    #[arg(long)]
    write: bool,
}

impl Arguments {
    /// A few faults.
    pub(crate) fn short() -> Self {
        Self { short: true, ..Self::default() }
    }
}

/// Builds the service and the suite, and runs it.
pub(crate) fn run(arguments: &Arguments) -> Result {
    run_program(cargo().args([
        "build",
        "--quiet",
        "--package",
        "rollcall-server",
        "--bin",
        "rollcall",
        "--package",
        "rollcall-faults",
        "--bin",
        "rollcall-faults",
    ]))?;
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec()?;
    let programs = metadata.target_directory.into_std_path_buf().join("debug");
    let mut command = Command::new(programs.join("rollcall-faults"));
    command.arg("--rollcall").arg(programs.join("rollcall"));
    if arguments.short {
        command.arg("--short");
    }
    if let Some(only) = &arguments.only {
        command.args(["--only", only]);
    }
    if arguments.write {
        command.arg("--write").arg(root().join("docs/reliability.md"));
    }
    run_program(&mut command)
}
