//! The binary `rollcall`.

mod arguments;
mod memory;
mod output;

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use arguments::{Arguments, Audit, Command, Keys, ORPHANS, Operator, Recordings, UNSAFE};
use clap::{CommandFactory, Parser};
use indicatif::{ProgressBar, ProgressStyle};
use output::say;
use rollcall_application::{
    plans::Change,
    recordings::{Footprint, Orphan},
};
use rollcall_domain::{OrganizationId, UserId, plans::Consent, tokens::KeyPurpose};
use rollcall_server::{
    Checked, Database, Failure, Fate, Known, Ports, Progress, Server, Settings, Traces, Verified, Weight,
    check_logs, find_orphans, newest_checkpoint, reference, ring_in_use, rotate_keys, start_logging,
    verify_export,
};
use time::format_description::well_known::Rfc3339;
use tokio::signal::unix::{SignalKind, signal};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// How long what is still at work is waited for at the end. A disk that hangs holds whoever reads it for good.
const PATIENCE: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    memory::give_back_large_blocks();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return ended(Err(error.into())),
    };
    let code = runtime.block_on(run());
    runtime.shutdown_timeout(PATIENCE);
    code
}

async fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => serve().await,
        Command::Migrate { citus } => migrate(citus).await,
        Command::CheckConfig { reference: true } => {
            output::write(format_args!("{}", reference())).map_err(Into::into)
        }
        Command::CheckConfig { reference: false } => return ended(check_config()),
        Command::Healthcheck => healthcheck().await,
        Command::Openapi => openapi(),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "rollcall", &mut script);
            output::write(format_args!("{}", String::from_utf8_lossy(&script))).map_err(Into::into)
        }
        Command::Man { into } => manual(into.as_deref()),
        Command::Audit(Audit::Checkpoint { organization }) => checkpoint(organization).await,
        Command::Audit(Audit::Verify { file, known }) => return ended(verify(file, known.into())),
        Command::Audit(Audit::Check { organizations, known }) => {
            return ended(check(organizations, known.into()).await);
        }
        Command::Keys(Keys::Rotate { purpose }) => rotate(purpose).await,
        Command::Keys(Keys::Ring) => return ended(ring().await),
        Command::Recordings(Recordings::Orphans { untouched_for, remove, force }) => {
            let fate = match (remove, force) {
                (false, _) => Fate::Kept,
                (true, false) => Fate::Removed,
                (true, true) => Fate::RemovedInAnyCase,
            };
            return ended(orphans(untouched_for, fate).await);
        }
        Command::Operator(Operator::Restore { organization }) => restore(organization).await,
        Command::Operator(Operator::SetPlan { organization, plan, disable_controls, accept_deletion }) => {
            let consent = Consent { disable_controls, accept_deletion };
            set_plan(organization, Change { plan, consent }).await
        }
        Command::Operator(Operator::ResetMfa { user }) => reset_mfa(user).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output::failed(error.as_ref()),
    }
}

/// The exit code, or what went wrong.
fn ended(done: Result<ExitCode>) -> ExitCode {
    done.unwrap_or_else(|error| output::failed(error.as_ref()))
}

/// How far it is, on standard error, where somebody looks at it.
fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    let style =
        ProgressStyle::with_template("{msg} {wide_bar} {human_pos} of {human_len} events, {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show(bar: &ProgressBar, Progress { events, of }: Progress) {
    bar.set_length(of);
    bar.set_position(events);
}

fn verify(file: PathBuf, known: Known) -> Result<ExitCode> {
    let (trust, bar) = (known.trust()?, bar());
    let verified = verify_export(&file, &trust, |so_far| show(&bar, so_far));
    bar.finish_and_clear();
    Ok(ExitCode::from(told(&file.display().to_string(), &verified?)))
}

