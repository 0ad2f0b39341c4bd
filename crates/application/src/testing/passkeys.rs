//! Devices with passkeys, and challenges that wait for their answers.

use std::sync::Mutex;

use async_trait::async_trait;
use rollcall_domain::{accounts::User, secret::Secret};
use time::OffsetDateTime;

use super::Answer;
use crate::ports::{
    Ceremonies, Ceremony, Credential, CredentialId, PasskeyRefusal, PasskeyRequest, UncheckedAnswer,
    WebAuthn, WebAuthnFault,
};

/// Challenges that wait, in memory.
#[derive(Default)]
pub(crate) struct CeremoniesInMemory(Mutex<Vec<Ceremony>>);

#[async_trait]
impl Ceremonies for CeremoniesInMemory {
    async fn keep(&self, ceremony: &Ceremony) -> Answer<()> {
        self.0.lock().expect("no poison").push(ceremony.clone());
        Ok(())
    }

    async fn take(&self, challenge: [u8; 32], _: OffsetDateTime) -> Answer<Option<Ceremony>> {
        let mut waiting = self.0.lock().expect("no poison");
        let place = waiting.iter().position(|ceremony| ceremony.challenge == challenge);
        Ok(place.map(|place| waiting.remove(place)))
    }

    async fn forget(&self, _: OffsetDateTime) -> Answer<u64> {
        Ok(0)
    }
}

/// A device whose every answer is right; the answer says whose it is, or nothing.
pub(crate) struct Honest;

impl Honest {
    fn asked() -> PasskeyRequest {
        let secret = || Secret::new("a challenge");
        PasskeyRequest { options: secret(), challenge: secret(), state: secret() }
    }

    /// What is kept of its passkey.
    pub(crate) fn credential() -> Credential {
        Credential { id: CredentialId(vec![1]), key: "a key".to_owned(), counter: 1, backed_up: false }
    }
}

impl WebAuthn for Honest {
    fn ask_for_new(&self, _: &User, _: &[CredentialId]) -> Result<PasskeyRequest, WebAuthnFault> {
        Ok(Self::asked())
    }

    fn ask_for_proof(&self, _: &[CredentialId]) -> Result<PasskeyRequest, WebAuthnFault> {
        Ok(Self::asked())
    }

    fn read(&self, answer: &Secret) -> Option<UncheckedAnswer> {
        let user = answer.expose().parse().ok();
        Some(UncheckedAnswer { challenge: Self::asked().challenge, credential: Self::credential().id, user })
    }

    fn check_new(&self, _: &Secret, _: &Secret) -> Result<Credential, PasskeyRefusal> {
        Ok(Self::credential())
    }

    fn check_proof(&self, _: &Secret, _: &Credential, _: &Secret) -> Result<Credential, PasskeyRefusal> {
        Ok(Self::credential())
    }
}
