//! The only room that knows SQL.
//!
//! [`PgStore`] is the one door: behind it is a pool of connections that nobody else sees. A transaction begins by
//! saying what it may touch ([`Scope`](rollcall_application::ports::Scope)), and row-level security holds it to
//! that; queries filter by organization as well.

mod accounts;
mod api_keys;
mod attempts;
mod audit;
mod availability;
mod backlog;
mod batcher;
mod bounds;
mod calls;
mod ceremonies;
mod citus;
mod connection;
mod database;
mod database_url;
mod directory;
mod erasures;
mod error;
mod escalations;
mod expiry;
mod idempotency;
mod invitations;
mod look_ups;
mod mail;
mod members;
mod migrations;
mod operator;
mod organizations;
mod passkeys;
mod plans;
mod portions;
mod purge;
mod readiness;
mod record;
mod recordings;
mod replica;
mod revocations;
mod row;
mod sealed_rows;
mod second_factors;
mod security;
mod session_cache;
mod sessions;
mod store;
mod stream;
mod tokens;
mod transaction;
mod webhooks;

pub use citus::{CitusError, distribute, in_the_way_of_citus};
pub use connection::{ConnectError, ConnectionSettings};
pub use database::create_database;
pub use database_url::{DatabaseUrl, InvalidDatabaseUrl};
pub use migrations::{LockWaits, MigrateError, migrate, migrate_with, migrations_fingerprint};
pub use readiness::NotReady;
pub use store::{Connections, PgStore};
