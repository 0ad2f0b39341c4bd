//! Calls.

mod log;
