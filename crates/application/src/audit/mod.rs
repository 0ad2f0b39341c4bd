//! What is written down about every change.

mod ports;
mod record;

pub use ports::{AuditView, EventKey, KeptEvent, OwnEvent, OwnEvents, Position};
pub use record::{Entry, Record};
