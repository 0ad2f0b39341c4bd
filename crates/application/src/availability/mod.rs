//! The availability of human agents: what they choose, what follows from the calls they hold, and what becomes of whoever is gone.

mod beat;
mod by;
mod desk;
mod history;
mod lapsed;
mod leave;
mod list;
mod manage;
mod ports;
mod set;
mod show;
mod tend;

#[cfg(test)]
mod tests;

pub use beat::beat;
pub(crate) use by::By;
pub(crate) use desk::Desk;
pub use history::{LONGEST, history};
pub use lapsed::Lapsed;
pub(crate) use leave::{empty, leave, signed_out};
pub use list::list;
pub use manage::{Command as Manage, manage};
pub use ports::{
    Availability, AvailabilityView, DueAgents, ListedAgent, Period, Pulse, QueueDepth, Spell, WaitingCalls,
};
pub use set::{Command as Set, set};
pub use show::show;
#[cfg(test)]
pub(crate) use tend::tend;
pub(crate) use tend::{Attempt, tend_and_retry};
pub use tend::{KEPT, sweep};
