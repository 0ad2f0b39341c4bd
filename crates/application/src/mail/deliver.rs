//! Sending what is queued: claimed under a lease, sent with no transaction open, tried again with patience.

use std::{iter, sync::Arc};

use time::Duration;
use tokio::task::JoinSet;

use super::{ClaimedMail, MailOutcome, Mailer, MailerError, Outbox, OutgoingMail};
use crate::{
    Error, ErrorChain,
    ports::{Clock, Entropy, StoreError},
    token,
};

/// Links in mails carry the bare token: nothing but its page takes it.
const LINK_PREFIX: &str = "";

/// How eagerly letters are sent.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How many letters are taken at a time.
    pub batch: u16,
    /// How long nobody else takes a letter that is being sent. Longer than sending can take.
    pub lease: Duration,
    /// The wait before the second attempt; it doubles with each further one.
    pub first_retry: Duration,
    /// The longest wait.
    pub longest_retry: Duration,
    /// How many attempts are made before a letter is given up.
    pub attempts: u16,
    /// How long letters are kept after they were sent. At least a day: the limits count them.
    pub kept: Duration,
}

impl Default for Pace {
    /// Tries for about two and a half days.
    fn default() -> Self {
        Self {
            batch: 10,
            lease: Duration::minutes(5),
            first_retry: Duration::seconds(5),
            longest_retry: Duration::minutes(30),
            attempts: 120,
            kept: Duration::days(7),
        }
    }
}

/// Takes letters from the outbox and sends them.
#[derive(Clone)]
pub struct Courier {
    /// What waits.
    pub outbox: Arc<dyn Outbox>,
    /// Who writes and sends.
    pub mailer: Arc<dyn Mailer>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// How eagerly.
    pub pace: Pace,
}

impl Courier {
    /// Sends what is due; gives back how many letters were taken.
    ///
    /// # Errors
    /// When the outbox does not answer. A letter that cannot be sent is no error: it waits for its next attempt.
    pub async fn deliver(&self) -> Result<usize, Error> {
        let now = self.clock.now();
        let claimed = self.outbox.claim(now, now + self.pace.lease, self.pace.batch).await?;
        let count = claimed.len();
        // All at once: a server that hangs on one letter must not let the lease of the others run out.
        let mut sending: JoinSet<_> =
            claimed.into_iter().map(|claimed| self.clone().deliver_one(claimed)).collect();
        let mut result = Ok(count);
        while let Some(first) = sending.join_next().await {
            // Those that have ended by now are noted together. None waits for another that has not.
            let mut attempts = Vec::new();
            for ended in iter::once(first).chain(iter::from_fn(|| sending.try_join_next())) {
                match ended {
                    Ok(attempt) => attempts.push(attempt),
                    Err(panic) => result = result.and(Err(Error::Internal(Box::new(panic)))),
                }
            }
            let settled = self.outbox.settle(&attempts).await;
            result = result.and_then(|count| Ok(settled.map(|()| count)?));
        }
        result
    }

    async fn deliver_one(self, claimed: ClaimedMail) -> (ClaimedMail, MailOutcome) {
        let attempt = self.attempt(&claimed).await;
        if let MailOutcome::Later { error, .. } | MailOutcome::Dead { error, .. } = &attempt {
            tracing::warn!(mail = %claimed.id, attempts = claimed.attempts + 1, error, "a mail was not sent");
        }
        (claimed, attempt)
    }

    /// Forgets letters that went out long ago.
    ///
    /// # Errors
    /// When the outbox does not answer.
    pub async fn forget(&self) -> Result<u64, Error> {
        Ok(self.outbox.forget(self.clock.now() - self.pace.kept).await?)
    }

