//! What is written down about every change, and the order it gets.

mod calls;
mod line;
mod ports;
mod record;
mod report;
mod sequence;
mod sequencer;

pub use calls::{ApiCalls, Call, write_down_calls};
pub use line::Line;
pub use ports::{AuditIntake, AuditView, EventKey, KeptEvent, OwnEvent, OwnEvents, Position};
pub use record::{Entry, Record};
pub use report::{Taken, report};
pub use rollcall_audit_proof::{Hash, Tile, TileId};
pub use sequence::{
    AT_ONCE, BrokenTree, Sequenced, Sequencing, UNOFFERED_KEPT, catch_up, forget_unoffered, sequence,
};
pub use sequencer::{Growth, KeptTree, Log, Of, Placed, QueueState, Round, Sequencer, Shard, Turn, Waiting};
