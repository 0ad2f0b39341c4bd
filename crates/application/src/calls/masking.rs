//! Masking what identifies somebody, on threads that may be slow.

use std::{collections::HashMap, sync::Arc, time::Duration};

use rollcall_domain::{
    Text,
    availability::Skills,
    calls::{Redactions, Segment, Speaker},
};
use rollcall_redaction as redaction;
use tokio::sync::Semaphore;

use crate::{Application, Error};

/// The longest that a transcript waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many transcripts are masked at a time: no more than there are cores, so that long ones neither take the threads that
/// hash passwords nor hold more than one copy for each core.
#[derive(Debug, Clone)]
pub struct Masking(Arc<Semaphore>);

impl Default for Masking {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Semaphore::new(cores)))
    }
}

impl Masking {
    async fn apart<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.0).acquire_owned());
        // The semaphore is never closed, so an error can only be the time-out.
        let Ok(Ok(turn)) = turn.await else { return Err(Error::Busy) };
        let work = tokio::task::spawn_blocking(move || {
            // Held until it is done, also when nobody waits for it any more.
            let _turn = turn;
            work()
        });
        work.await.map_err(|error| Error::Internal(Box::new(error)))
    }
}

/// The segments with masks, and how many of each kind. Speakers may be called by their numbers, so they are masked as well.
pub(super) async fn masked(
    masking: &Masking,
    segments: Vec<Segment>,
) -> Result<(Vec<Segment>, Redactions), Error> {
    let masked = masking.apart(move || {
        let spoken: Vec<_> = segments
            .iter()
            .map(|segment| redaction::Segment { speaker: segment.speaker().as_str(), text: segment.text() })
            .collect();
        let (texts, counts) = redaction::redact_segments(&spoken);
        let mut redactions = Redactions { phone: counts.phone, email: counts.email, card: counts.card };
        let mut speakers: HashMap<Speaker, Speaker> = HashMap::new();
        let mut masked = Vec::with_capacity(segments.len());
        for (segment, redacted) in segments.into_iter().zip(texts) {
            let known = speakers.get(segment.speaker());
            let speaker = known.cloned().unwrap_or_else(|| called(segment.speaker(), &mut redactions));
            speakers.insert(segment.speaker().clone(), speaker.clone());
            masked.push(segment.masked(speaker, redacted.text));
        }
        (masked, redactions)
    });
    masked.await
}

/// What a speaker is called, without what identifies them.
fn called(speaker: &Speaker, redactions: &mut Redactions) -> Speaker {
    let redacted = redaction::redact(speaker.as_str());
    for finding in &redacted.findings {
        match finding.kind {
            redaction::Kind::Phone => redactions.phone += 1,
            redaction::Kind::Email => redactions.email += 1,
            redaction::Kind::Card => redactions.card += 1,
        }
    }
    // A mask may be longer than what it hides.
    let short: String = redacted.text.chars().take(100).collect();
    short.parse().unwrap_or_else(|_| Segment::somebody())
}

/// A text with masks, and where they are.
pub(super) async fn previewed(masking: &Masking, text: String) -> Result<redaction::Redacted, Error> {
    masking.apart(move || redaction::redact(&text)).await
}

/// A short text with masks over what identifies somebody. A mask may be longer than what it hides.
pub(crate) async fn masked_text<const MAX: usize>(
    app: &Application,
    text: &Text<MAX>,
) -> Result<Text<MAX>, Error> {
    let masked = previewed(&app.masking, text.as_str().to_owned()).await?;
    let short: String = masked.text.chars().take(MAX).collect();
    short.parse().map_err(|error| Error::Internal(Box::new(error)))
}

/// Whether one of these skills holds what would be masked.
pub(crate) async fn identify(app: &Application, skills: &Skills) -> Result<bool, Error> {
    let names = skills.names().to_vec();
    let found = move || names.iter().any(|name| !redaction::redact(name).findings.is_empty());
    app.masking.apart(found).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn attack_30_numbers_are_masked_across_segments_and_in_what_speakers_are_called() {
        let segment = |speaker: &str, text: &str| {
            Segment::new(speaker.parse().expect("a speaker"), 0, 1, text.to_owned()).expect("a segment")
        };
        let said = vec![
            segment("+1 415 555 0100", "it's four one five five five five"),
            segment("agent", "mm-hm"),
            segment("+1 415 555 0100", "oh one three two"),
        ];
        let (masked, redactions) = masked(&Masking::default(), said).await.expect("masked");
        let told: Vec<_> =
            masked.iter().map(|segment| (segment.speaker().as_str(), segment.text())).collect();
        assert_eq!(told, [("[phone]", "it's [phone]"), ("agent", "mm-hm"), ("[phone]", "[phone]")]);
        assert_eq!(redactions, Redactions { phone: 2, email: 0, card: 0 });
    }
}
