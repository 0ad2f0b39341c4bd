//! Everything that must hold before a change lands.

use std::process::Command;

use crate::process::{Result, output, root};

/// Lint, test, a few faults, and generated files that are fresh.
pub(crate) async fn run() -> Result {
    crate::lint::run()?;
    crate::test::run(None).await?;
    crate::faults::run(&crate::faults::Arguments::short())?;
    fresh().await
}

/// Makes the generated files anew, and fails if that changes anything.
pub(crate) async fn fresh() -> Result {
    let before = state()?;
    crate::generate::run().await?;
    if state()? != before {
        return Err("generated files were not fresh; they are now, look at `git diff` and commit them".into());
    }
    Ok(())
}

/// What differs from the last commit, to the letter.
fn state() -> Result<String> {
    let git = |arguments: &[&str]| output(Command::new("git").current_dir(root()).args(arguments));
    let generated = [".sqlx", "docs", "tests/golden"];
    Ok(git(&[&["diff", "HEAD", "--"], &generated[..]].concat())?
        + &git(&[&["ls-files", "--others", "--exclude-standard", "--"], &generated[..]].concat())?)
}
