//! What was said in calls.

use async_trait::async_trait;
use rollcall_application::{
    ErrorChain, Page, PageRequest,
    calls::{Transcripts, TranscriptsView},
    ports::StoreError,
};
use rollcall_domain::{
    CallId, OrganizationId,
    calls::{Redactions, Transcript, TranscriptSegment},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    bounds::LEAST_ID,
    error::{corrupt, exactly_one, store_error},
    row::{count, moment, value},
    transaction::Transaction,
};

/// How many bytes of transcripts are read at a time, and one transcript more.
const PAGE_BYTES: i64 = 4 * 1024 * 1024;

/// A segment as it is kept.
#[derive(Serialize, Deserialize)]
struct KeptSegment {
    speaker: String,
    start_ms: u64,
    end_ms: u64,
    text: String,
}

impl TryFrom<KeptSegment> for TranscriptSegment {
    type Error = StoreError;

    fn try_from(kept: KeptSegment) -> Result<Self, StoreError> {
        Self::new(value(&kept.speaker)?, kept.start_ms, kept.end_ms, kept.text).map_err(corrupt)
    }
}

struct TranscriptRow {
    call_id: Uuid,
    segments: Value,
    phones: Option<i64>,
    emails: Option<i64>,
    cards: Option<i64>,
    stored_at: OffsetDateTime,
    version: i32,
}

impl TryFrom<TranscriptRow> for (CallId, Transcript) {
    type Error = StoreError;

    fn try_from(row: TranscriptRow) -> Result<Self, StoreError> {
        let kept: Vec<KeptSegment> =
            serde_json::from_value(row.segments).map_err(|error| corrupt(ErrorChain(&error)))?;
        let redactions = match (row.phones, row.emails, row.cards) {
            (Some(phone), Some(email), Some(card)) => {
                Some(Redactions { phone: count(phone)?, email: count(email)?, card: count(card)? })
            }
            _ => None,
        };
        let transcript = Transcript {
            segments: kept.into_iter().map(TranscriptSegment::try_from).collect::<Result<_, _>>()?,
            redactions,
            stored_at: moment(row.stored_at),
            version: row.version,
        };
        Ok((CallId::from_uuid(row.call_id), transcript))
    }
}

#[async_trait]
impl TranscriptsView for Transaction {
    async fn transcript_find(
        &mut self,
        organization: OrganizationId,
        call: CallId,
    ) -> Result<Option<Transcript>, StoreError> {
        let row = sqlx::query_as!(
            TranscriptRow,
            "SELECT call_id, segments, phones, emails, cards, stored_at, version FROM transcripts
              WHERE org_id = $1 AND call_id = $2",
            organization.uuid(),
            call.uuid()
        );
        let row = row.fetch_optional(self.connection()).await.map_err(store_error)?;
        Ok(row.map(<(CallId, Transcript)>::try_from).transpose()?.map(|(_, transcript)| transcript))
    }

    async fn transcripts_page(
        &mut self,
        organization: OrganizationId,
        page: &PageRequest<CallId>,
    ) -> Result<Page<(CallId, Transcript), CallId>, StoreError> {
        // Which ones, by their length alone; then what they say.
        let rows = sqlx::query_as!(
            TranscriptRow,
            "WITH next AS (
                 SELECT call_id, sum(bytes) OVER (ORDER BY call_id) - bytes AS before
                   FROM (SELECT call_id, bytes FROM transcripts WHERE org_id = $1 AND call_id > $2
                          ORDER BY call_id LIMIT $3) first)
             SELECT t.call_id, t.segments, t.phones, t.emails, t.cards, t.stored_at, t.version
               FROM next JOIN transcripts t ON t.org_id = $1 AND t.call_id = next.call_id
              WHERE next.before < $4::bigint
              ORDER BY t.call_id",
            organization.uuid(),
            page.after.map_or(LEAST_ID, |after| after.uuid()),
            i64::from(page.limit),
            PAGE_BYTES,
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        let entries: Vec<(CallId, Transcript)> =
            rows.into_iter().map(TryFrom::try_from).collect::<Result<_, _>>()?;
        // Whether more follow is not known; a page without any is the last one.
        let next = entries.last().map(|(call, _)| *call);
        Ok(Page { entries, next })
    }
}

#[async_trait]
impl Transcripts for Transaction {
    async fn transcript_version(
        &mut self,
        organization: OrganizationId,
        call: CallId,
    ) -> Result<Option<i32>, StoreError> {
        let version = sqlx::query_scalar!(
            "SELECT version FROM transcripts WHERE org_id = $1 AND call_id = $2",
            organization.uuid(),
            call.uuid()
        );
        version.fetch_optional(self.connection()).await.map_err(store_error)
    }

    async fn transcript_save(
        &mut self,
        organization: OrganizationId,
        call: CallId,
        transcript: &Transcript,
    ) -> Result<(), StoreError> {
        let kept: Vec<KeptSegment> = transcript
            .segments
            .iter()
            .map(|segment| KeptSegment {
                speaker: segment.speaker().to_string(),
                start_ms: segment.start_ms(),
                end_ms: segment.end_ms(),
                text: segment.text().to_owned(),
            })
            .collect();
        let bytes: usize = kept.iter().map(|segment| segment.speaker.len() + segment.text.len() + 64).sum();
        let number = |count: u64| i64::try_from(count).map_err(corrupt);
        let of = |pick: fn(&Redactions) -> u64| {
            transcript.redactions.as_ref().map(|redactions| number(pick(redactions))).transpose()
        };
        let save = sqlx::query!(
            "INSERT INTO transcripts (org_id, call_id, segments, bytes, phones, emails, cards, stored_at, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                 ON CONFLICT (org_id, call_id) DO UPDATE
                SET segments = EXCLUDED.segments, bytes = EXCLUDED.bytes, phones = EXCLUDED.phones, emails = EXCLUDED.emails,
                    cards = EXCLUDED.cards, stored_at = EXCLUDED.stored_at, version = EXCLUDED.version",
            organization.uuid(),
            call.uuid(),
            serde_json::to_value(kept).map_err(corrupt)?,
            i32::try_from(bytes).map_err(corrupt)?,
            of(|redactions| redactions.phone)?,
            of(|redactions| redactions.email)?,
            of(|redactions| redactions.card)?,
            transcript.stored_at,
            transcript.version,
        );
        exactly_one(save.execute(self.connection()).await)
    }
}
