//! Who is sent the checkpoints of an audit log.
//!
//! Whoever keeps them finds out when the log is not what it was, whoever has changed it.

mod ports;
mod remove;
mod send;
mod set;
mod show;

pub use ports::{DueWitnesses, KeptWitness, NewDelivery, NewWitness, Witnesses, WitnessesView};
pub use remove::remove;
pub use send::send_some;
pub use set::{WitnessChoice, set};
pub use show::{ShownWitness, show};

/// How many deliveries are shown.
const SHOWN: u16 = 30;
