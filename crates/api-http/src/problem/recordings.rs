//! What is wrong with a recording, or with an upload.

use rollcall_application::Error;
use rollcall_domain::Permission;

use super::{Code, Problem};

impl Problem {
    /// The problem that an error about recordings is.
    pub(super) fn of_recording(error: &Error) -> Self {
        match error {
            Error::CallRecordingDisabled => Self::plain(Code::CallRecordingDisabled),
            Error::MediaKeyRequired => Self::plain(Code::MediaKeyRequired),
            Error::PhiProtected => {
                let detail = "While PHI protection is on, only Owners and Admins hear recordings, as sound cannot be masked.";
                let mut problem = Self::new(Code::PermissionDenied, detail);
                problem.0.required_permission = Some(Permission::RecordingsRead);
                problem
            }
            Error::RecordingTooLarge { limit } => {
                Self::new(Code::BodyTooLarge, format!("A recording has at most {limit} bytes."))
            }
            Error::NotAudio => Self::new(
                Code::UnsupportedMediaType,
                "This is no audio of a kind that is taken: wav, ogg with Opus, mp3 or webm. What it is is told by its content.",
            ),
            Error::OtherAudio { is } => Self::new(
                Code::UnsupportedMediaType,
                format!("By its content this is {is}, and not what Content-Type says."),
            ),
            Error::DigestMismatch => Self::plain(Code::DigestMismatch),
            Error::UploadOffset { received } => {
                let mut problem = Self::new(
                    Code::UploadOffsetMismatch,
                    format!("{received} bytes are kept; the next part begins there."),
                );
                problem.0.upload_offset = Some(*received);
                problem
            }
            Error::UploadBrokenOff => Self::new(Code::BadRequest, "The body could not be read to its end."),
            Error::UploadSuperseded => Self::plain(Code::UploadSuperseded),
            Error::RecordingExists => Self::plain(Code::RecordingExists),
            Error::RecordingDamaged => Self::plain(Code::RecordingDamaged),
            // Only errors about recordings are shown to this function.
            _ => Self::plain(Code::Internal),
        }
    }
}
