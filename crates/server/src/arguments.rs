//! What can be said on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use rollcall_domain::{OrganizationId, UserId, organizations::Plan, tokens::KeyPurpose};
use rollcall_server::{Known, version};

/// Where settings come from.
const SETTINGS: &str = "Settings come from the environment (ROLLCALL__HTTP__ADDRESS), then from the TOML file that ROLLCALL_CONFIG names, then from the \
                        profile that ROLLCALL_ENV names: development, or production. `rollcall check-config --reference` lists them all.";

/// Team and user management: who is this, which organization are they in, what may they do, and who changed what.
#[derive(Parser)]
#[command(name = "rollcall", version = version(), after_help = SETTINGS)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
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
    /// Ask the node with this configuration, on the same machine, whether it is ready: for container images, which hold no other client.
    #[command(after_help = HEALTH)]
    Healthcheck,
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
    /// Look after the store of recordings.
    #[command(subcommand)]
    Recordings(Recordings),
    /// What the platform's operator does.
    #[command(subcommand)]
    Operator(Operator),
}

#[derive(Subcommand)]
pub(crate) enum Keys {
    /// Make the next signing key: it is published at once, and signs as soon as everybody can have fetched it.
    Rotate {
        /// What the key signs: access_token, audit_checkpoint, or live_grant.
        #[arg(default_value = KeyPurpose::AccessToken.as_str())]
        purpose: KeyPurpose,
    },
    /// Tell which older keys of the keyring (ROLLCALL__KEYS__RING) API keys and signing keys still need.
    Ring,
}

/// What `check-config` ends with.
const CHECKED: &str = "Exit codes: 0 it can be used; 1 it cannot be used; 2 wrong arguments; 3 it can be used, and something in it is unsafe.";

/// What `healthcheck` ends with.
const HEALTH: &str = "Exit codes: 0 it is ready; 1 it is not, or no node answers; 2 wrong arguments.";

/// Of `check-config`: something is unsafe.
pub(crate) const UNSAFE: u8 = 3;

/// What ends with another code than 0 and 1 has found something.
const CODES: &str = "Exit codes: 0 it holds; 1 it could not be checked; 2 wrong arguments; 10 a line is not as the format says; 11 the file is cut \
                     off; 12 an event was altered; 13 an event is missing or not where it belongs; 14 what stands beside an event in clear is not \
                     what was logged; 15 the events do not lead to a checkpoint; 16 the log is shorter than a checkpoint seen before; \
                     17 a checkpoint is not signed as it must be.";

#[derive(Subcommand)]
pub(crate) enum Audit {
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
pub(crate) struct KnownArguments {
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

/// What `recordings orphans` ends with.
const FOUND: &str = "Exit codes: 0 there are none, or they are removed; 1 it could not be done; 2 wrong arguments; 3 there are some, or some are left: where a symbolic link leads, and where more than files lies, nothing is removed; 141 nobody read on what it says (`| head`), and no more are removed from then on.";

/// Of `recordings orphans`: there are some.
pub(crate) const ORPHANS: u8 = 3;

#[derive(Subcommand)]
pub(crate) enum Recordings {
    /// List stored recordings that the database does not know, as after a restore to an earlier moment. Nobody can
    /// play them any more, unless the database that was left behind comes back.
    #[command(after_help = FOUND)]
    Orphans {
        /// Only those to which nothing has been written for this many days.
        #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u16).range(2..))]
        untouched_for: u16,
        /// Remove them.
        #[arg(long)]
        remove: bool,
        /// Remove them though the database knows no recording that lies there.
        #[arg(long, requires = "remove")]
        force: bool,
    },
}

#[derive(Subcommand)]
pub(crate) enum Operator {
    /// Undo the deletion of an organization, which is possible for 30 days.
    Restore {
        /// The organization's id: org_…
        organization: OrganizationId,
    },
    /// Change an organization's plan.
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
