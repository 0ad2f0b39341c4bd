//! The binary `rollcall`.
#![expect(
    clippy::print_stdout,
    reason = "what is asked for on the command line is answered on standard output"
)]

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use rollcall_domain::{OrganizationId, UserId, organizations::Plan};
use rollcall_server::{Database, Ports, Server, Settings, reference, rotate_keys, start_logging};
use tokio::signal::unix::{SignalKind, signal};

/// Team and user management: who is this, which organization are they in, what may they do, and who changed what.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve (the default).
    Serve,
    /// Bring the database's schema up to date.
    Migrate,
    /// Tell whether the configuration can be used.
    CheckConfig {
        /// Print the configuration reference instead.
        #[arg(long)]
        reference: bool,
    },
    /// Print the contract as OpenAPI.
    Openapi,
    /// Look after the keys that sign access tokens.
    #[command(subcommand)]
    Keys(Keys),
    /// What the platform's operator does.
    #[command(subcommand)]
    Operator(Operator),
}

#[derive(Subcommand)]
enum Keys {
    /// Make a key that takes over from the present one: published at once, it signs when everybody can know it.
    Rotate,
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
    },
    /// Turn off the second factor of somebody who has lost it.
    ResetMfa {
        /// The account's id: user_…
        user: UserId,
    },
}

type Result = std::result::Result<(), Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => serve().await,
        Command::Migrate => migrate().await,
        Command::CheckConfig { reference: true } => {
            print!("{}", reference());
            Ok(())
        }
        Command::CheckConfig { reference: false } => check_config(),
        Command::Openapi => openapi(),
        Command::Keys(Keys::Rotate) => rotate().await,
        Command::Operator(Operator::Restore { organization }) => restore(organization).await,
        Command::Operator(Operator::SetPlan { organization, plan, disable_controls }) => {
            set_plan(organization, plan, disable_controls).await
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

async fn serve() -> Result {
    let settings = Settings::load()?;
    let _log = start_logging(&settings)?;
    // Before anything is started, so that no signal finds nobody at home.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let server = tokio::select! {
        started = Server::start(&settings, Ports::default()) => started?,
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    println!(
        "rollcall serves http://{} (operations on http://{})",
        server.address(),
        server.operations_address()
    );
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    Ok(server.stop().await?)
}

async fn migrate() -> Result {
    let settings = Settings::load()?;
    let _log = start_logging(&settings)?;
    let database = Database::visit(&settings).await?;
    let migrated = database.migrate().await;
    let closed = database.close().await;
    // The first thing that went wrong is the one to tell.
    migrated?;
    closed?;
    println!("the schema is current");
    Ok(())
}

async fn rotate() -> Result {
    let settings = Settings::load()?;
    let _log = start_logging(&settings)?;
    println!("{}", rotate_keys(&settings, &Ports::default()).await?);
    Ok(())
}

async fn restore(organization: OrganizationId) -> Result {
    let settings = Settings::load()?;
    let _log = start_logging(&settings)?;
    let restored = rollcall_server::restore(&settings, &Ports::default(), organization).await?;
    println!("{} ({}) is restored; its people sign in anew", restored.name, restored.id);
    Ok(())
}

async fn set_plan(organization: OrganizationId, plan: Plan, disable_controls: bool) -> Result {
    let settings = Settings::load()?;
    let _log = start_logging(&settings)?;
    let ports = Ports::default();
    let tenant = rollcall_server::set_plan(&settings, &ports, organization, plan, disable_controls).await?;
    let organization = tenant.organization;
    println!("{} ({}) has the plan {}", organization.name, organization.id, organization.plan);
    Ok(())
}

async fn reset_mfa(user: UserId) -> Result {
    let settings = Settings::load()?;
    let _log = start_logging(&settings)?;
    rollcall_server::reset_mfa(&settings, &Ports::default(), user).await?;
    println!(
        "the second factor of {user} is off, and all of their sessions have ended; they are told by mail"
    );
    Ok(())
}

fn check_config() -> Result {
    let settings = Settings::load()?;
    println!("the configuration can be used ({:?})", settings.profile);
    Ok(())
}

fn openapi() -> Result {
    println!("{}", serde_json::to_string_pretty(&rollcall_api_http::document())?);
    Ok(())
}
