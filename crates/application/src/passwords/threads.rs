//! Threads that do nothing but hash.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use tokio::sync::{Semaphore, oneshot};

use super::argon2id::Memory;
use crate::{Error, ErrorChain};

/// A bounded number of threads, each with memory of its own that it hashes in again and again: taking and giving back as much
/// for every password is slower, and leaves what was given back with the allocator, once for each thread that has ever hashed.
#[derive(Clone)]
pub(super) struct Threads {
    jobs: mpsc::Sender<Job>,
    free: Arc<Semaphore>,
    patience: Duration,
}

type Job = Box<dyn FnOnce(&mut Memory) + Send>;

impl Threads {
    /// So many threads; whoever would wait longer than `patience` for one is told that Rollcall is busy. The threads end with
    /// the last clone.
    pub(super) fn start(threads: usize, patience: Duration) -> Self {
        let (jobs, waiting) = mpsc::channel::<Job>();
        let waiting = Arc::new(Mutex::new(waiting));
        let started = (0..threads).filter(|number| {
            let waiting = Arc::clone(&waiting);
            let thread = thread::Builder::new().name(format!("hashing-{number}"));
            let started = thread.spawn(move || {
                let mut memory = Memory::default();
                loop {
                    // Held while waiting only: one thread at a time takes the next job.
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(job) = next else { return };
                    // Whoever asked is told by the answer that does not come.
                    if catch_unwind(AssertUnwindSafe(|| job(&mut memory))).is_err() {
                        tracing::error!("hashing a password panicked");
                    }
                }
            });
            if let Err(error) = &started {
                tracing::error!(error = %ErrorChain(error), "a thread for hashing passwords does not start");
            }
            started.is_ok()
        });
        Self { jobs, free: Arc::new(Semaphore::new(started.count())), patience }
    }

    /// Does something on one of the threads.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many wait already.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let turn = tokio::time::timeout(self.patience, Arc::clone(&self.free).acquire_owned());
        // The semaphore is never closed, so an error can only be the time-out.
        let Ok(Ok(turn)) = turn.await else { return Err(Error::Busy) };
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |memory| {
            let done = work(memory);
            // Before the answer: whoever has it, and asks again at once, is not turned away by their own turn.
            drop(turn);
            // Nobody may wait for it any more.
            let _ = answer.send(done);
        });
        self.jobs
            .send(job)
            .map_err(|_| Error::Internal("there is no thread that hashes passwords".into()))?;
        answered.await.map_err(|error| Error::Internal(Box::new(error)))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Wake, Waker},
    };

    use super::*;

    #[tokio::test]
    async fn a_job_that_panics_costs_nothing_but_its_own_answer() {
        let threads = Threads::start(1, Duration::from_secs(60));
        let panicked = threads.run(|_| panic!("on purpose")).await;
        assert!(matches!(panicked, Err::<(), _>(Error::Internal(_))), "{panicked:?}");
        assert_eq!(threads.run(|_| 7).await.expect("an answer"), 7);
    }

    /// Tells how many threads were free at the moment at which it was told of an answer.
    struct Told(Arc<Semaphore>, mpsc::Sender<usize>);

    impl Wake for Told {
        fn wake(self: Arc<Self>) {
            self.1.send(self.0.available_permits()).expect("somebody listens");
        }
    }

    #[tokio::test]
    async fn whoever_has_an_answer_finds_the_thread_free() {
        let threads = Threads::start(1, Duration::ZERO);
        let ((go, wait), (told, free)) = (mpsc::channel(), mpsc::channel());
        let waker = Waker::from(Arc::new(Told(Arc::clone(&threads.free), told)));
        let mut asked = pin!(threads.run(move |_| wait.recv()));
        assert!(asked.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        go.send(7).expect("it waits");
        assert_eq!(free.recv(), Ok(1));
        assert_eq!(asked.await.expect("an answer"), Ok(7));
    }

    #[tokio::test]
    async fn without_a_free_thread_there_is_no_answer() {
        assert!(matches!(Threads::start(0, Duration::ZERO).run(|_| ()).await, Err(Error::Busy)));
    }
}
