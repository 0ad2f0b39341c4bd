//! How many recordings come in at a time, and how many go out.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use rollcall_domain::OrganizationId;
use time::{Duration, OffsetDateTime};

use crate::{Error, ErrorChain, Limit};

/// How long a transfer goes on without it being decided anew whether it may.
const DECIDED_EVERY: Duration = Duration::seconds(5);
/// When it is worth trying again, where an organization has as many as it may have.
const AGAIN: Duration = Duration::seconds(5);

/// The uploads and downloads that run on this node. Each holds up to two megabytes and a connection, so there are only so many of
/// either, and only so many of one organization: nobody takes the places of all others. Uploads may be as slow as what is said,
/// and are counted apart: they keep nobody from hearing what is there. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Transfers {
    most: usize,
    of_one: usize,
    grace: Duration,
    running: Arc<[Mutex<Running>; 2]>,
}

/// In which direction a recording goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TransferDirection {
    /// It is uploaded.
    In,
    /// It is played.
    Out,
}

#[derive(Debug, Default)]
struct Running {
    all: usize,
    by_organization: HashMap<OrganizationId, usize>,
}

/// One that runs, until this is dropped.
#[derive(Debug)]
pub(super) struct Transfer {
    transfers: Transfers,
    direction: TransferDirection,
    organization: OrganizationId,
    /// When it was decided that it may.
    decided_at: OffsetDateTime,
    /// When that was asked, whether or not there was an answer.
    asked_at: OffsetDateTime,
}

impl Transfers {
    /// At most so many uploads at a time and as many downloads, and so many of either of one organization. Each goes on for `grace`
    /// while nobody can be asked whether it may.
    pub fn new(most: usize, of_one: usize, grace: Duration) -> Self {
        Self { most, of_one, grace, running: Arc::default() }
    }

    /// One more, that somebody may begin as of `now`.
    ///
    /// # Errors
    /// [`Error::LimitReached`] when the organization has as many as it may have, and [`Error::Busy`] when this node has.
    pub(super) fn begin(
        &self,
        direction: TransferDirection,
        organization: OrganizationId,
        now: OffsetDateTime,
    ) -> Result<Transfer, Error> {
        let mut running = self.running[direction as usize].lock().unwrap_or_else(PoisonError::into_inner);
        let own = running.by_organization.get(&organization).copied().unwrap_or_default();
        // What is its own doing it is told, whoever else is there.
        if own >= self.of_one {
            return Err(Error::LimitReached { limit: direction.limit(self.of_one), retry_after: AGAIN });
        }
        if running.all >= self.most {
            return Err(Error::Busy);
        }
        running.all += 1;
        running.by_organization.insert(organization, own + 1);
        Ok(Transfer { transfers: self.clone(), direction, organization, decided_at: now, asked_at: now })
    }
}

impl TransferDirection {
    fn limit(self, of_one: usize) -> Limit {
        let (name, what) = match self {
            Self::In => ("recording_uploads", "uploads of recordings of the organization at the same time"),
            Self::Out => {
                ("recording_downloads", "downloads of recordings of the organization at the same time")
            }
        };
        Limit { name, what, quota: u32::try_from(of_one).unwrap_or(u32::MAX), window: AGAIN }
    }
}

impl Transfer {
    /// Whether it has gone on for long enough to decide anew whether it may; also when the clock was set back.
    pub(super) fn is_to_be_decided(&self, now: OffsetDateTime) -> bool {
        (now - self.asked_at).abs() >= DECIDED_EVERY
    }

    /// It may, as of now.
    pub(super) fn decided(&mut self, now: OffsetDateTime) {
        (self.decided_at, self.asked_at) = (now, now);
    }

