//! Hashing of passwords: argon2id (RFC 9106), on a bounded number of blocking threads.

use std::{sync::Arc, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash::phc::PasswordHash as PhcString,
};
use rollcall_domain::secret::Password;
use tokio::sync::Semaphore;

use crate::{Error, ports::Entropy};

/// A password's hash as a PHC string, which carries its own parameters and salt.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[hash]")
    }
}

/// What hashing one password costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Cost {
    /// Whether argon2 works at that cost (RFC 9106 section 3.1).
    pub fn is_possible(&self) -> bool {
        Params::new(self.memory_kib, self.passes, self.lanes, None).is_ok()
    }
}

/// Hashes passwords and checks them.
#[derive(Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    entropy: Arc<dyn Entropy>,
    running: Arc<Semaphore>,
    patience: Duration,
    /// What is checked where there is no account, so that both take the same time (ASVS 6.3.8).
    decoy: PasswordHash,
}

impl Passwords {
    /// Hashes at `cost`, at most `at_once` at a time; a caller who would wait longer than `patience` for
    /// their turn is told that Rollcall is busy.
    ///
    /// # Errors
    /// When argon2 does not work at that cost.
    pub fn new(
        cost: Cost,
        at_once: usize,
        patience: Duration,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, argon2::password_hash::Error> {
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, None)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut random = [0; 32];
        entropy.fill(&mut random);
        let decoy = hash(&argon2, &random, &[0; 16])?;
        Ok(Self { argon2, entropy, running: Arc::new(Semaphore::new(at_once)), patience, decoy })
    }

    /// The hash of a password.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many wait already.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, Error> {
        let mut salt = [0; 16];
        self.entropy.fill(&mut salt);
        let argon2 = self.argon2.clone();
        self.blocking(move || hash(&argon2, password.expose(), &salt))
            .await?
            .map_err(|error| Error::Internal(Box::new(error)))
    }

    /// Whether `password` is the one that `kept` was made of. Takes as long, and answers no, when
    /// nothing is kept.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many wait already.
    pub async fn verify(&self, password: Password, kept: Option<PasswordHash>) -> Result<bool, Error> {
        let argon2 = self.argon2.clone();
        let exists = kept.is_some();
        let kept = kept.unwrap_or_else(|| self.decoy.clone());
        let verified =
            self.blocking(move || argon2.verify_password(password.expose(), kept.0.as_str())).await?;
        match verified {
            Ok(()) => Ok(exists),
            Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
            // What is kept is no hash, or one that we do not know how to check: no fault of whoever signs in.
            Err(error) => Err(Error::Internal(Box::new(error))),
        }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let turn = tokio::time::timeout(self.patience, Arc::clone(&self.running).acquire_owned());
        // The semaphore is never closed, so an error can only be the time-out.
        let Ok(Ok(turn)) = turn.await else { return Err(Error::Busy) };
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        })
        .await
        .map_err(|error| Error::Internal(Box::new(error)))
    }
}

fn hash(
    argon2: &Argon2<'_>,
    password: &[u8],
    salt: &[u8; 16],
) -> Result<PasswordHash, argon2::password_hash::Error> {
    let hash: PhcString = argon2.hash_password_with_salt(password, salt)?;
    Ok(PasswordHash(hash.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::CountingEntropy;

    fn passwords(at_once: usize) -> Passwords {
        let cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
        Passwords::new(cost, at_once, Duration::ZERO, Arc::new(CountingEntropy::default())).expect("a cost")
    }

    #[tokio::test]
    async fn only_the_same_password_matches() {
        let passwords = passwords(1);
        let kept = passwords.hash(Password::given("correct horse")).await.expect("a hash");
        assert!(kept.0.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
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
