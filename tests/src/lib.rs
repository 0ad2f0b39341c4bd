//! The test harness: a real service on a real PostgreSQL, spoken to over real HTTP.
//!
//! [`Service::start`] gives a test a database and a node of its own, with a clock that the test moves. [`Team`] is an
//! organization with somebody in every role. Tests poll a condition ([`until`]) instead of sleeping.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on had better panic")]

mod audit_log;
mod authenticator;
mod binary;
mod caller;
mod cut;
mod database;
mod detour;
mod events;
mod golden;
mod hook;
mod letters;
mod link;
mod locks;
mod manual_clock;
mod passage;
mod patience;
mod pooler;
mod security_key;
mod service;
pub mod smtp;
mod store;
pub mod tab;
mod tables;
mod team;

pub use authenticator::Authenticator;
pub use binary::Binary;
pub use caller::{Answer, Caller};
pub use cut::{Cut, CutWay};
pub use database::{TestDatabase, random};
pub use detour::Detour;
pub use events::{Event, Events};
pub use golden::compare_with_golden;
pub use hook::{HookServer, Hooked};
pub use letters::one_line;
pub use link::Link;
pub use locks::OpenTransaction;
pub use manual_clock::ManualClock;
pub use patience::until;
pub use pooler::Pooler;
pub use rollcall_browser::{Browser, Focus, Look, Profile, Rules};
pub use security_key::SecurityKey;
pub use service::{OPERATOR_TOKEN, Service};
pub use store::{connection_settings, store_at};
pub use tab::Tab;
pub use team::{PASSWORD, Team, word};
