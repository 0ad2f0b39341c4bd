//! Who can take a call now: the availability of human agents.
//!
//! An agent's own choice beats whatever was decided automatically before it; busy follows from the calls they hold; and whoever is not
//! heard of for [`HEARTBEAT`] is gone.
//!
//! ```
//! use rollcall_domain::{UserId, availability::{Agent, AgentStatus, Choice, HEARTBEAT}};
//! use time::OffsetDateTime;
//!
//! let now = OffsetDateTime::UNIX_EPOCH;
//! let mut agent = Agent::new(UserId::from_parts(0, &[1; 10]), now);
//! agent.choose(Choice::Available, now);
//! assert_eq!(agent.status(0, now), AgentStatus::Available);
//! assert_eq!(agent.status(1, now), AgentStatus::Busy);
//! assert_eq!(agent.status(0, now + HEARTBEAT), AgentStatus::Offline);
//! ```

mod agent;
mod skills;
mod status;

pub use agent::{Agent, HEARTBEAT, StatusChange};
pub use skills::{InvalidSkills, Skills};
pub use status::{AgentStatus, Capacity, Cause, Choice, InvalidCapacity, UnknownAvailability};

use crate::Text;

/// What agents tell others about their status: 1 to 200 characters.
pub type StatusNote = Text<200>;
