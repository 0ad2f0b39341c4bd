//! Measures the service against the floor of its stack, and beside its closest peer.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    postgres::ThrowAway,
    process::{Result, cargo, is_there, root, run as run_program},
    workspace,
};

/// The peer (MIT), which is no part of this repository: npm fetches it, held to versions and digests by the lock file.
const PEER: [&str; 3] = ["package.json", "package-lock.json", "server.mjs"];

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
    /// Measure the closest peer too, where it does the same work as a row: better-auth, which needs Node and npm.
    #[arg(long)]
    peer: bool,
    /// Keep what the last report says of other rows: of each, the newest figure counts.
    #[arg(long)]
    join: bool,
    /// Put the figures, and pictures of them, into docs/performance.md. What it says of other rows stays.
    #[arg(long, conflicts_with = "small")]
    write: bool,
}

/// Builds everything as it is released, and measures.
pub(crate) async fn run(arguments: &Arguments) -> Result {
    let target = workspace::target()?;
    let peer = arguments.peer.then(|| install_peer(&target)).transpose()?;
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
    // Never one that is named: what is measured must be known to keep what it acknowledges, and to have nothing else to do.
    let postgres = ThrowAway::start_private(true).await?;
    let postgres = postgres.ok_or("the benchmark needs a PostgreSQL on this machine")?;
    let measured = tokio::task::block_in_place(|| {
        measure(arguments, &target, peer.as_deref(), &postgres.url("postgres"))
    });
    postgres.stop().await?;
    measured?;
    println!("This is also in {}, with pictures.", target.join("bench").display());
    if arguments.write {
        draw(&target.join("release/rollcall-bench"), &[target.join("bench/report.json")])?;
    }
    Ok(())
}

fn measure(arguments: &Arguments, target: &Path, peer: Option<&Path>, database_url: &str) -> Result {
    let programs = target.join("release");
    let mut command = Command::new(programs.join("rollcall-bench"));
    command.arg("run").args(&arguments.rows);
    command.args(["--rounds", &arguments.rounds.to_string(), "--seconds", &arguments.seconds.to_string()]);
    if arguments.small {
        command.arg("--small");
    }
    if arguments.join {
        command.arg("--join");
    }
    if let Some(peer) = peer {
        command.arg("--peer").arg(peer);
    }
    command.args(["--database-url", database_url]);
    command.arg("--rollcall").arg(programs.join("rollcall")).arg("--output").arg(target.join("bench"));
    run_program(&mut command)
}

/// Draws what the page has already anew, after a change of how that is done.
pub(crate) fn redraw(bench: &Path) -> Result {
    if pictures().join("report.json").exists() { draw(bench, &[]) } else { Ok(()) }
}

/// Puts reports on the page, beside what it has already.
fn draw(bench: &Path, reports: &[PathBuf]) -> Result {
    let kept = pictures().join("report.json");
    let mut command = Command::new(bench);
    command.arg("draw").args(kept.exists().then_some(kept)).args(reports);
    command.arg("--output").arg(pictures()).arg("--document").arg(root().join("docs/performance.md"));
    run_program(&mut command)
}

/// Where the pictures on the page are, with the report that they were made from.
fn pictures() -> PathBuf {
    root().join("docs/images/bench")
}

/// Installs the peer beside what is built, and gives back where. Nothing of it is run here.
fn install_peer(target: &Path) -> Result<PathBuf> {
    for program in ["node", "npm"] {
        let mut version = Command::new(program);
        version.arg("--version");
        if !is_there(version) {
            return Err(format!(
                "{program} is not found here, and the peer runs on Node: install Node.js, or leave out --peer"
            )
            .into());
        }
    }
    let (from, to) = (root().join("bench/peer"), target.join("peer"));
    // A file that is another or missing, or that was left by an installation that failed, has it installed anew.
    let whole = to.join("installed");
    let is_same = |name: &&str| {
        fs::read(from.join(name))
            .is_ok_and(|wanted| fs::read(to.join(name)).is_ok_and(|there| there == wanted))
    };
    if whole.exists() && PEER.iter().all(is_same) {
        return Ok(to);
    }
    fs::create_dir_all(&to)?;
    if whole.exists() {
        fs::remove_file(&whole)?;
    }
    for name in PEER {
        fs::copy(from.join(name), to.join(name))?;
    }
    let quiet = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    run_program(Command::new("npm").args(quiet).current_dir(&to))?;
    fs::write(whole, "")?;
    Ok(to)
}
