//! What is written down about every change.

mod ports;
mod record;

pub use ports::{OwnEvent, OwnEvents, Position};
pub use record::{Entry, Record};
