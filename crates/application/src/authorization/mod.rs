//! Answers to "may I?", for callers that ask before they act, and to "may they?", for services beside Rollcall.

mod check;
mod evaluate;
mod keep_out;
mod turn_away;

pub use check::{DenialReason, PermissionAnswer, check};
pub use evaluate::{Question, Subject, evaluate};
pub use keep_out::keep_out;
pub use turn_away::{Needed, turn_away};
