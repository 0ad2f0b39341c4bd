//! Fetches axe-core, with which the browser tests look whether everybody can use a page.

use std::{fs, process::Command};

use rollcall_browser::Axe;

use crate::process::{Result, is_there, run};

/// Fetches it by npm, unless it is there: the version and the digest that `tests/browser/axe` names. Nothing of it is run here.
pub(crate) fn fetch() -> Result {
    if Axe::is_there() {
        return Ok(());
    }
    let mut version = Command::new("npm");
    version.arg("--version");
    if !is_there(version) {
        return Err(
            "npm is not found here, which fetches axe-core for the browser tests: install Node.js".into()
        );
    }
    fs::create_dir_all(Axe::folder())?;
    for (name, text) in Axe::PACKAGE {
        fs::write(Axe::folder().join(name), text)?;
    }
    let quiet = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    let fetched = run(Command::new("npm").args(quiet).current_dir(Axe::folder()));
    if fetched.is_err() {
        // Or it would pass for fetched the next time.
        fs::remove_dir_all(Axe::folder())?;
    }
    fetched
}