    async fn attempt(&self, claimed: &ClaimedMail) -> MailOutcome {
        // Each attempt has a token of its own: only its hash is kept, so the earlier one is not known any more.
        let (token, hash) = token::mint(LINK_PREFIX, self.entropy.as_ref());
        let contents = match &claimed.letter {
            Ok(letter) => self.outbox.contents(claimed.id, letter, hash, self.clock.now()).await,
            // A node of another version may be able to.
            Err(unreadable) => Err(StoreError::Internal(Box::new(unreadable.clone()))),
        };
        let sent = match contents {
            Ok(Some((contents, chosen))) => {
                let locale = chosen.unwrap_or_else(|| claimed.locale.clone());
                let message = OutgoingMail { id: claimed.id, contents, token, locale };
                self.mailer.send(message).await
            }
            Ok(None) => return MailOutcome::Moot { at: self.clock.now() },
            Err(error) => {
                let problem = format!("what it says cannot be read: {}", ErrorChain(&error));
                Err(MailerError::Transient(problem))
            }
        };
        let at = self.clock.now();
        match sent {
            Ok(()) => MailOutcome::Sent { at },
            Err(MailerError::Transient(error)) if claimed.attempts + 1 < self.pace.attempts => {
                MailOutcome::Later { at: at + self.wait_after(claimed.attempts), error }
            }
            Err(MailerError::Transient(error) | MailerError::Permanent(error)) => {
                MailOutcome::Dead { at, error }
            }
        }
    }

    fn wait_after(&self, attempts: u16) -> Duration {
        let doubled = 1_i32.checked_shl(attempts.into()).filter(|factor| *factor > 0).unwrap_or(i32::MAX);
        self.pace
            .first_retry
            .checked_mul(doubled)
            .map_or(self.pace.longest_retry, |wait| wait.min(self.pace.longest_retry))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    };

    use async_trait::async_trait;
    use rollcall_domain::{
        accounts::Locale,
        id::{MailId, SignupId},
        secret::TokenHash,
    };
    use time::OffsetDateTime;
    use tokio::{task::yield_now, time::timeout};

    use super::*;
    use crate::{
        mail::{Contents, Letter, OutboxState, UnreadableLetter},
        testing::{CountingEntropy, NOW, TestStore, application},
    };

    /// An outbox with letters that have been tried `attempts` times, and a mailer that answers the same for each. Nothing is settled
    /// until it has answered for all letters but the first, for which it answers once all others are settled.
    struct World {
        letters: usize,
        attempts: u16,
        gone: bool,
        answer: Result<(), MailerError>,
        letter: Result<Letter, UnreadableLetter>,
        answered: AtomicUsize,
        settled: Mutex<Vec<Vec<(MailId, MailOutcome)>>>,
    }

    impl World {
        fn settled(&self) -> Vec<Vec<(MailId, MailOutcome)>> {
            self.settled.lock().expect("no panic").clone()
        }
    }

    fn mail(number: usize) -> MailId {
        MailId::from_parts(number as u64, &[0; 10])
    }

    #[async_trait]
    impl Outbox for World {
        async fn claim(
            &self,
            _: OffsetDateTime,
            _: OffsetDateTime,
            _: u16,
        ) -> Result<Vec<ClaimedMail>, StoreError> {
            let claimed = (0..self.letters).map(|number| ClaimedMail {
                id: mail(number),
                letter: self.letter.clone(),
                locale: Locale::default(),
                attempts: self.attempts,
            });
            Ok(claimed.collect())
        }

        async fn contents(
            &self,
            _: MailId,
            _: &Letter,
            _: TokenHash,
            _: OffsetDateTime,
        ) -> Result<Option<(Contents, Option<Locale>)>, StoreError> {
            let (to, name) = ("ada@example.com".parse(), "Ada".parse());
            let contents =
                Contents::AccountExists { to: to.expect("an address"), name: name.expect("a name") };
            Ok((!self.gone).then_some((contents, None)))
        }

        async fn settle(&self, attempts: &[(ClaimedMail, MailOutcome)]) -> Result<(), StoreError> {
            while self.answered.load(Ordering::Relaxed) + 1 < self.letters {
                yield_now().await;
            }
            let settled = attempts.iter().map(|(mail, outcome)| (mail.id, outcome.clone())).collect();
            self.settled.lock().expect("no panic").push(settled);
            Ok(())
        }

        async fn state(&self) -> Result<OutboxState, StoreError> {
            Ok(OutboxState { queued: 1, dead: 0, oldest: None })
        }

        async fn forget(&self, _: OffsetDateTime) -> Result<u64, StoreError> {
            Ok(0)
        }

        async fn wait(&self) {}
    }

    #[async_trait]
    impl Mailer for World {
        async fn send(&self, message: OutgoingMail) -> Result<(), MailerError> {
            if message.id == mail(0) {
                while self.settled().iter().flatten().count() + 1 < self.letters {
                    yield_now().await;
                }
            } else {
                self.answered.fetch_add(1, Ordering::Relaxed);
            }
            self.answer.clone()
        }
    }

