//! What happens in an organization, told live to whoever may know it.
//!
//! A commit numbers what it tells, organization by organization, without a gap, and notifies every node. A node reads what is new once,
//! however many watch, and keeps it until all of them have it, or are too slow. A watcher costs no task, no timer and no connection to
//! the database: who they are is looked at by the node's own keeper, as soon as something about it has changed.

mod channel;
mod clearance;
mod keep;
mod notice;
mod open;
pub(crate) mod place;
mod ports;
mod reader;
mod streams;
mod watcher;

pub use channel::Frame;
pub use notice::StreamNotice;
pub use open::open;
pub use place::StreamPlace;
pub use ports::{Heard, KeptNotice, StreamEvents};
pub use streams::{Streams, forget};
pub use watcher::{StreamMessage, Watcher};