    /// What has come of asking the database. One that does not answer for a moment, as it restarts, ends nothing: what might go on a
    /// while ago goes on, and it is asked again.
    pub(super) fn bridge(&mut self, asked: Result<(), Error>, now: OffsetDateTime) -> Result<(), Error> {
        match asked {
            Err(Error::Unavailable(error)) if (now - self.decided_at).abs() < self.transfers.grace => {
                tracing::warn!(
                    error = %ErrorChain(error.as_ref()),
                    organization = %self.organization,
                    "a transfer goes on without having been decided anew"
                );
                self.asked_at = now;
                Ok(())
            }
            asked => asked,
        }
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        let mut running =
            self.transfers.running[self.direction as usize].lock().unwrap_or_else(PoisonError::into_inner);
        running.all = running.all.saturating_sub(1);
        match running.by_organization.get_mut(&self.organization) {
            Some(own) if *own > 1 => *own -= 1,
            Some(_) | None => {
                running.by_organization.remove(&self.organization);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::NOW;

    const GRACE: Duration = Duration::seconds(30);

    fn organization(number: u8) -> OrganizationId {
        OrganizationId::from_parts(0, &[number; 10])
    }

    #[test]
    fn attack_35_a_node_has_only_so_many_transfers_and_an_organization_fewer() {
        let transfers = Transfers::new(3, 2, GRACE);
        let begin = |number| transfers.begin(TransferDirection::Out, organization(number), NOW);
        let first = begin(1).expect("room");
        let _second = begin(1).expect("room");
        let refused = begin(1).map(drop);
        assert!(
            matches!(&refused, Err(Error::LimitReached { limit, .. }) if limit.quota == 2),
            "{refused:?}"
        );
        let third = begin(2).expect("room");
        // There is none on the node, and whose doing that is says who hears of it.
        assert!(matches!(begin(2), Err(Error::Busy)));
        assert!(matches!(begin(1), Err(Error::LimitReached { .. })));
        drop(first);
        let fourth = begin(2);
        assert!(fourth.is_ok());
        drop((third, fourth));
        assert!(begin(1).is_ok());
    }

    #[test]
    fn attack_35_uploads_that_dawdle_take_no_place_of_whoever_listens() {
        let transfers = Transfers::new(2, 2, GRACE);
        let begin = |direction| transfers.begin(direction, organization(1), NOW);
        let _slow = [(); 2].map(|()| begin(TransferDirection::In).expect("room"));
        assert!(matches!(begin(TransferDirection::In), Err(Error::LimitReached { .. })));
        let _heard = [(); 2].map(|()| begin(TransferDirection::Out).expect("room"));
        assert!(matches!(begin(TransferDirection::Out), Err(Error::LimitReached { .. })));
    }

    #[test]
    fn attack_9_it_is_decided_anew_every_five_seconds_whichever_way_the_clock_goes() {
        let transfers = Transfers::new(1, 1, GRACE);
        let mut transfer = transfers.begin(TransferDirection::In, organization(1), NOW).expect("room");
        let after = |seconds| NOW + Duration::seconds(seconds);
        assert!(!transfer.is_to_be_decided(after(4)));
        assert!(transfer.is_to_be_decided(after(5)));
        transfer.decided(after(5));
        assert!(!transfer.is_to_be_decided(after(9)));
        assert!(transfer.is_to_be_decided(after(10)));
        assert!(transfer.is_to_be_decided(after(-3600)));
    }

    #[test]
    fn attack_9_whoever_cannot_be_asked_about_goes_on_for_a_while_and_no_longer() {
        let transfers = Transfers::new(1, 1, GRACE);
        let mut transfer = transfers.begin(TransferDirection::Out, organization(1), NOW).expect("room");
        let after = |seconds| NOW + Duration::seconds(seconds);
        let unavailable = || Err(Error::Unavailable("it restarts".into()));
        transfer.decided(after(5));
        for seconds in [10, 15, 34] {
            assert!(transfer.is_to_be_decided(after(seconds)));
            assert!(transfer.bridge(unavailable(), after(seconds)).is_ok(), "{seconds}");
            // Nor is it asked all the time.
            assert!(!transfer.is_to_be_decided(after(seconds + 4)));
        }
        // It has not been decided since, however often it was asked.
        assert!(matches!(transfer.bridge(unavailable(), after(35)), Err(Error::Unavailable(_))));
        assert!(transfer.bridge(unavailable(), after(-3600)).is_err(), "the clock was set back");
        // An answer is one.
        for gone in [Error::Unauthenticated, Error::NotFound, Error::OrganizationSuspended] {
            assert!(transfer.bridge(Err(gone), after(6)).is_err());
        }
        transfer.decided(after(35));
        assert!(transfer.bridge(unavailable(), after(64)).is_ok());
        let mut strict = Transfers::new(1, 1, Duration::ZERO)
            .begin(TransferDirection::Out, organization(1), NOW)
            .expect("room");
        assert!(strict.bridge(unavailable(), NOW).is_err());
    }
}
