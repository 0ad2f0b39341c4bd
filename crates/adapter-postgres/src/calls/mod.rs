//! Calls.

mod log;
mod media_keys;
mod transcripts;
