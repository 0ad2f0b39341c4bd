//! Escalations: calls that wait for a human agent, in a queue by priority and then by how long they have waited.
//!
//! Whoever takes one holds a lease on it. One that runs out, or is given back, puts the call back in its old place.

mod settings;
mod terms;
mod waiting;

pub use settings::{InvalidSettings, Settings};
pub use terms::{InvalidPriority, Priority, Status, UnknownStatus};
pub use waiting::{Escalation, EscalationRefusal, Hold};

use crate::Text;

/// Why a call needs a human, in the platform's words: 1 to 500 characters.
pub type Reason = Text<500>;
