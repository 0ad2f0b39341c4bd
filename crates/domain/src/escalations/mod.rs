//! Escalations: calls that wait for a human agent, in a queue by priority and then by how long they have waited.
//!
//! Whoever takes one holds a lease on it. One that runs out, or is given back, puts the call back in its old place.

mod escalation;
mod settings;
mod terms;

pub use escalation::{Escalation, EscalationRefusal, Hold};
pub use settings::{EscalationSettings, InvalidEscalationSettings};
pub use terms::{EscalationStatus, InvalidPriority, Priority, UnknownEscalationStatus};

use crate::Text;

/// Why a call needs a human, in the platform's words: 1 to 500 characters.
pub type EscalationReason = Text<500>;
