//! Calls that wait for a human: the queue on the live board, and taking, keeping and giving back what is in it.

mod act;
mod callbacks;
mod lease;
mod queue;
mod settings;

pub(crate) use act::{next, submit};
pub(crate) use callbacks::{PATH as CALLBACKS, show as show_callbacks};
pub(crate) use lease::forget_lost_leases;
pub(crate) use queue::{Queue, queue};
pub(crate) use settings::{show as show_settings, submit as submit_settings};