    async fn settled(attempts: u16, gone: bool, answer: Result<(), MailerError>) -> MailOutcome {
        let letter = Letter::ConfirmSignup { signup: SignupId::from_parts(0, &[0; 10]) };
        settled_letter(attempts, gone, answer, Ok(letter)).await
    }

    async fn settled_letter(
        attempts: u16,
        gone: bool,
        answer: Result<(), MailerError>,
        letter: Result<Letter, UnreadableLetter>,
    ) -> MailOutcome {
        let settled = delivered(World { attempts, gone, answer, letter, ..world() }).await;
        let [settled] = settled.try_into().expect("settled once");
        let [(_, settled)] = settled.try_into().expect("one letter");
        settled
    }

    fn world() -> World {
        World {
            letters: 1,
            attempts: 0,
            gone: false,
            answer: Ok(()),
            letter: Ok(Letter::ConfirmSignup { signup: SignupId::from_parts(0, &[0; 10]) }),
            answered: AtomicUsize::new(0),
            settled: Mutex::default(),
        }
    }

    /// What was settled once all was delivered, batch by batch.
    async fn delivered(world: World) -> Vec<Vec<(MailId, MailOutcome)>> {
        let world = Arc::new(world);
        let courier = Courier {
            outbox: world.clone(),
            mailer: world.clone(),
            clock: application(&TestStore::default(), crate::testing::MockDirectory::new()).clock,
            entropy: Arc::new(CountingEntropy::default()),
            pace: Pace::default(),
        };
        let taken = timeout(std::time::Duration::from_secs(60), courier.deliver()).await.expect("it comes");
        assert_eq!(taken.expect("an outbox"), world.letters);
        world.settled()
    }

    #[tokio::test]
    async fn letters_that_have_ended_are_settled_together_and_none_waits_for_one_that_has_not() {
        let settled = delivered(World { letters: 6, ..world() }).await;
        // The first that ended, all that ended while it was settled, and the one that hung.
        assert!(settled.len() <= 3, "{settled:?}");
        assert_eq!(settled.last(), Some(&vec![(mail(0), MailOutcome::Sent { at: NOW })]));
        let mut mails: Vec<MailId> = settled.into_iter().flatten().map(|(mail, _)| mail).collect();
        mails.sort_unstable();
        assert_eq!(mails, (0..6).map(mail).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_letter_waits_longer_after_each_attempt_and_is_kept_in_the_end() {
        let down = || Err(MailerError::Transient("down".to_owned()));
        let later =
            |seconds| MailOutcome::Later { at: NOW + Duration::seconds(seconds), error: "down".to_owned() };
        assert_eq!(settled(0, false, down()).await, later(5));
        assert_eq!(settled(1, false, down()).await, later(10));
        assert_eq!(settled(6, false, down()).await, later(320));
        assert_eq!(settled(20, false, down()).await, later(1_800));
        assert_eq!(settled(40, false, down()).await, later(1_800));
        assert_eq!(
            settled(119, false, down()).await,
            MailOutcome::Dead { at: NOW, error: "down".to_owned() }
        );
    }

    #[tokio::test]
    async fn what_is_refused_for_good_is_not_tried_again() {
        let refused = Err(MailerError::Permanent("no such mailbox".to_owned()));
        assert_eq!(
            settled(0, false, refused).await,
            MailOutcome::Dead { at: NOW, error: "no such mailbox".to_owned() }
        );
    }

    #[tokio::test]
    async fn a_letter_about_something_that_is_gone_is_not_sent() {
        assert_eq!(settled(0, true, Ok(())).await, MailOutcome::Moot { at: NOW });
        assert_eq!(settled(0, false, Ok(())).await, MailOutcome::Sent { at: NOW });
    }

    #[tokio::test]
    async fn a_letter_that_cannot_be_read_waits_and_is_kept_in_the_end() {
        let unreadable = || Err(UnreadableLetter("of no known kind"));
        let first = settled_letter(0, false, Ok(()), unreadable()).await;
        assert!(
            matches!(&first, MailOutcome::Later { error, .. } if error.ends_with(": of no known kind")),
            "{first:?}"
        );
        let last = settled_letter(119, false, Ok(()), unreadable()).await;
        assert!(matches!(last, MailOutcome::Dead { .. }), "{last:?}");
    }
}
