//! The binary `rollcall`.
#![expect(
    clippy::print_stdout,
    reason = "what is asked for on the command line is answered on standard output"
)]

mod memory;

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use indicatif::{ProgressBar, ProgressStyle};
use rollcall_application::plans::Change;
use rollcall_domain::{OrganizationId, UserId, organizations::Plan, plans::Consent, tokens::KeyPurpose};
use rollcall_server::{
    Checked, Database, Failure, Known, Ports, Progress, Server, Settings, Traces, Verified, Weight,
    check_logs, newest_checkpoint, reference, ring_in_use, rotate_keys, start_logging, verify_export,
    version,
};
use tokio::signal::unix::{SignalKind, signal};

/// Where settings come from.
const SETTINGS: &str = "Settings come from the environment (ROLLCALL__HTTP__ADDRESS), then from the TOML file that ROLLCALL_CONFIG names, then from the \
                        profile that ROLLCALL_ENV names: development, or production. `rollcall check-config --reference` lists them all.";

/// Team and user management: who is this, which organization are they in, what may they do, and who changed what.
#[derive(Parser)]
#[command(name = "rollcall", version = version(), after_help = SETTINGS)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve (the default).
    Serve,
    /// Bring the database's schema up to date.
    Migrate {
        /// Then distribute what belongs to organizations over the servers of a Citus cluster, or say what is in the way of it.
        #[arg(long)]
        citus: bool,
    },
    /// Tell whether the configuration can be used, what it means, and what is unsafe or odd in it.
    #[command(after_help = CHECKED)]
    CheckConfig {
        /// Print the configuration reference instead.
        #[arg(long)]
        reference: bool,
    },
    /// Print the contract as OpenAPI.
    Openapi,
    /// Print what completes commands in a shell.
    Completions {
        /// Which shell.
        shell: Shell,
    },
    /// Print the manual page.
    Man {
        /// Write the pages of all commands into this directory instead.
        #[arg(long, value_name = "DIRECTORY")]
        into: Option<PathBuf>,
    },
    /// Look after keys: those that sign, and those of the keyring.
    #[command(subcommand)]
    Keys(Keys),
    /// Check audit logs.
    #[command(subcommand)]
    Audit(Audit),
    /// What the platform's operator does.
    #[command(subcommand)]
    Operator(Operator),
}

#[derive(Subcommand)]
enum Keys {
    /// Make a key that takes over from the present one: published at once, it signs when everybody can know it.
    Rotate {
        /// What the key signs: access_token, or audit_checkpoint.
        #[arg(default_value = KeyPurpose::AccessToken.as_str())]
        purpose: KeyPurpose,
    },
    /// Tell which keys of the keyring (ROLLCALL__KEYS__RING), other than the first, API keys still need.
    Ring,
}

/// What `check-config` ends with.
const CHECKED: &str = "Exit codes: 0 it can be used; 1 it cannot be used; 2 wrong arguments; 3 it can be used, and something in it is unsafe.";

/// Of `check-config`: something is unsafe.
const UNSAFE: u8 = 3;

/// What ends with another code than 0 and 1 has found something.
const CODES: &str = "Exit codes: 0 it holds; 1 it could not be checked; 2 wrong arguments; 10 a line is not as the format says; 11 the file is cut \
                     off; 12 an event was altered; 13 an event is missing or not where it belongs; 14 what stands beside an event in clear is not \
                     what was logged; 15 the events do not lead to a checkpoint; 16 the log is shorter than a checkpoint seen before; \
                     17 a checkpoint is not signed as it must be.";

#[derive(Subcommand)]
enum Audit {
    /// Prove an export of an audit log, offline: no configuration, and no database.
    #[command(after_help = CODES)]
    Verify {
        /// The export; - is standard input.
        file: PathBuf,
        #[command(flatten)]
        known: KnownArguments,
    },
    /// Prove the audit logs in the database, as exports of them would be.
    #[command(after_help = CODES)]
    Check {
        /// Organizations: org_…; all of them, and the platform's own log, if there are none.
        organizations: Vec<OrganizationId>,
        #[command(flatten)]
        known: KnownArguments,
    },
    /// Print the newest checkpoint of an audit log.
    Checkpoint {
        /// The organization: org_…; the platform's own log without.
        organization: Option<OrganizationId>,
    },
}

#[derive(Args)]
struct KnownArguments {
    /// A file with a checkpoint that was seen before: the log must continue it. Can be given many times.
    #[arg(long = "checkpoint", value_name = "FILE")]
    checkpoints: Vec<PathBuf>,
    /// A key that checkpoints may be signed with, as name+id+key. Without --key and --jwks the keys in the export are believed.
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<String>,
    /// A file with the service's published keys, from /.well-known/jwks.json.
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
}

impl From<KnownArguments> for Known {
    fn from(KnownArguments { checkpoints, keys, jwks }: KnownArguments) -> Self {
        Self { keys, jwks, checkpoints }
    }
}

