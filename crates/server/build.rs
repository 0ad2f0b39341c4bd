//! Finds out from which commit a release is built. Whoever builds without a checkout says it by `ROLLCALL_COMMIT`; a build for
//! development is of no commit, as it would be compiled anew for each.

use std::{env, path::Path, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=ROLLCALL_COMMIT");
    if env::var_os("ROLLCALL_COMMIT").is_some() || env::var("PROFILE").as_deref() != Ok("release") {
        return;
    }
    // It changes with each commit, and with each change of branch.
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]).filter(|log| Path::new(log).exists()) {
        println!("cargo::rerun-if-changed={log}");
    }
    if let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) {
        println!("cargo::rustc-env=ROLLCALL_COMMIT={commit}");
    }
}

/// What git says; nothing when it is not there, or this is no checkout.
fn git(arguments: &[&str]) -> Option<String> {
    let said = Command::new("git").args(arguments).output().ok().filter(|said| said.status.success())?;
    Some(String::from_utf8(said.stdout).ok()?.trim().to_owned())
}
