use rollcall_domain::{
    CallId,
    calls::{Redactions, Transcript, TranscriptSegment},
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// What was said in a call.
#[derive(Serialize, ToSchema)]
#[schema(as = Transcript)]
pub(in crate::v1) struct TranscriptObject {
    #[schema(value_type = String, example = "call_01h455vb4pex5vsknk084sn02q")]
    call_id: CallId,
    /// In the order in which they were begun.
    segments: Vec<SegmentObject>,
    /// How many were masked of each kind; null if PHI protection was off when it was stored, and it is kept as it came.
    redactions: Option<RedactionsObject>,
    /// When it was stored.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:09:06Z", value_type = String)]
    stored_at: OffsetDateTime,
}

/// What one speaker said without a break.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TranscriptSegment)]
pub(super) struct SegmentObject {
    /// Who spoke, 1 to 100 characters.
    #[schema(example = "caller")]
    pub(super) speaker: String,
    /// When it begins, in milliseconds since the call began.
    #[schema(example = 1200)]
    pub(super) start_ms: u64,
    /// When it ends; at most seven days.
    #[schema(example = 3400)]
    pub(super) end_ms: u64,
    /// What was said.
    #[schema(example = "you can reach me at [phone]")]
    pub(super) text: String,
}

/// How many were masked.
#[derive(Serialize, ToSchema)]
#[schema(as = Redactions)]
pub(super) struct RedactionsObject {
    /// Telephone numbers.
    #[schema(example = 1)]
    phone: u64,
    /// E-mail addresses.
    #[schema(example = 0)]
    email: u64,
    /// Payment card numbers.
    #[schema(example = 0)]
    card: u64,
}

impl From<TranscriptSegment> for SegmentObject {
    fn from(segment: TranscriptSegment) -> Self {
        Self {
            speaker: segment.speaker().to_string(),
            start_ms: segment.start_ms(),
            end_ms: segment.end_ms(),
            text: segment.text().to_owned(),
        }
    }
}

impl TranscriptObject {
    /// The transcript of a call.
    pub(in crate::v1) fn of(call_id: CallId, transcript: Transcript) -> Self {
        let masked = |Redactions { phone, email, card }| RedactionsObject { phone, email, card };
        Self {
            call_id,
            segments: transcript.segments.into_iter().map(SegmentObject::from).collect(),
            redactions: transcript.redactions.map(masked),
            stored_at: transcript.stored_at,
        }
    }
}
