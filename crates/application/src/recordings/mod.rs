//! Recordings of calls: taking them in, playing them, and leaving nothing of those that are deleted.
//!
//! Their audio lies as sealed segments in an [object store](Objects), which is not to be trusted: [`seal`] says how. What opens it, and
//! what belongs to it, is in the database, and only what has a row there is a recording. Rows come first and go first: a segment
//! without one is rubbish, and is removed.

mod give_up;
mod keep;
mod keys;
mod list;
pub(crate) mod manifest;
mod orphans;
mod play;
mod ports;
mod progress;
mod remove;
mod rules;
pub(crate) mod seal;
mod storing;
mod tidy;
mod transfers;
mod upload;
mod whole;

pub use give_up::give_up;
pub(crate) use list::page;
pub use orphans::{Orphan, Orphans, find_orphans, remove_orphan};
pub use play::{Playable, Playing, find};
pub use ports::{
    FinishedUpload, Footprint, KeptRecording, KeptUpload, Objects, ObjectsError, Recordings, RecordingsView,
    Remains, SegmentPath, Uploads,
};
pub use progress::progress;
pub use remove::remove;
pub use seal::SegmentName;
pub use tidy::{clean_some, retain_some};
pub use transfers::Transfers;
pub use upload::{Command as Take, Upload, UploadExtent, UploadOutcome, UploadState, begin};
