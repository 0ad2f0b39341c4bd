//! What is written down about every change, and the order it gets.

mod api_calls;
mod checkpoint;
mod checkpoints;
mod export;
mod line;
mod log;
mod ports;
mod prove;
mod readings;
mod record;
mod report;
mod retain;
mod search;
mod sequence;
mod sequencer;
pub mod witness;

pub use api_calls::{ApiCall, ApiCalls, write_down_calls};
pub use checkpoint::{Inconsistent, checkpoint, newest_checkpoint};
pub use checkpoints::{Checkpoints, KeptCheckpoint, Notary, PlacedEvent, Signing, TreeView, name_of};
pub use export::{Entry as Exported, LogExport, Part, Whole, export, permit_export, whole};
pub use line::Line;
pub use log::{Extent, LogView, LoggedChange, LoggedEvent, Looked, Sketches, UnreadableLeaf};
pub use ports::{AuditIntake, AuditView, EventKey, KeptEvent, OwnEvent, OwnEvents, Position};
pub use prove::{Consistency, Inclusion, prove_consistency, prove_inclusion};
pub use readings::Readings;
pub(crate) use readings::{Attempt, record_refusal_once, refusals_recorded_once};
pub use record::{Entry, Record};
pub use report::{Taken, report};
pub use retain::{Kept, Retention, WITHOUT_PERSONS, retain_some};
pub use rollcall_audit_proof::{Hash, Tile, TileId, export::base64};
pub use search::{search, show};
pub use sequence::{
    AT_ONCE, BrokenTree, Sequenced, Sequencing, UNOFFERED_KEPT, catch_up, forget_unoffered, sequence,
};
pub use sequencer::{Growth, KeptTree, Log, Of, Placed, QueueState, Round, Sequencer, Shard, Turn, Waiting};
