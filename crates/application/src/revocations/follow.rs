//! Following the feed: from where one was, if that is still known, or from now on.

use tokio::sync::watch;

use super::{FeedPosition, PlacedRevocation, feed::Look};
use crate::{Application, Error};

/// The most that is read, and held, for a follower at once.
const PAGE: u16 = 500;

/// What a follower is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedMessage {
    /// What comes does not go on from where the follower was: whatever they remember may be wrong. It begins here.
    Reset(FeedPosition),
    /// What is not good any more, in order.
    Revoked(Vec<PlacedRevocation>),
    /// Nothing, as of just now.
    Nothing,
}

/// Somebody who follows the feed.
pub struct Follower {
    app: Application,
    looks: watch::Receiver<Look>,
    /// Where they are; none when that is not known here.
    at: Option<FeedPosition>,
    /// The last look that they have been told of, or that was before their time.
    told: u64,
}

/// Follows the feed from a place on. Without one, or from one that is not known any more, it begins with a
/// [reset](Told::Reset).
///
/// # Errors
/// Only when something is out of order.
pub async fn follow(app: &Application, from: Option<FeedPosition>) -> Result<Follower, Error> {
    let at = match from {
        Some(position) if app.feed.revocations.is_known(position).await? => Some(position),
        Some(_) | None => None,
    };
    let looks = app.feed.looks.subscribe();
    // While nobody followed, nobody looked: what was seen last may be long ago.
    let told = match *looks.borrow() {
        Look::Seen { times, .. } => times,
        Look::NotYet | Look::Closed => 0,
    };
    app.feed.wanted.notify_one();
    Ok(Follower { app: app.clone(), looks, at, told })
}

impl Follower {
    /// What comes next, or none when this node stops. What is told after a look holds as of that look.
    ///
    /// # Errors
    /// Only when something is out of order.
    pub async fn next(&mut self) -> Result<Option<FeedMessage>, Error> {
        loop {
            let look = *self.looks.borrow_and_update();
            match look {
                Look::Closed => return Ok(None),
                Look::Seen { head, times } if times != self.told => {
                    if let Some(told) = self.since(head).await? {
                        return Ok(Some(told));
                    }
                    self.told = times;
                    return Ok(Some(FeedMessage::Nothing));
                }
                Look::Seen { .. } | Look::NotYet => {}
            }
            if self.looks.changed().await.is_err() {
                return Ok(None);
            }
        }
    }

    /// What there is up to `head` that they have not been told.
    async fn since(&mut self, head: FeedPosition) -> Result<Option<FeedMessage>, Error> {
        let Some(at) = self.at else { return Ok(Some(self.reset(head))) };
        if at.number >= head.number {
            return Ok(None);
        }
        let page = self.app.feed.revocations.after(at.number, PAGE).await?;
        // What has been forgotten in between leaves a gap.
        let goes_on = (at.number + 1..).zip(&page).all(|(number, noted)| noted.position.number == number);
        Ok(Some(match page.last() {
            Some(last) if goes_on => {
                self.at = Some(last.position);
                FeedMessage::Revoked(page)
            }
            Some(_) | None => self.reset(head),
        }))
    }

    fn reset(&mut self, head: FeedPosition) -> FeedMessage {
        self.at = Some(head);
        FeedMessage::Reset(head)
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, sync::Mutex, time::Duration};

    use async_trait::async_trait;
    use rollcall_domain::revocations::Revocation;
    use time::OffsetDateTime;

    use super::*;
    use crate::{
        ports::StoreError,
        revocations::{Feed, Revocations},
        testing::{MockDirectory, TestStore, application, user},
    };

    /// A list that looks like what the database keeps.
    #[derive(Default)]
    struct Kept(Mutex<Vec<PlacedRevocation>>);

    impl Kept {
        fn note(&self, numbers: std::ops::RangeInclusive<i64>) {
            let revocation = Revocation::UserDeleted { user_id: user(1).id };
            let noted = numbers
                .map(|number| PlacedRevocation { position: FeedPosition { number, at: number }, revocation });
            self.0.lock().expect("no panic").extend(noted);
        }
    }

    #[async_trait]
    impl Revocations for Kept {
        async fn publish(&self, _: OffsetDateTime) -> Result<FeedPosition, StoreError> {
            Ok(self.0.lock().expect("no panic").last().map_or(FeedPosition::START, |last| last.position))
        }

