//! Masking what identifies somebody, on threads that may be slow.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rollcall_domain::{
    OrganizationId, Text,
    availability::Skills,
    calls::{Redactions, Speaker, TranscriptSegment},
    security::Control,
};
use rollcall_redaction as redaction;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

use crate::{Application, Error, Limit, ports::Scope};

/// The longest that a transcript waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many of one organization wait at most, beside those whose turn it is.
const WAITING: usize = 16;
/// When it is worth trying again, where an organization has as many as it may have.
const AGAIN: time::Duration = time::Duration::seconds(5);

/// The transcripts that are masked on this node: no more at a time than there are cores, so that long ones neither take the threads that
/// hash passwords nor hold more than one copy for each core. At most half of the places are one organization's, and its others
/// wait among themselves: nobody waits behind more of another's than that. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Masking {
    places: Arc<Semaphore>,
    of_one: usize,
    patience: Duration,
    organizations: Arc<Mutex<HashMap<OrganizationId, Own>>>,
}

/// What one organization has here.
#[derive(Debug)]
struct Own {
    places: Arc<Semaphore>,
    /// How many have a place or wait for one.
    claims: usize,
}

/// A transcript of an organization that has a place or waits for one, until this is dropped.
struct Claim {
    masking: Masking,
    organization: OrganizationId,
    places: Arc<Semaphore>,
}

/// A turn, until this is dropped.
struct Turn {
    _own: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
    _claim: Claim,
}

impl Default for Masking {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self::at_most(cores, (cores / 2).max(1), PATIENCE)
    }
}

impl Masking {
    /// At most so many at a time, and so many of one organization; others wait for so long.
    fn at_most(most: usize, of_one: usize, patience: Duration) -> Self {
        Self { places: Arc::new(Semaphore::new(most)), of_one, patience, organizations: Arc::default() }
    }

    async fn apart<T: Send + 'static>(
        &self,
        organization: OrganizationId,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let turn = self.turn(organization).await?;
        let work = tokio::task::spawn_blocking(move || {
            // Held until it is done, also when nobody waits for it any more.
            let _turn = turn;
            work()
        });
        work.await.map_err(|error| Error::Internal(Box::new(error)))
    }

    /// Waits for a turn: first for one of the organization's own places, then for one of the node's. So there are never more of one
    /// organization before whoever waits for the node than it has places.
    async fn turn(&self, organization: OrganizationId) -> Result<Turn, Error> {
        let until = Instant::now() + self.patience;
        let claim = self.claim(organization)?;
        // The semaphores are never closed, so errors can only be time-outs.
        let own = timeout_at(until, Arc::clone(&claim.places).acquire_owned()).await;
        let Ok(Ok(own)) = own else { return Err(self.too_many()) };
        let place = timeout_at(until, Arc::clone(&self.places).acquire_owned()).await;
        let Ok(Ok(place)) = place else { return Err(Error::Busy) };
        Ok(Turn { _own: own, _place: place, _claim: claim })
    }

    fn claim(&self, organization: OrganizationId) -> Result<Claim, Error> {
        let mut organizations = self.organizations.lock().unwrap_or_else(PoisonError::into_inner);
        let own = organizations
            .entry(organization)
            .or_insert_with(|| Own { places: Arc::new(Semaphore::new(self.of_one)), claims: 0 });
        if own.claims >= self.of_one + WAITING {
            return Err(self.too_many());
        }
        own.claims += 1;
        Ok(Claim { masking: self.clone(), organization, places: Arc::clone(&own.places) })
    }

    fn too_many(&self) -> Error {
        let what = "transcripts and previews of the organization that are masked or wait for it";
        let quota = u32::try_from(self.of_one + WAITING).unwrap_or(u32::MAX);
        Error::LimitReached {
            limit: Limit { name: "masking", what, quota, window: AGAIN },
            retry_after: AGAIN,
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut organizations = self.masking.organizations.lock().unwrap_or_else(PoisonError::into_inner);
        match organizations.get_mut(&self.organization) {
            Some(own) if own.claims > 1 => own.claims -= 1,
            Some(_) | None => {
                organizations.remove(&self.organization);
            }
        }
    }
}

