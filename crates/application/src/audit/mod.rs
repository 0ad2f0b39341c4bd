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
mod sketch;
mod walk;
mod whole;
pub mod witness;

pub use api_calls::{ApiCall, ApiCalls, write_down_calls};
pub use checkpoint::{Inconsistent, checkpoint, newest_checkpoint};
pub use checkpoints::{Checkpoints, KeptCheckpoint, Notary, PlacedEvent, Signing, TreeView, name_of};
pub use export::{ExportEntry, LogExport, LogExportPart, export, permit_export};
pub use line::EventLine;
pub use log::{
    LikelyStretch, LogExtent, LogPage, LogView, LoggedChange, LoggedEvent, SketchAttempt, Sketches, Stretch,
    UnreadableLeaf,
};
pub use ports::{
    AuditIntake, AuditView, EventKey, KeptEvent, KeptLeaf, OwnEvent, OwnEvents, WrittenPosition,
};
pub use prove::{Consistency, Inclusion, prove_consistency, prove_inclusion};
pub use readings::Readings;
pub(crate) use readings::{ReadingAttempt, record_refusal_once, record_view, refusals_recorded_once};
pub use record::{Entry, Record};
pub use report::{TakenBatch, report};
pub use retain::{Retention, RetentionTimes, retain_some};
pub use rollcall_audit_proof::{Hash, Tile, TileId, export::base64};
pub use search::{search, show};
pub use sequence::{AT_ONCE, BrokenTree, Sequenced, Sequencing, catch_up, forget_unoffered, sequence};
pub use sequencer::{
    Growth, KeptTree, LockedTrees, Log, Placed, QueueState, QueuedEvent, Round, RoundScope, Sequencer, Shard,
    Turn,
};
pub use sketch::sketch_next;
pub use walk::is_overtaken;
pub use whole::{WholeLog, whole};
