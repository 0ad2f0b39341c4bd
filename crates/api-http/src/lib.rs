//! The only room that knows JSON over HTTP.
//!
//! A request passes the [middleware] once, whatever it asks: its id, limits, the origin check, keyed repeats.
//! Then one handler per endpoint turns it into a command, asks the use case and shows what came of it. Errors
//! become problems (RFC 9457) in one place, [`problem`].

mod api;
mod body;
mod client;
mod credential;
mod cursor;
mod etag;
mod id_path;
mod keyring;
pub mod metrics;
mod middleware;
mod openapi;
pub mod operations;
pub mod problem;
mod query;
mod v1;

pub use api::{Api, HttpSettings, Quota, Quotas};
pub use credential::{Caller, SessionCookie};
pub use client::Client;
pub use keyring::{InvalidKeyring, Keyring};
pub use middleware::{around, origin_is_ours};
pub use openapi::{document, router};
