//! WebAuthn: what a device is asked, and whether what it answers is right.

use rollcall_domain::{UserId, accounts::User, secret::Secret};

/// Writes challenges for devices, and checks their answers. It keeps nothing: what it says of a challenge is kept by whoever calls it,
/// and shown to it once. User verification is asked for, always.
///
/// Challenges are its own, from the system's chance.
pub trait WebAuthn: Send + Sync {
    /// Asks a device for a new passkey, unless it is one of those that have a key of the account already.
    ///
    /// # Errors
    /// [`WebAuthnFault`].
    fn ask_for_new(&self, user: &User, known: &[CredentialId]) -> Result<PasskeyRequest, WebAuthnFault>;

    /// Asks for a proof by one of these passkeys; by whichever the device has when there are none.
    ///
    /// # Errors
    /// [`WebAuthnFault`].
    fn ask_for_proof(&self, allowed: &[CredentialId]) -> Result<PasskeyRequest, WebAuthnFault>;

    /// What an answer says that it is, which nothing has proved yet; none for what is no answer.
    fn read(&self, answer: &Secret) -> Option<UncheckedAnswer>;

    /// Checks the answer to [`ask_for_new`](Self::ask_for_new) (WebAuthn Level 3, section 7.1).
    ///
    /// # Errors
    /// [`PasskeyRefusal`].
    fn check_new(&self, state: &Secret, answer: &Secret) -> Result<Credential, PasskeyRefusal>;

    /// Checks the answer to [`ask_for_proof`](Self::ask_for_proof) against a passkey (WebAuthn Level 3, section 7.2); gives back what is
    /// kept of it from then on.
    ///
    /// # Errors
    /// [`PasskeyRefusal`].
    fn check_proof(
        &self,
        state: &Secret,
        kept: &Credential,
        answer: &Secret,
    ) -> Result<Credential, PasskeyRefusal>;
}

/// The id by which a device knows a passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialId(pub Vec<u8>);

/// What a device is asked.
#[derive(Debug, Clone)]
pub struct PasskeyRequest {
    /// For the browser: `PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON`.
    pub options: Secret,
    /// The challenge, as it comes back in the answer.
    pub challenge: Secret,
    /// What checking the answer needs.
    pub state: Secret,
}

/// What an answer says that it is.
#[derive(Debug, Clone)]
pub struct UncheckedAnswer {
    /// The challenge that it answers.
    pub challenge: Secret,
    /// The passkey that it comes from.
    pub credential: CredentialId,
    /// Whose the device says that it is (the user handle); none where it does not say.
    pub user: Option<UserId>,
}

/// What is kept of a passkey. There is no secret in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The id by which the device knows it.
    pub id: CredentialId,
    /// The public key and what else answers are checked against, in the words of whoever checks.
    pub key: String,
    /// How often the device says that it was used; always zero for devices that do not count.
    pub counter: u32,
    /// Whether it is kept elsewhere as well.
    pub backed_up: bool,
}

/// An answer that proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyRefusal {
    /// It is not what such an answer looks like.
    #[error("no answer of a device")]
    Malformed,
    /// All is right but the counter, which has not grown.
    #[error("the counter has not grown")]
    Copied,
    /// It answers something else, comes from elsewhere, or nobody was verified. The text is for the audit log.
    #[error("{0}")]
    Refused(String),
}

/// A fault of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("WebAuthn: {0}")]
pub struct WebAuthnFault(pub String);
