//! What is written down about every change.

mod record;

pub use record::{Entry, Record};
