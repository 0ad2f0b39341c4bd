//! Erasing what is left of people whose accounts have ended.

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::{Application, Error, ErrorChain, ports::StoreError};

/// How many events are gone through in one transaction.
const AT_ONCE: u32 = 1_000;

/// Goes on with what the end of an account has left to erase. A narrow door of its own beside the units of work: what it does was decided,
/// and recorded, with the end of the account.
#[async_trait]
pub trait Erasures: Send + Sync {
    /// Goes through up to so many events for the account that has waited for longest of those that are due at `now`. Gives back
    /// whether there was one that nobody else is at.
    async fn erase_some(&self, now: OffsetDateTime, at_most: u32) -> Result<bool, StoreError>;

    /// Lets the account that would be next at `now` wait for another turn, behind all others.
    async fn put_off(&self, now: OffsetDateTime) -> Result<(), StoreError>;
}

/// Takes one step; gives back whether there may be more to do. Each step is whole by itself, so it does not matter where it ends, who
/// goes on, and how many are at it.
///
/// # Errors
/// When the database does not answer, or somebody holds what is to be erased of an account. The next step is for another one then.
pub async fn erase_some(app: &Application, erasures: &dyn Erasures) -> Result<bool, Error> {
    let now = app.now();
    let step = erasures.erase_some(now, AT_ONCE).await;
    if step.is_err()
        && let Err(error) = erasures.put_off(now).await
    {
        tracing::warn!(error = %ErrorChain(&error), "an erasure that does not work was not put off");
    }
    Ok(step?)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::testing::{MockDirectory, TestStore, application};

    /// Accounts in the order of their turns, and those that a step was taken for. Somebody holds what is to be erased of the first.
    struct Turns {
        due: Mutex<Vec<u8>>,
        taken: Mutex<Vec<u8>>,
    }

    #[async_trait]
    impl Erasures for Turns {
        async fn erase_some(&self, _: OffsetDateTime, _: u32) -> Result<bool, StoreError> {
            let next = self.due.lock().expect("no panic").first().copied();
            match next {
                None => Ok(false),
                Some(0) => Err(StoreError::Unavailable("held by somebody".into())),
                Some(next) => {
                    self.due.lock().expect("no panic").remove(0);
                    self.taken.lock().expect("no panic").push(next);
                    Ok(true)
                }
            }
        }

        async fn put_off(&self, _: OffsetDateTime) -> Result<(), StoreError> {
            self.due.lock().expect("no panic").rotate_left(1);
            Ok(())
        }
    }

    #[tokio::test]
    async fn an_account_for_which_it_does_not_work_lets_the_others_come_before_it() {
        let app = application(&TestStore::default(), MockDirectory::new());
        let turns = Turns { due: Mutex::new(vec![0, 1, 2]), taken: Mutex::default() };
        assert!(erase_some(&app, &turns).await.is_err(), "whoever runs it hears of it");
        assert!(erase_some(&app, &turns).await.expect("a step"));
        assert!(erase_some(&app, &turns).await.expect("a step"));
        assert_eq!(*turns.taken.lock().expect("no panic"), [1, 2]);
    }
}
