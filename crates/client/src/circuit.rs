//! A circuit that fails closed: after several failures in a row nobody is kept waiting for another, until one try goes well.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// How many failures in a row open it.
const FAILURES: u32 = 3;
/// How long it is open the first time, and the longest.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(5);

/// Whether it makes sense to ask.
#[derive(Debug, Default)]
pub(crate) struct Circuit(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    open_until: Option<Instant>,
    /// Somebody is trying whether it works again.
    trying: bool,
}

impl Circuit {
    /// Whether somebody may ask now; otherwise how long to wait. Of those who come when it has been open for long enough, one
    /// may try.
    pub(crate) fn admit(&self) -> Result<(), Duration> {
        let now = Instant::now();
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.open_until {
            None => Ok(()),
            Some(until) if now < until => Err(until - now),
            Some(_) if state.trying => Err(FIRST),
            Some(_) => {
                state.trying = true;
                Ok(())
            }
        }
    }

    /// Notes that an answer came, whatever it was.
    pub(crate) fn answered(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State::default();
    }

    /// Notes that none came.
    pub(crate) fn failed(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = state.failures.saturating_add(1);
        state.trying = false;
        if state.failures >= FAILURES {
            let longer = 2_u32.saturating_pow(state.failures - FAILURES);
            state.open_until = Some(Instant::now() + FIRST.saturating_mul(longer).min(LONGEST));
        }
    }

    /// Notes that whoever was admitted has gone before there was an answer.
    pub(crate) fn given_up(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).trying = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_circuit_opens_after_failures_in_a_row_lets_one_try_and_closes_when_that_goes_well() {
        let circuit = Circuit::default();
        circuit.failed();
        circuit.failed();
        circuit.answered();
        for _ in 0..FAILURES {
            assert_eq!(circuit.admit(), Ok(()));
            circuit.failed();
        }
        assert_eq!(circuit.admit(), Err(FIRST));
        tokio::time::advance(FIRST).await;
        assert_eq!(circuit.admit(), Ok(()));
        assert!(circuit.admit().is_err());
        circuit.failed();
        // Each time for longer.
        assert_eq!(circuit.admit(), Err(FIRST * 2));
        tokio::time::advance(FIRST * 2).await;
        assert_eq!(circuit.admit(), Ok(()));
        circuit.given_up();
        assert_eq!(circuit.admit(), Ok(()));
        circuit.answered();
        assert_eq!((circuit.admit(), circuit.admit()), (Ok(()), Ok(())));
    }

    #[tokio::test(start_paused = true)]
    async fn the_circuit_is_never_open_for_longer_than_the_longest() {
        let circuit = Circuit::default();
        for _ in 0..100 {
            circuit.failed();
        }
        assert_eq!(circuit.admit(), Err(LONGEST));
    }
}
