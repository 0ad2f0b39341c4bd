//! Answers to "may I?", for callers that ask before they act.

mod check;
mod keep_out;

pub use check::{Answer, Reason, check};
pub use keep_out::keep_out;