/// The segments with masks, and how many of each kind. Speakers may be called by their numbers, so they are masked as well.
pub(super) async fn masked(
    masking: &Masking,
    organization: OrganizationId,
    segments: Vec<TranscriptSegment>,
) -> Result<(Vec<TranscriptSegment>, Redactions), Error> {
    let masked = masking.apart(organization, move || {
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
    short.parse().unwrap_or_else(|_| TranscriptSegment::somebody())
}

/// A text with masks, and where they are.
pub(super) async fn previewed(
    masking: &Masking,
    organization: OrganizationId,
    text: String,
) -> Result<redaction::Redacted, Error> {
    masking.apart(organization, move || redaction::redact(&text)).await
}

/// A short text with masks over what identifies somebody. It is done in less time than a turn would take, so it waits for none. A
/// mask may be longer than what it hides.
pub(crate) fn masked_text<const MAX: usize>(text: &Text<MAX>) -> Result<Text<MAX>, Error> {
    const { assert!(MAX <= 500, "a longer text waits for its turn") };
    let masked = redaction::redact(text.as_str());
    let short: String = masked.text.chars().take(MAX).collect();
    short.parse().map_err(|error| Error::Internal(Box::new(error)))
}

/// Puts masks over what identifies somebody in texts that were told once and are told again, if the organization protects PHI by now. Says
/// whether that has changed anything.
///
/// # Errors
/// Whatever the database says.
pub async fn mask_told(
    app: &Application,
    organization: OrganizationId,
    told: Vec<&mut String>,
) -> Result<bool, Error> {
    let mut view = app.store.view(Scope::Organization(organization)).await?;
    let controls = view.controls(organization).await?;
    if !controls.iter().any(|kept| kept.control == Control::PhiProtection && kept.enabled) {
        return Ok(false);
    }
    let mut changed = false;
    for text in told {
        let masked = redaction::redact(text);
        if !masked.findings.is_empty() {
            *text = masked.text;
            changed = true;
        }
    }
    Ok(changed)
}

/// Whether one of these skills holds what would be masked. They are few and short, so this waits for no turn either.
pub(crate) fn identify(skills: &Skills) -> bool {
    skills.names().iter().any(|name| !redaction::redact(name).findings.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn attack_30_numbers_are_masked_across_segments_and_in_what_speakers_are_called() {
        let segment = |speaker: &str, text: &str| {
            TranscriptSegment::new(speaker.parse().expect("a speaker"), 0, 1, text.to_owned())
                .expect("a segment")
        };
        let said = vec![
            segment("+1 415 555 0100", "it's four one five five five five"),
            segment("agent", "mm-hm"),
            segment("+1 415 555 0100", "oh one three two"),
        ];
        let (masked, redactions) = masked(&Masking::default(), organization(1), said).await.expect("masked");
        let told: Vec<_> =
            masked.iter().map(|segment| (segment.speaker().as_str(), segment.text())).collect();
        assert_eq!(told, [("[phone]", "it's [phone]"), ("agent", "mm-hm"), ("[phone]", "[phone]")]);
        assert_eq!(redactions, Redactions { phone: 2, email: 0, card: 0 });
    }

    fn organization(number: u8) -> OrganizationId {
        OrganizationId::from_parts(0, &[number; 10])
    }

    /// Masks something of an organization, which takes until the sender is dropped.
    fn slow(
        masking: &Masking,
        number: u8,
    ) -> (std::sync::mpsc::Sender<()>, tokio::task::JoinHandle<Result<(), Error>>) {
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let masking = masking.clone();
        let task = async move {
            let work = move || {
                let _dropped = wait.recv();
            };
            masking.apart(organization(number), work).await
        };
        (done, tokio::spawn(task))
    }

    #[tokio::test]
    async fn attack_35_one_organization_takes_half_of_the_places_and_its_others_wait_behind_each_other() {
        let masking = Masking::at_most(2, 1, PATIENCE);
        // One that is masked, and as many as may wait.
        let slow: Vec<_> = (0..=WAITING).map(|_| slow(&masking, 1)).collect();
        while masking
            .organizations
            .lock()
            .expect("no panic")
            .get(&organization(1))
            .map_or(0, |own| own.claims)
            <= WAITING
        {
            tokio::task::yield_now().await;
        }
        let refused = masking.apart(organization(1), || ()).await;
        assert!(
            matches!(&refused, Err(Error::LimitReached { limit, .. }) if limit.name == "masking"),
            "{refused:?}"
        );
        // Nobody else waits for them.
        assert!(masking.apart(organization(2), || ()).await.is_ok());
        let (ends, tasks): (Vec<_>, Vec<_>) = slow.into_iter().unzip();
        drop(ends);
        for task in tasks {
            assert!(task.await.expect("no panic").is_ok());
        }
        assert!(masking.organizations.lock().expect("no panic").is_empty());
    }

    #[tokio::test]
    async fn attack_35_whoever_waits_too_long_hears_whose_doing_it_is() {
        let masking = Masking::at_most(1, 1, Duration::ZERO);
        let held = masking.turn(organization(1)).await.expect("a turn");
        assert!(matches!(masking.turn(organization(1)).await, Err(Error::LimitReached { .. })));
        assert!(matches!(masking.turn(organization(2)).await, Err(Error::Busy)));
        drop(held);
        assert!(masking.turn(organization(1)).await.is_ok());
        assert!(masking.organizations.lock().expect("no panic").is_empty());
    }

    #[test]
    fn a_mask_that_is_longer_than_what_it_hides_makes_no_text_too_long() {
        let text: Text<20> = "five it is a@b.co a".parse().expect("a text");
        assert_eq!(
            masked_text(&text).map(|text| text.as_str().to_owned()).ok().as_deref(),
            Some("five it is [email] a")
        );
        let text: Text<9> = "is a@b.co".parse().expect("a text");
        assert_eq!(
            masked_text(&text).map(|text| text.as_str().to_owned()).ok().as_deref(),
            Some("is [email")
        );
    }
}
