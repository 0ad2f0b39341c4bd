//! What a service beside Rollcall adds, so that it knows who calls it and what they may do.
//!
//! ```no_run
//! use axum::{Json, Router, routing::get};
//! use rollcall_client::{Caller, Error, Rollcall, Settings};
//! use rollcall_domain::{OrganizationId, Permission};
//!
//! # #[derive(serde::Serialize)]
//! # struct Agent {}
//! # fn agents_of(_: OrganizationId) -> Vec<Agent> {
//! #     Vec::new()
//! # }
//! async fn list(caller: Caller) -> Result<Json<Vec<Agent>>, Error> {
//!     let organization = caller.require(Permission::AgentsRead)?;
//!     Ok(Json(agents_of(organization)))
//! }
//!
//! # async fn start(service_token: &str) -> Result<Router, Box<dyn std::error::Error>> {
//! let rollcall = Rollcall::connect(Settings::new("https://rollcall.example", service_token))?;
//! let routes = Router::new().route("/agents", get(list)).with_state(rollcall);
//! # Ok(routes)
//! # }
//! ```
//!
//! A [`Caller`] comes with an access token, the token of a session or an API key. Access tokens are checked here, by
//! Rollcall's published keys; everything else is asked about, and the answer is remembered for a stated time. What is
//! remembered is only believed while the feed of revocations tells, several times a second, that nothing is missing: so a
//! member who was removed is out within a second, whatever fails. When Rollcall cannot be asked and has to be, the answer is
//! no, for now: 503 with `Retry-After`.
//!
//! API keys may be held to networks. They are taken only where the service says for certain where its requests come from: see
//! [`ClientAddress`].

mod answer;
mod caller;
mod chance;
mod circuit;
mod client_address;
mod connection;
mod error;
mod feed;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod keys;
mod memory;
mod report;
mod rollcall;
mod settings;
mod spool;
mod sse;
mod token;

pub use caller::{Caller, Subject};
pub use client_address::{ClientAddress, InvalidProxies, TrustedProxies};
pub use error::Error;
pub use report::{Actor, AuditEvent, Outcome, ReportError, Reporter};
pub use rollcall::Rollcall;
pub use settings::{InvalidSettings, Settings};
