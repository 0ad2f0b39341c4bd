//! Joins the rooms, nothing else. The binary `rollcall` is a thin shell around this crate; tests start the
//! same [`Server`] inside their own process, with a clock they can move.

mod application;
mod audit;
mod billing;
mod console;
mod database;
mod http;
mod keys;
mod log_lines;
mod logging;
mod operator;
mod orphans;
mod ports;
mod readiness;
mod recordings;
mod reference;
mod rotation;
mod server;
mod settings;
mod stalled;
mod telemetry;
mod values;
mod version;
mod visit;
mod workers;

pub use audit::{AuditError, Checked, Known, check_logs, newest_checkpoint, verify_export};
pub use billing::OnAccount;
pub use database::{Database, DatabaseError, Reservation};
pub use log_lines::Flusher;
pub use logging::{InvalidLogging, start_logging};
pub use operator::{OperatorError, reset_mfa, restore, set_plan};
pub use orphans::{Fate, OrphansError, find_orphans};
pub use ports::{Ports, SystemClock, SystemEntropy};
pub use readiness::{Unready, ready};
pub use reference::reference;
pub use rollcall_audit_proof::{Failure, Progress, Verified};
pub use rollcall_web_console::paths as console_paths;
pub use rotation::{RingInUse, RotationError, ring_in_use, rotate_keys};
pub use server::{Server, StartError};
pub use settings::{Finding, InvalidSettings, Profile, Settings, Weight};
pub use telemetry::Traces;
pub use version::version;
pub use visit::VisitError;
