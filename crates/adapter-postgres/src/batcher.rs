//! Look-ups that are made in batches: each by itself costs a visit to the database, and what a visit costs is mostly the visit.
//!
//! Nobody waits for company. Whoever asks while few look-ups are under way is looked up at once; whoever asks while many are goes
//! with all others who have asked meanwhile, as soon as one of them is over. A look-up begins after all whom it is for have asked,
//! so what it finds is as new for each of them as if they had asked by themselves.
//!
//! Nobody waits for longer than if they had asked by themselves, either: the time of each begins when they ask, and not with the look-up
//! that is for them. Once it is over for all whom a look-up is for, the look-up is over as well.

use std::{
    collections::HashMap,
    hash::Hash,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::FutureExt;
use rollcall_application::{ErrorChain, ports::StoreError};
use tokio::{
    sync::oneshot,
    time::{Instant, error::Elapsed, timeout},
};
use tracing::{Instrument, Span};

/// How many look-ups of one kind are under way at the most.
const AT_ONCE: usize = 4;
/// For how many a look-up is made at the most, unless something else is said.
const MOST: usize = 64;
/// How many look-ups in a row use the same connection at the most: others wait for one too.
const IN_A_ROW: u64 = 16;

/// What was found, and the connection that it was found on, for another look-up: giving one back costs a visit, too.
pub(crate) type Answer<K, V, C> = (Found<K, V>, C);

/// What was found of what was asked for. What is not there is not in it; what does not fit the domain is an error of its own.
pub(crate) type Found<K, V> = HashMap<K, Result<V, StoreError>>;

/// Puts those who ask for one kind of thing into batches.
pub(crate) struct Batcher<K, V> {
    waiting: Arc<Mutex<Waiting<K, V>>>,
    /// The longest that anybody waits.
    patience: Duration,
    /// For how many a look-up is made at the most.
    most: usize,
}

struct Waiting<K, V> {
    asked: Vec<Asked<K, V>>,
    /// How many look-ups are under way.
    under_way: usize,
}

/// Somebody who asks.
struct Asked<K, V> {
    key: K,
    /// Since when.
    since: Instant,
    /// The request for which it is asked. A look-up is told as part of the first of them.
    span: Span,
    answer: oneshot::Sender<Result<Option<V>, StoreError>>,
}

impl<K, V> Clone for Batcher<K, V> {
    fn clone(&self) -> Self {
        Self { waiting: Arc::clone(&self.waiting), patience: self.patience, most: self.most }
    }
}

impl<K, V> Batcher<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + 'static,
{
    /// Nobody of them waits for longer than `patience`.
    pub(crate) fn new(patience: Duration) -> Self {
        let waiting = Waiting { asked: Vec::new(), under_way: 0 };
        Self { waiting: Arc::new(Mutex::new(waiting)), patience, most: MOST }
    }

    /// The same with look-ups for so many at the most, of what is more than a row: whoever goes together waits for all of it.
    pub(crate) fn at_most(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// What there is of `key`. `find` looks up many, on the connection of the look-up before if there is one; that of whoever begins is
    /// used for others too.
    ///
    /// # Errors
    /// Those of `find`, which all who were looked up together are told, and [`StoreError::Unavailable`] for whoever has waited for too long.
    pub(crate) async fn look_up<C, F>(
        &self,
        key: K,
        find: impl Fn(Option<C>, Vec<K>) -> F + Send + Sync + 'static,
    ) -> Result<Option<V>, StoreError>
    where
        C: Send + 'static,
        F: Future<Output = Result<Answer<K, V, C>, StoreError>> + Send,
    {
        let (answer, answered) = oneshot::channel();
        if self.ask(Asked { key, since: Instant::now(), span: Span::current(), answer }) {
            let others = self.clone();
            // In a task of its own: whoever began it may go away, and others not.
            tokio::spawn(async move {
                let mut connection = None;
                for number in 1_u64.. {
                    let Some(asked) = others.next() else { break };
                    let (keys, span) =
                        (asked.iter().map(|asked| asked.key.clone()).collect(), asked[0].span.clone());
                    let waited = asked.iter().map(|asked| asked.since.elapsed()).min().unwrap_or_default();
                    let left = others.patience.saturating_sub(waited);
                    let found = async { find(connection.take(), keys).await };
                    let found = timeout(left, found).instrument(span);
                    let found = match AssertUnwindSafe(found).catch_unwind().await {
                        Ok(Ok(Ok((found, used)))) => {
                            connection = (number % IN_A_ROW != 0).then_some(used);
                            Ok(found)
                        }
                        Ok(Ok(Err(error))) => Err(error),
                        Ok(Err(late)) => Err(too_late(late)),
                        Err(_) => Err(StoreError::Internal("a look-up panicked".into())),
                    };
                    tell(asked, found);
                }
            });
        }
        match timeout(self.patience, answered).await {
            Ok(Ok(found)) => found,
            Ok(Err(lost)) => Err(StoreError::Internal(Box::new(lost))),
            Err(late) => Err(too_late(late)),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<K, V>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether whoever asks begins a look-up.
    fn ask(&self, asked: Asked<K, V>) -> bool {
        let mut waiting = self.waiting();
        waiting.asked.push(asked);
        let begins = waiting.under_way < AT_ONCE;
        waiting.under_way += usize::from(begins);
        begins
    }

    /// Those for whom the next look-up is made, without those who have gone; when there are none, there is one less under way.
    fn next(&self) -> Option<Vec<Asked<K, V>>> {
        let mut waiting = self.waiting();
        waiting.asked.retain(|asked| !asked.answer.is_closed());
        if waiting.asked.is_empty() {
            waiting.under_way -= 1;
            return None;
        }
        let some = waiting.asked.len().min(self.most);
        Some(waiting.asked.drain(..some).collect())
    }
}

fn too_late(late: Elapsed) -> StoreError {
    StoreError::Unavailable(Box::new(late))
}

/// Tells each who has asked what was found. Some have gone, which is no matter.
fn tell<K: Eq + Hash, V: Clone>(asked: Vec<Asked<K, V>>, mut found: Result<Found<K, V>, StoreError>) {
    let mut asked = asked.into_iter();
    while let Some(Asked { key, answer, .. }) = asked.next() {
        let others_want_it = asked.as_slice().iter().any(|other| other.key == key);
        let _ = answer.send(match &mut found {
            Ok(found) if others_want_it => match found.get(&key) {
                None => Ok(None),
                Some(Ok(value)) => Ok(Some(value.clone())),
                Some(Err(error)) => Err(again(error)),
            },
            // Not a copy: it may be a whole page.
            Ok(found) => found.remove(&key).transpose(),
            Err(error) => Err(again(error)),
        });
    }
}

/// An error for one more who is told it.
fn again(error: &StoreError) -> StoreError {
    let chain = |source: &(dyn std::error::Error + 'static)| ErrorChain(source).to_string();
    match error {
        StoreError::Unavailable(source) => StoreError::Unavailable(chain(source.as_ref()).into()),
        StoreError::Internal(source) => StoreError::Internal(chain(source.as_ref()).into()),
        other => StoreError::Internal(other.to_string().into()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use futures_util::future::BoxFuture;
    use tokio::{
        sync::{Semaphore, mpsc},
        task::{JoinHandle, yield_now},
        time::sleep,
    };

    use super::*;

    type Answer = JoinHandle<Result<Option<()>, StoreError>>;
    type Finding = BoxFuture<'static, Result<super::Answer<u32, (), u64>, StoreError>>;

    /// So long that nobody goes who is not meant to.
    const PATIENCE: Duration = Duration::from_secs(120);

    /// Numbers are looked up: what is found of each is that it is there, but there is nothing of 0, and 13 is damaged. At 99 as the
    /// last everything fails, and at 100 it panics.
    struct Numbers {
        batcher: Batcher<u32, ()>,
        /// What is looked up, as it begins.
        begun: (mpsc::UnboundedSender<Vec<u32>>, mpsc::UnboundedReceiver<Vec<u32>>),
        /// How many look-ups may end.
        end: Arc<Semaphore>,
        /// For how many look-ups one connection was used at the most.
        longest: Arc<AtomicU64>,
    }

    impl Numbers {
        fn new() -> Self {
            Self {
                batcher: Batcher::new(PATIENCE),
                begun: mpsc::unbounded_channel(),
                end: Arc::new(Semaphore::new(0)),
                longest: Arc::default(),
            }
        }

        fn ask(&self, number: u32) -> Answer {
            let (batcher, begun, end) = (self.batcher.clone(), self.begun.0.clone(), self.end.clone());
            let longest = self.longest.clone();
            // What stands for a connection is how often it was used.
            let find = move |previous: Option<u64>, numbers: Vec<u32>| -> Finding {
                let _ = begun.send(numbers.clone());
                let (end, uses) = (end.clone(), previous.unwrap_or_default() + 1);
                longest.fetch_max(uses, Ordering::Relaxed);
                Box::pin(async move {
                    end.acquire().await.expect("never closed").forget();
                    match numbers.as_slice() {
                        [.., 99] => return Err(StoreError::Unavailable("down".into())),
                        [.., 100] => panic!("on purpose"),
                        _ => {}
                    }
                    let one = |number| {
                        if number == 13 { Err(StoreError::Internal("damaged".into())) } else { Ok(()) }
                    };
                    let there = numbers.into_iter().filter(|number| *number != 0);
                    Ok((there.map(|number| (number, one(number))).collect(), uses))
                })
            };
            tokio::spawn(async move { batcher.look_up(number, find).await })
        }

        /// Asks while as much is under way as there may be; gives back who has begun that, and who waits together.
        async fn ask_while_others_are_looked_up(
            &mut self,
            numbers: impl IntoIterator<Item = u32>,
        ) -> [Vec<Answer>; 2] {
            let mut begun = Vec::new();
            for number in 1..=AT_ONCE as u32 {
                begun.push(self.ask(number));
                assert_eq!(self.begun.1.recv().await, Some(vec![number]), "nobody waits for company");
            }
            let asked: Vec<_> = numbers.into_iter().map(|number| self.ask(number)).collect();
            while self.batcher.waiting().asked.len() < asked.len() {
                yield_now().await;
            }
            assert!(self.begun.1.try_recv().is_err(), "more is under way than may be");
            [begun, asked]
        }
    }

    /// What never comes is a failure.
    async fn in_time<T>(what: impl Future<Output = T>) -> T {
        timeout(Duration::from_secs(60), what).await.expect("it comes")
    }

    #[tokio::test]
    async fn whoever_asks_while_others_are_looked_up_goes_together_and_each_gets_their_own() {
        in_time(async {
            let mut numbers = Numbers::new();
            let [_, asked] = numbers.ask_while_others_are_looked_up([0, 7, 13, 7]).await;
            numbers.end.add_permits(100);
            assert_eq!(numbers.begun.1.recv().await, Some(vec![0, 7, 13, 7]));
            let mut answers = Vec::new();
            for asked in asked {
                answers.push(asked.await.expect("an answer"));
            }
            assert!(
                matches!(
                    answers.as_slice(),
                    [Ok(None), Ok(Some(())), Err(StoreError::Internal(_)), Ok(Some(()))]
                ),
                "{answers:?}"
            );
        })
        .await;
    }

    #[tokio::test]
    async fn no_look_up_is_for_more_than_the_most() {
        in_time(async {
            let mut numbers = Numbers::new();
            let [_, asked] = numbers.ask_while_others_are_looked_up(vec![7; MOST + 1]).await;
            numbers.end.add_permits(100);
            let sizes = [numbers.begun.1.recv().await, numbers.begun.1.recv().await];
            assert_eq!(sizes.map(|some| some.map_or(0, |some| some.len())), [MOST, 1]);
            for asked in asked {
                assert!(asked.await.expect("an answer").is_ok());
            }
        })
        .await;
    }

    #[tokio::test]
    async fn what_is_more_than_a_row_is_looked_up_for_as_many_as_was_said() {
        in_time(async {
            let mut numbers = Numbers::new();
            numbers.batcher = numbers.batcher.clone().at_most(2);
            let [_, asked] = numbers.ask_while_others_are_looked_up([7, 8, 7]).await;
            numbers.end.add_permits(100);
            for expected in [vec![7, 8], vec![7]] {
                assert_eq!(numbers.begun.1.recv().await, Some(expected));
            }
            for asked in asked {
                assert!(matches!(asked.await.expect("an answer"), Ok(Some(()))));
            }
        })
        .await;
    }

    #[tokio::test]
    async fn a_connection_goes_from_one_look_up_to_the_next_but_not_for_ever() {
        in_time(async {
            let mut numbers = Numbers::new();
            // More than there would be if nobody made more in a row than may be.
            let many = (AT_ONCE + 1) * MOST * IN_A_ROW as usize;
            let [_, asked] = numbers.ask_while_others_are_looked_up(vec![7; many]).await;
            numbers.end.add_permits(many);
            for asked in asked {
                assert!(asked.await.expect("an answer").is_ok());
            }
            assert_eq!(numbers.longest.load(Ordering::Relaxed), IN_A_ROW);
        })
        .await;
    }

    #[tokio::test]
    async fn a_failure_is_told_to_all_and_whoever_asks_next_is_looked_up() {
        in_time(async {
            let mut numbers = Numbers::new();
            for last in [99, 100] {
                let [_, asked] = numbers.ask_while_others_are_looked_up([7, last]).await;
                numbers.end.add_permits(AT_ONCE + 1);
                assert_eq!(numbers.begun.1.recv().await, Some(vec![7, last]));
                for asked in asked {
                    assert!(asked.await.expect("an answer").is_err(), "{last}");
                }
                while numbers.batcher.waiting().under_way > 0 {
                    yield_now().await;
                }
            }
        })
        .await;
    }

    #[tokio::test]
    async fn whoever_goes_away_is_not_looked_up_and_takes_no_answer_from_others() {
        in_time(async {
            let mut numbers = Numbers::new();
            let [begun, asked] = numbers.ask_while_others_are_looked_up([7, 8, 9]).await;
            let mut asked = asked.into_iter();
            for gone in begun.into_iter().chain(asked.next()) {
                gone.abort();
                assert!(gone.await.is_err(), "it has gone");
            }
            numbers.end.add_permits(100);
            assert_eq!(numbers.begun.1.recv().await, Some(vec![8, 9]));
            for asked in asked {
                assert!(matches!(asked.await.expect("an answer"), Ok(Some(()))));
            }
        })
        .await;
    }

    // The clock goes on by itself here, whenever there is nothing to do but to wait.
    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_longer_than_their_patience_however_many_look_ups_hang() {
        let mut numbers = Numbers::new();
        let [begun, early] = numbers.ask_while_others_are_looked_up([7]).await;
        let began = Instant::now();
        sleep(PATIENCE / 2).await;
        let late = numbers.ask(8);
        yield_now().await;
        // Nothing ends. Whoever waits for those that hang is told when they are.
        for waiting in begun.into_iter().chain(early) {
            assert!(matches!(waiting.await.expect("an answer"), Err(StoreError::Unavailable(_))));
        }
        assert_eq!(began.elapsed().as_secs(), PATIENCE.as_secs());
        // The next look-up has what is left to whoever it is for, and no more.
        assert_eq!(numbers.begun.1.recv().await.and_then(|some| some.last().copied()), Some(8));
        assert!(matches!(late.await.expect("an answer"), Err(StoreError::Unavailable(_))));
        while numbers.batcher.waiting().under_way > 0 {
            sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(began.elapsed().as_secs(), (PATIENCE + PATIENCE / 2).as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_up_goes_on_for_whoever_has_time_left() {
        let mut numbers = Numbers::new();
        let [begun, early] = numbers.ask_while_others_are_looked_up([7]).await;
        sleep(PATIENCE / 2).await;
        let late = numbers.ask(8);
        yield_now().await;
        // One of those under way is over, and both are looked up now.
        numbers.end.add_permits(1);
        assert_eq!(numbers.begun.1.recv().await, Some(vec![7, 8]));
        for early in early {
            assert!(matches!(early.await.expect("an answer"), Err(StoreError::Unavailable(_))));
        }
        numbers.end.add_permits(100);
        assert!(matches!(late.await.expect("an answer"), Ok(Some(()))));
        drop(begun);
    }
}
