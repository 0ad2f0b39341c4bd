//! The only room that knows JSON over HTTP.
//!
//! A request passes the [middleware] once, whatever it asks: its id, limits, the origin check, keyed repeats.
//! Then one handler per endpoint turns it into a command, asks the use case and shows what came of it. Errors
//! become problems (RFC 9457) in one place, [`problem`].

mod api;
mod body;
mod client;
mod cookies;
mod credential;
mod cursor;
mod dev_mailbox;
mod device_cookie;
mod etag;
mod form;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod id_path;
pub mod metrics;
mod middleware;
mod openapi;
pub mod operations;
mod operator_token;
pub mod problem;
mod query;
mod ranges;
mod request_ids;
mod service_credential;
mod sse;
mod streaming;
mod v1;

pub use api::{Api, HttpSettings, Quota, Quotas, UploadPace};
pub use credential::SessionCookie;
pub use dev_mailbox::dev_mailbox;
pub use device_cookie::DeviceTokens;
pub use middleware::{ProblemPages, around};
pub use openapi::{document, router};
