//! The audio of calls: what kinds of it are taken, and who may hear it.

mod media;
mod playback;

pub use media::MediaType;
pub use playback::{Hearing, NotHeard, PlaybackReason, hearing};

use time::OffsetDateTime;

use crate::id::{CallId, RecordingId};

/// The audio of a call, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Names the recording. Another recording of the same call has another name, so it says which bytes there are too.
    pub id: RecordingId,
    /// The call.
    pub call: CallId,
    /// What kind of audio it is.
    pub media: MediaType,
    /// How many bytes of audio, before they are sealed.
    pub length: u64,
    /// The SHA-256 of all of them.
    pub sha256: [u8; 32],
    /// Since when it is kept whole: the plan's time counts from then.
    pub kept_at: OffsetDateTime,
}
