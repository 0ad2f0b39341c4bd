//! The end-to-end suites: a real service, a real PostgreSQL, real HTTP.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on had better panic")]

mod account_deletion;
mod account_export;
mod accounts;
mod audit;
mod bad_input;
mod conventions;
mod crash;
mod credentials;
mod development;
mod email_changes;
mod golden;
mod invitations;
mod isolation;
mod mail;
mod members;
mod operations;
mod organizations;
mod pages;
mod races;
mod refusals;
mod sessions;
mod tour;