async fn check(organizations: Vec<OrganizationId>, known: Known) -> Result<ExitCode> {
    let settings = Settings::load()?;
    let _log = start_logging(&settings, None)?;
    let (trust, bar) = (known.trust()?, bar());
    let mut code = 0;
    let progress = {
        let bar = bar.clone();
        move |log: &str, so_far: Progress| {
            bar.set_message(log.to_owned());
            show(&bar, so_far);
        }
    };
    let ports = Ports::default();
    let checked = |Checked { log, verified, broken_tile, unplaced }: &Checked| {
        let mut found = bar.suspend(|| told(log, verified));
        if let (Some(tile), 0) = (broken_tile, found) {
            let (index, level) = (tile.index, tile.level);
            bar.suspend(|| {
                let _ = say!(
                    "{log}: tile {index} of level {level} is missing, or does not go with the events, so that proofs fail"
                );
            });
            found = UNPROVEN;
        }
        if let (Some(event), 0) = (unplaced, found) {
            bar.suspend(|| {
                let _ = say!(
                    "{log}: event {event} is in the database and neither in the log nor on its way there: somebody has kept it out"
                );
            });
            found = MISSING;
        }
        // The first that was found is the one to tell.
        code = if code == 0 { found } else { code };
    };
    let checked = check_logs(&settings, &ports, &organizations, &trust, progress, checked).await;
    bar.finish_and_clear();
    checked?;
    Ok(ExitCode::from(code))
}

/// As if events did not lead to a checkpoint,
const UNPROVEN: u8 = 15;
/// and as if one were missing.
const MISSING: u8 = 13;

/// Prints what came of a log's check; gives back the exit code, which tells it even if nobody reads the output.
fn told(of: &str, verified: &std::result::Result<Verified, Failure>) -> u8 {
    match verified {
        Ok(Verified { log, checkpoint, first, events, erased, checkpoints, keys_of_file }) => {
            let end = first + events;
            let _ = say!(
                "{of}: holds. {events} events of {log}, from {first} on and before {end}, lead to the checkpoint of {} events, and to {checkpoints} others; \
                 {erased} fields were erased",
                checkpoint.size
            );
            let _ = say!("{of}: root {}", checkpoint.root);
            if *keys_of_file {
                let _ = say!(
                    "{of}: the keys were taken from the export itself, which proves nothing to whoever does not trust where it comes from; see --key and --jwks"
                );
            }
            0
        }
        Err(failure) => {
            let _ = say!("{of}: {failure}");
            match failure {
                Failure::Found(finding) => finding.exit_code(),
                Failure::Incomparable { .. } | Failure::Io(_) => 1,
            }
        }
    }
}

async fn checkpoint(organization: Option<OrganizationId>) -> Result {
    let settings = Settings::load()?;
    let _log = start_logging(&settings, None)?;
    let checkpoint = newest_checkpoint(&settings, &Ports::default(), organization).await?;
    Ok(output::write(format_args!("{checkpoint}"))?)
}

async fn serve() -> Result {
    let settings = Settings::load()?;
    let traces = Traces::start(&settings)?;
    let _log = start_logging(&settings, traces.as_ref())?;
    let served = serve_until_told(&settings).await;
    // The last spans end with the last request.
    if let Some(traces) = traces {
        traces.stop().await;
    }
    served
}

async fn serve_until_told(settings: &Settings) -> Result {
    // Before anything is started, so that no signal finds nobody at home.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let server = tokio::select! {
        started = Server::start(settings, Ports::default()) => started?,
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    // It serves even if nobody reads this.
    let _unread = say!(
        "rollcall serves http://{} (operations on http://{})",
        server.address(),
        server.operations_address()
    );
    memory::give_back_what_the_start_took();
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    Ok(server.stop().await?)
}

async fn migrate(citus: bool) -> Result {
    let settings = Settings::load()?;
    let _log = start_logging(&settings, None)?;
    let database = Database::visit(&settings).await?;
    let migrated = migrate_in(&database, citus).await;
    let closed = database.close().await;
    // The first thing that went wrong is the one to tell.
    migrated?;
    Ok(closed?)
}

async fn migrate_in(database: &Database, citus: bool) -> Result {
    database.migrate().await?;
    say!("the schema is current")?;
    if citus {
        let made = database.distribute().await?;
        say!("{} tables have got their place; those of before keep it", made.len())?;
    }
    Ok(())
}

async fn rotate(purpose: KeyPurpose) -> Result {
    let settings = Settings::load()?;
    let _log = start_logging(&settings, None)?;
    let rotated = rotate_keys(&settings, &Ports::default(), purpose).await?;
    Ok(say!("{rotated}")?)
}