        async fn is_known(&self, position: FeedPosition) -> Result<bool, StoreError> {
            Ok(self.0.lock().expect("no panic").iter().any(|noted| noted.position == position))
        }

        async fn after(&self, number: i64, at_most: u16) -> Result<Vec<PlacedRevocation>, StoreError> {
            let kept = self.0.lock().expect("no panic");
            let later = kept.iter().filter(|noted| noted.position.number > number);
            Ok(later.take(at_most.into()).copied().collect())
        }

        async fn wait(&self, _: Duration) {
            std::future::pending().await
        }

        async fn forget(&self, _: OffsetDateTime) -> Result<u64, StoreError> {
            Ok(0)
        }
    }

    fn application_on(kept: &Arc<Kept>) -> Application {
        let feed = Feed::new(kept.clone());
        Application { feed, ..application(&TestStore::default(), MockDirectory::new()) }
    }

    /// One look, as the look-out makes it.
    async fn look(app: &Application, times: u64) {
        let head = app.feed.revocations.publish(app.now()).await.expect("a place");
        app.feed.looks.send_replace(Look::Seen { head, times });
    }

    async fn told(follower: &mut Follower) -> Option<FeedMessage> {
        follower.next().await.expect("no failure")
    }

    fn numbers(told: Option<FeedMessage>) -> Vec<i64> {
        match told {
            Some(FeedMessage::Revoked(noted)) => noted.iter().map(|noted| noted.position.number).collect(),
            other => panic!("no revocations: {other:?}"),
        }
    }

    #[tokio::test]
    async fn whoever_comes_anew_begins_with_a_reset_and_is_told_of_each_look() {
        let kept = Arc::new(Kept::default());
        kept.note(1..=3);
        let app = application_on(&kept);
        let mut follower = follow(&app, None).await.expect("a follower");
        look(&app, 1).await;
        assert_eq!(told(&mut follower).await, Some(FeedMessage::Reset(FeedPosition { number: 3, at: 3 })));
        assert_eq!(told(&mut follower).await, Some(FeedMessage::Nothing));
        kept.note(4..=5);
        look(&app, 2).await;
        assert_eq!(numbers(told(&mut follower).await), [4, 5]);
        assert_eq!(told(&mut follower).await, Some(FeedMessage::Nothing));
        app.feed.close();
        assert_eq!(told(&mut follower).await, None);
    }

    #[tokio::test]
    async fn whoever_comes_back_goes_on_unless_that_is_not_known_any_more() {
        let kept = Arc::new(Kept::default());
        kept.note(1..=1_000);
        let app = application_on(&kept);
        look(&app, 1).await;
        let mut follower = follow(&app, Some(FeedPosition { number: 2, at: 2 })).await.expect("a follower");
        // Of what was seen before, nothing is told.
        assert!(tokio::time::timeout(Duration::from_millis(10), follower.next()).await.is_err());
        look(&app, 2).await;
        assert_eq!(numbers(told(&mut follower).await), (3..=502).collect::<Vec<_>>());
        assert_eq!(numbers(told(&mut follower).await), (503..=1_000).collect::<Vec<_>>());
        assert_eq!(told(&mut follower).await, Some(FeedMessage::Nothing));
        for unknown in [FeedPosition { number: 2, at: 3 }, FeedPosition { number: 1_001, at: 1_001 }] {
            let mut follower = follow(&app, Some(unknown)).await.expect("a follower");
            look(&app, unknown.number.unsigned_abs() + 10).await;
            assert_eq!(
                told(&mut follower).await,
                Some(FeedMessage::Reset(FeedPosition { number: 1_000, at: 1_000 }))
            );
        }
    }

    #[tokio::test]
    async fn what_is_forgotten_before_it_was_told_is_a_reset() {
        let kept = Arc::new(Kept::default());
        kept.note(1..=2);
        let app = application_on(&kept);
        let mut follower = follow(&app, Some(FeedPosition { number: 1, at: 1 })).await.expect("a follower");
        kept.0.lock().expect("no panic").clear();
        kept.note(4..=6);
        look(&app, 1).await;
        assert_eq!(told(&mut follower).await, Some(FeedMessage::Reset(FeedPosition { number: 6, at: 6 })));
        // Also further on: nodes' clocks differ, and so does what is old enough.
        kept.note(7..=7);
        kept.note(9..=9);
        look(&app, 2).await;
        assert_eq!(told(&mut follower).await, Some(FeedMessage::Reset(FeedPosition { number: 9, at: 9 })));
    }
}
