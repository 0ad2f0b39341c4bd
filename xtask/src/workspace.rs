//! Building the workspace.

use std::path::PathBuf;

use cargo_metadata::MetadataCommand;

use crate::process::{Result, cargo, root, run};

/// What is selected of the workspace where it is built or checked: everything, tests as well. Features of dependencies follow from what is
/// selected, so any other selection builds most dependencies once more.
const EVERYTHING: [&str; 2] = ["--workspace", "--all-targets"];

/// Builds everything, and gives back the folder of its programs.
pub(crate) fn build() -> Result<PathBuf> {
    run(cargo().args(["build", "--quiet"]).args(EVERYTHING))?;
    Ok(target()?.join("debug"))
}

/// The folder that cargo builds in.
pub(crate) fn target() -> Result<PathBuf> {
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec()?;
    Ok(metadata.target_directory.into_std_path_buf())
}