async fn ring() -> Result<ExitCode> {
    let settings = Settings::load()?;
    let _log = start_logging(&settings, None)?;
    let ring = ring_in_use(&settings, &Ports::default()).await?;
    say!("{}", ring.lines)?;
    // Whoever checks before a key is taken away goes by the code.
    Ok(if ring.is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn orphans(untouched_for: u16, fate: Fate) -> Result<ExitCode> {
    let settings = Settings::load()?;
    let _log = start_logging(&settings, None)?;
    let removed = if fate == Fate::Kept { "" } else { ", removed" };
    let (mut told, mut unsaid) = (0, None);
    let tell = |Orphan { organization, recording, footprint }: &Orphan| {
        let Footprint { segments, bytes, last_written, is_foreign } = footprint;
        let said = if *is_foreign {
            say!(
                "{organization}/{recording}: a symbolic link leads there, or more than files lies there: left"
            )
        } else {
            told += 1;
            let written = last_written.and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default();
            say!(
                "{organization}/{recording}: {segments} segments, {bytes} bytes, last written {written}{removed}"
            )
        };
        match said {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                unsaid = Some(error);
                ControlFlow::Break(())
            }
        }
    };
    let days = time::Duration::days(untouched_for.into());
    let found = find_orphans(&settings, &Ports::default(), days, fate, tell).await?;
    if let Some(unsaid) = unsaid {
        return Err(unsaid.into());
    }
    let left = match found.foreign.len() {
        0 => String::new(),
        left => format!("; {left} are left, as not all of it is what Rollcall has written"),
    };
    say!(
        "{} recordings are known; {told} are not, and nothing was written of them for {untouched_for} days{removed}; {} more are not, and are younger{left}",
        found.known,
        found.young
    )?;
    let is_left = !found.foreign.is_empty() || (told > 0 && fate == Fate::Kept);
    Ok(if is_left { ExitCode::from(ORPHANS) } else { ExitCode::SUCCESS })
}

async fn restore(organization: OrganizationId) -> Result {
    let settings = Settings::load()?;
    let _log = start_logging(&settings, None)?;
    let restored = rollcall_server::restore(&settings, &Ports::default(), organization).await?;
    Ok(say!("{} ({}) is restored; its people sign in anew", restored.name, restored.id)?)
}

async fn set_plan(organization: OrganizationId, command: Change) -> Result {
    let settings = Settings::load()?;
    let _log = start_logging(&settings, None)?;
    let ports = Ports::default();
    let tenant = rollcall_server::set_plan(&settings, &ports, organization, command).await?;
    let organization = tenant.organization;
    Ok(say!("{} ({}) has the plan {}", organization.name, organization.id, organization.plan)?)
}

async fn reset_mfa(user: UserId) -> Result {
    let settings = Settings::load()?;
    let _log = start_logging(&settings, None)?;
    rollcall_server::reset_mfa(&settings, &Ports::default(), user).await?;
    Ok(say!(
        "the second factor of {user} is off, and all of their sessions have ended; they are told by mail"
    )?)
}

async fn healthcheck() -> Result {
    let settings = Settings::load()?;
    let ready = rollcall_server::ready(&settings).await?;
    Ok(say!("{ready}")?)
}

fn check_config() -> Result<ExitCode> {
    let settings = Settings::load()?;
    say!("the configuration can be used ({:?})", settings.profile)?;
    for sentence in settings.meaning() {
        say!("  {sentence}")?;
    }
    let findings = settings.findings();
    for finding in &findings {
        say!("{finding}")?;
    }
    let is_unsafe = findings.iter().any(|finding| finding.weight == Weight::Unsafe);
    Ok(if is_unsafe { ExitCode::from(UNSAFE) } else { ExitCode::SUCCESS })
}

fn manual(into: Option<&Path>) -> Result {
    let command = Arguments::command();
    match into {
        Some(directory) => clap_mangen::generate_to(command, directory)?,
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            output::write(format_args!("{}", String::from_utf8_lossy(&page)))?;
        }
    }
    Ok(())
}

fn openapi() -> Result {
    let document = serde_json::to_string_pretty(&rollcall_api_http::document())?;
    Ok(say!("{document}")?)
}
