//! The end-to-end suites: a real service, a real PostgreSQL, real HTTP.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on had better panic")]

mod account_deletion;
mod account_export;
mod accounts;
mod api_keys;
mod audit;
mod bad_input;
mod conventions;
mod crash;
mod credentials;
mod deletion;
mod development;
mod email_changes;
mod export;
mod golden;
mod guessing;
mod introspection;
mod invitations;
mod isolation;
mod key_use;
mod mail;
mod members;
mod nodes;
mod operations;
mod organizations;
mod pages;
mod purge;
mod races;
mod refusals;
mod schema;
mod sessions;
mod signing_keys;
mod tokens;
mod tour;
