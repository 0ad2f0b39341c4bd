//! What is written down about every change.

mod calls;
mod line;
mod ports;
mod record;
mod report;

pub use calls::{ApiCalls, Call, write_down_calls};
pub use line::Line;
pub use ports::{AuditIntake, AuditView, EventKey, KeptEvent, OwnEvent, OwnEvents, Position};
pub use record::{Entry, Record};
pub use report::{Taken, report};
