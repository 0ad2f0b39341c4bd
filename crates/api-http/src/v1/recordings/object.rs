use rollcall_application::recordings::UploadState;
use rollcall_domain::{CallId, RecordingId, hexadecimal, recordings::Recording};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// The recording of a call.
#[derive(Serialize, ToSchema)]
#[schema(as = Recording)]
pub(in crate::v1) struct RecordingObject {
    #[schema(value_type = String, example = "rec_01h455vb4pex5vsknk084sn02q")]
    id: RecordingId,
    #[schema(value_type = String, example = "call_01h455vb4pex5vsknk084sn02q")]
    call_id: CallId,
    /// What kind of audio it is, as its content says.
    #[schema(example = "audio/wav")]
    media_type: &'static str,
    /// How many bytes.
    #[schema(example = 960_044)]
    length: u64,
    /// The digest of all of them, in hexadecimal digits.
    #[schema(example = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    sha256: String,
    /// Since when it is kept.
    #[serde(with = "time::serde::rfc3339")]
    kept_at: OffsetDateTime,
}

impl From<&Recording> for RecordingObject {
    fn from(recording: &Recording) -> Self {
        Self {
            id: recording.id,
            call_id: recording.call,
            media_type: recording.media.as_str(),
            length: recording.length,
            sha256: hexadecimal(&recording.sha256),
            kept_at: recording.kept_at,
        }
    }
}

/// An upload that is not whole yet.
#[derive(Serialize, ToSchema)]
pub(super) struct UploadProgress {
    /// How many bytes are kept. The next part begins there.
    #[schema(example = 1_048_576)]
    received: u64,
    /// Until when it is waited for; null when nothing is kept.
    #[serde(with = "time::serde::rfc3339::option")]
    expires_at: Option<OffsetDateTime>,
}

impl From<UploadState> for UploadProgress {
    fn from(UploadState { received, expires_at }: UploadState) -> Self {
        Self { received, expires_at }
    }
}
