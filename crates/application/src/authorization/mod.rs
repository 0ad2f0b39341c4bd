//! Answers to "may I?", for callers that ask before they act.

mod check;

pub use check::{Answer, Reason, check};
