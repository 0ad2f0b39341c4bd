//! Calls: writing them down, what was said in them, the keys for their media, and letting people in.

mod create;
mod grant_live;
mod list;
mod made_as;
mod masking;
mod media_key;
mod ports;
mod preview_redaction;
mod show;
mod show_transcript;
mod store_transcript;
mod update;

pub use create::{CreatedCall, create};
pub use grant_live::{LiveGrant, grant_live};
pub use list::list;
pub use made_as::MadeAs;
pub use masking::{Masking, mask_told};
pub(crate) use masking::{identify, masked_text};
pub use media_key::{BaseKey, IssuedMediaKey, issue_media_key, rotate_media_key};
pub use ports::{
    CallFilter, CallKey, Calls, CallsView, KeptMediaKeys, MediaKeyHolder, MediaKeyring, MediaKeyringView,
    Transcripts, TranscriptsView,
};
pub use preview_redaction::preview_redaction;
pub use rollcall_redaction::{Finding, Redacted};
pub use show::show;
pub use show_transcript::show_transcript;
pub use store_transcript::{Stored, store_transcript};
pub use update::{Command as Update, update};
