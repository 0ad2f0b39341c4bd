//! What can be seen by looking at the code.

use std::{path::PathBuf, process::Command};

use crate::process::{self, Result, cargo, is_there, root};

/// The cargo-deny that the dependencies are checked with.
const CARGO_DENY: &str = "0.20.2";

/// Checks formatting, the walls, what clippy knows, and the dependencies.
pub(crate) fn run() -> Result {
    process::run(cargo().args(["fmt", "--all", "--check"]))?;
    crate::tidy::run()?;
    process::run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))?;
    domain_anywhere()?;
    deny()
}

/// Checks that the domain can be used where there is no operating system, if this machine can build for that:
/// `rustup target add wasm32-unknown-unknown`.
fn domain_anywhere() -> Result {
    const TARGET: &str = "wasm32-unknown-unknown";
    let mut libraries = Command::new("rustc");
    libraries.args(["--print", "target-libdir", "--target", TARGET]);
    if PathBuf::from(process::output(&mut libraries)?.trim()).is_dir() {
        process::run(cargo().args(["check", "--package", "rollcall-domain", "--target", TARGET]))
    } else {
        println!("{TARGET} is not installed: whether the domain builds for it is not looked at");
        Ok(())
    }
}

/// Checks licences, sources and who may use which dependency. Advisories need a database that is fetched from the
/// network, which a build must not depend on: [`advisories`] looks at them.
fn deny() -> Result {
    // It looks at what every platform needs, some of which is never built here.
    process::run(cargo().args(["fetch", "--quiet", "--locked"]))?;
    let mut command = Command::new(cargo_deny()?);
    command.current_dir(root()).args([
        "--offline",
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    ]);
    process::run(&mut command)
}

/// Checks whether a dependency has a known weakness, is no longer looked after, or was withdrawn (RustSec).
pub(crate) fn advisories() -> Result {
    let mut command = Command::new(cargo_deny()?);
    process::run(command.current_dir(root()).args(["check", "advisories"]))
}

/// The program, installed under `target` when it is not on the path.
fn cargo_deny() -> Result<PathBuf> {
    let mut version = Command::new("cargo-deny");
    version.arg("--version");
    if is_there(version) {
        return Ok("cargo-deny".into());
    }
    let tools = root().join("target/tools");
    let program = tools.join("bin/cargo-deny");
    if !program.exists() {
        println!("Installing cargo-deny {CARGO_DENY}.");
        process::run(
            cargo()
                .args([
                    "install",
                    "--quiet",
                    "--locked",
                    "--version",
                    CARGO_DENY,
                    "--no-default-features",
                    "cargo-deny",
                    "--root",
                ])
                .arg(&tools)
                // It is run once and thrown away: building it fast beats its being fast.
                .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
                .env("CARGO_PROFILE_RELEASE_LTO", "off")
                .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
        )?;
    }
    Ok(program)
}
