//! Breaks what the service stands on, and looks whether it keeps its word.

use std::process::Command;

use crate::{
    process::{Result, output, root, run as run_program},
    workspace,
};

/// What is broken.
#[derive(clap::Args, Default)]
pub(crate) struct Arguments {
    /// A few faults, in about a minute, as before every change that lands.
    #[arg(long)]
    short: bool,
    /// Only the faults whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// Write the figures into docs/reliability.md, if nothing is wrong. What it says of other faults stays.
    #[arg(long, conflicts_with = "short")]
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
    let programs = workspace::build()?;
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
    if let Some(commit) = commit() {
        command.args(["--commit", &commit]);
    }
    run_program(&mut command)
}

/// The commit that is checked out, and whether anything but documents was changed since; none where git does not say.
fn commit() -> Option<String> {
    let git = |arguments: &[&str]| output(Command::new("git").current_dir(root()).args(arguments)).ok();
    let head = git(&["rev-parse", "--short", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs"])?;
    let changes = if changed.trim().is_empty() { "" } else { " with changes" };
    Some(format!("`{}`{changes}", head.trim()))
}