#[derive(Subcommand)]
enum Operator {
    /// Undo the deletion of an organization, which is possible for 30 days.
    Restore {
        /// The organization's id: org_…
        organization: OrganizationId,
    },
    /// Take an organization over to another plan.
    SetPlan {
        /// The organization's id: org_…
        organization: OrganizationId,
        /// free, pro or enterprise.
        plan: Plan,
        /// Switch off the security controls that the plan lacks. Its Owners are told by mail.
        #[arg(long)]
        disable_controls: bool,
        /// Delete recordings and events of the audit log that are older than the plan keeps them. Its Owners are told by mail.
        #[arg(long)]
        accept_deletion: bool,
    },
    /// Turn off the second factor of somebody who has lost it.
    ResetMfa {
        /// The account's id: user_…
        user: UserId,
    },
}

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
            print!("{}", reference());
            Ok(())
        }
        Command::CheckConfig { reference: false } => return ended(check_config()),
        Command::Openapi => openapi(),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "rollcall", &mut script);
            std::io::stdout().write_all(&script).map_err(Into::into)
        }
        Command::Man { into } => manual(into.as_deref()),
        Command::Audit(Audit::Checkpoint { organization }) => checkpoint(organization).await,
        Command::Audit(Audit::Verify { file, known }) => return ended(verify(file, known.into())),
        Command::Audit(Audit::Check { organizations, known }) => {
            return ended(check(organizations, known.into()).await);
        }
        Command::Keys(Keys::Rotate { purpose }) => rotate(purpose).await,
        Command::Keys(Keys::Ring) => return ended(ring().await),
        Command::Operator(Operator::Restore { organization }) => restore(organization).await,
        Command::Operator(Operator::SetPlan { organization, plan, disable_controls, accept_deletion }) => {
            let consent = Consent { disable_controls, accept_deletion };
            set_plan(organization, Change { plan, consent }).await
        }
        Command::Operator(Operator::ResetMfa { user }) => reset_mfa(user).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rollcall: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The exit code, or what went wrong.
fn ended(done: Result<ExitCode>) -> ExitCode {
    done.unwrap_or_else(|error| {
        eprintln!("rollcall: {error}");
        ExitCode::FAILURE
    })
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
                println!(
                    "{log}: tile {index} of level {level} does not go with the events, so that proofs fail"
                )
            });
            found = UNPROVEN;
        }
        if let (Some(event), 0) = (unplaced, found) {
            bar.suspend(|| {
                println!(
                    "{log}: event {event} is in the database and neither in the log nor on its way there: somebody has kept it out"
                )
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

/// Says what came of a log; gives back the exit code.
fn told(of: &str, verified: &std::result::Result<Verified, Failure>) -> u8 {
    match verified {
        Ok(Verified { log, checkpoint, first, events, erased, checkpoints, keys_of_file }) => {
            let end = first + events;
            println!(
                "{of}: holds. {events} events of {log}, from {first} on and before {end}, lead to the checkpoint of {} events, and to {checkpoints} others; \
                 {erased} fields were erased",
                checkpoint.size
            );
            println!("{of}: root {}", checkpoint.root);
            if *keys_of_file {
                println!(
                    "{of}: the keys were taken from the export itself, which proves nothing to whoever does not trust where it comes from; see --key and --jwks"
                );
            }
            0
        }
        Err(failure) => {
            println!("{of}: {failure}");
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
    print!("{}", newest_checkpoint(&settings, &Ports::default(), organization).await?);
    Ok(())
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
    println!(
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
    println!("the schema is current");
    if citus {
        let made = database.distribute().await?;
        println!("{} tables have got their place; those of before keep it", made.len());
    }
    Ok(())
}

async fn rotate(purpose: KeyPurpose) -> Result {
    let settings = Settings::load()?;
    let _log = start_logging(&settings, None)?;
    println!("{}", rotate_keys(&settings, &Ports::default(), purpose).await?);
    Ok(())
}

async fn ring() -> Result<ExitCode> {
    let settings = Settings::load()?;
    let _log = start_logging(&settings, None)?;
    let ring = ring_in_use(&settings, &Ports::default()).await?;
    println!("{}", ring.lines);
    // Whoever checks before a key is taken away goes by the code.
    Ok(if ring.is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn restore(organization: OrganizationId) -> Result {
    let settings = Settings::load()?;
    let _log = start_logging(&settings, None)?;
    let restored = rollcall_server::restore(&settings, &Ports::default(), organization).await?;
    println!("{} ({}) is restored; its people sign in anew", restored.name, restored.id);
    Ok(())
}

async fn set_plan(organization: OrganizationId, command: Change) -> Result {
    let settings = Settings::load()?;
    let _log = start_logging(&settings, None)?;
    let ports = Ports::default();
    let tenant = rollcall_server::set_plan(&settings, &ports, organization, command).await?;
    let organization = tenant.organization;
    println!("{} ({}) has the plan {}", organization.name, organization.id, organization.plan);
    Ok(())
}

async fn reset_mfa(user: UserId) -> Result {
    let settings = Settings::load()?;
    let _log = start_logging(&settings, None)?;
    rollcall_server::reset_mfa(&settings, &Ports::default(), user).await?;
    println!(
        "the second factor of {user} is off, and all of their sessions have ended; they are told by mail"
    );
    Ok(())
}

fn check_config() -> Result<ExitCode> {
    let settings = Settings::load()?;
    println!("the configuration can be used ({:?})", settings.profile);
    for sentence in settings.meaning() {
        println!("  {sentence}");
    }
    let findings = settings.findings();
    for finding in &findings {
        println!("{finding}");
    }
    let is_unsafe = findings.iter().any(|finding| finding.weight == Weight::Unsafe);
    Ok(if is_unsafe { ExitCode::from(UNSAFE) } else { ExitCode::SUCCESS })
}

fn manual(into: Option<&Path>) -> Result {
    let command = Arguments::command();
    match into {
        Some(directory) => clap_mangen::generate_to(command, directory)?,
        None => clap_mangen::Man::new(command).render(&mut std::io::stdout())?,
    }
    Ok(())
}

fn openapi() -> Result {
    println!("{}", serde_json::to_string_pretty(&rollcall_api_http::document())?);
    Ok(())
}
