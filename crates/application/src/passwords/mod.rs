//! Passwords: choosing, hashing and checking them, on a bounded number of threads.

mod argon2id;
mod strength;
mod threads;

use std::{sync::Arc, time::Duration};

use rollcall_domain::secret::Password;

use crate::{Error, keyring::Keyring, ports::Entropy};

use argon2id::{Argon2id, Memory};
pub use argon2id::{Cost, PasswordHash};
pub use strength::OwnWords;
use threads::Threads;

/// Hashes passwords and checks them.
#[derive(Clone)]
pub struct Passwords {
    argon2id: Argon2id,
    entropy: Arc<dyn Entropy>,
    threads: Threads,
    /// What is checked where there is no account, so that both take the same time (ASVS 6.3.8).
    decoy: PasswordHash,
}

impl Passwords {
    /// Hashes at `cost`, with the newest key of `pepper` if there is one, at most `at_once` at a time; a caller who would wait
    /// longer than `patience` for their turn is told that Rollcall is busy.
    ///
    /// # Errors
    /// When argon2 does not work at that cost.
    pub fn new(
        cost: Cost,
        pepper: Option<Keyring>,
        at_once: usize,
        patience: Duration,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, argon2::password_hash::Error> {
        let argon2id = Argon2id::new(cost, pepper)?;
        let mut random = [0; 32];
        entropy.fill(&mut random);
        let decoy = argon2id.hash(&random, &[0; 16], &mut Memory::default())?;
        Ok(Self { argon2id, entropy, threads: Threads::start(at_once, patience), decoy })
    }

    /// The hash of a password that somebody with these words of their own chooses.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `field` when it is guessed too easily, [`Error::Busy`] when too many wait already.
    pub async fn choose(
        &self,
        field: &'static str,
        password: Password,
        own: OwnWords,
    ) -> Result<PasswordHash, Error> {
        let hash = self.hashing();
        self.threads
            .run(move |memory| {
                strength::check(field, &password, &own)?;
                hash(&password, memory)
            })
            .await?
    }

    /// The hash of a password, whatever it is.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many wait already.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, Error> {
        let hash = self.hashing();
        self.threads.run(move |memory| hash(&password, memory)).await?
    }

    /// Whether a hash was made at another cost, or with another pepper, than new ones are.
    pub(crate) fn is_outdated(&self, kept: &PasswordHash) -> bool {
        !self.argon2id.is_current(kept)
    }

    /// Whether `password` is the one that `kept` was made of. Takes as long, and answers no, when
    /// nothing is kept.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many wait already.
    pub async fn verify(&self, password: Password, kept: Option<PasswordHash>) -> Result<bool, Error> {
        let argon2id = self.argon2id.clone();
        let exists = kept.is_some();
        let kept = kept.unwrap_or_else(|| self.decoy.clone());
        let verified =
            self.threads.run(move |memory| argon2id.verify(password.expose(), &kept, memory)).await?;
        // What is kept is no hash, or one that we do not know how to check: no fault of whoever signs in.
        Ok(verified.map_err(|error| Error::Internal(Box::new(error)))? && exists)
    }

    fn hashing(&self) -> impl FnOnce(&Password, &mut Memory) -> Result<PasswordHash, Error> + Send + 'static {
        let mut salt = [0; 16];
        self.entropy.fill(&mut salt);
        let argon2id = self.argon2id.clone();
        move |password, memory| {
            argon2id.hash(password.expose(), &salt, memory).map_err(|error| Error::Internal(Box::new(error)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::CountingEntropy;

    fn passwords(at_once: usize) -> Passwords {
        let cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
        Passwords::new(cost, None, at_once, Duration::ZERO, Arc::new(CountingEntropy::default()))
            .expect("a cost")
    }

    #[tokio::test]
    async fn only_the_same_password_matches() {
        let passwords = passwords(1);
        let kept = passwords.hash(Password::given("correct horse")).await.expect("a hash");
        assert!(
            passwords.verify(Password::given("correct horse"), Some(kept.clone())).await.expect("an answer")
        );
        assert!(!passwords.verify(Password::given("correct horsf"), Some(kept)).await.expect("an answer"));
        assert!(!passwords.verify(Password::given("correct horse"), None).await.expect("an answer"));
    }

    #[tokio::test]
    async fn a_hash_that_cannot_be_checked_is_a_fault_and_no_wrong_password() {
        let broken = Some(PasswordHash("$argon2id$nonsense".to_owned()));
        let verified = passwords(1).verify(Password::given("any"), broken).await;
        assert!(matches!(verified, Err(Error::Internal(_))), "{verified:?}");
    }

    #[tokio::test]
    async fn two_hashes_of_one_password_differ() {
        let passwords = passwords(1);
        let first = passwords.hash(Password::given("correct horse")).await.expect("a hash");
        assert_ne!(first, passwords.hash(Password::given("correct horse")).await.expect("a hash"));
    }

    #[tokio::test]
    async fn too_many_at_once_are_turned_away() {
        let refused = passwords(0).hash(Password::given("correct horse")).await;
        assert!(matches!(refused, Err(Error::Busy)));
    }
}
