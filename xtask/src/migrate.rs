//! Brings a database's schema up to date, by the service's own subcommand.

use crate::process::{Result, cargo, run as run_program};

/// Migrates the database at `url`.
pub(crate) fn run(url: &str) -> Result {
    run_program(
        cargo()
            .args(["run", "--quiet", "--package", "rollcall-server", "--", "migrate"])
            .env("ROLLCALL_ENV", "development")
            .env("ROLLCALL__DATABASE__URL", url),
    )
}
