//! What use cases need from the outside. Adapters provide it; tests put mocks in its place.

mod attempts;
mod backlog;
mod ceremonies;
mod chance;
mod clock;
mod directory;
mod expiry;
mod idempotency;
mod purge;
mod scope;
mod store;
mod webauthn;

pub use attempts::{AttemptKeys, AttemptOutcome, Attempts, AttemptsLookedAt, Begun};
pub use backlog::{Backlog, BacklogState, MOST_COUNTED};
pub use ceremonies::{Ceremonies, Ceremony, CeremonyPurpose};
pub use chance::Entropy;
pub use clock::Clock;
pub use directory::{
    Credentials, Directory, FoundEmailChange, FoundInvitation, FoundMfaChallenge, FoundPasskey,
    FoundPasswordReset, FoundSignup, OpenSession,
};
pub use expiry::Expiry;
pub(crate) use idempotency::aside;
pub use idempotency::{Claim, ClaimedKey, IdempotencyKeys, KeyedRequest};
pub use purge::Purge;
pub use scope::Scope;
pub use store::{Store, StoreError, UnitOfWork, View};
pub use webauthn::{
    Credential, CredentialId, PasskeyRefusal, PasskeyRequest, UncheckedAnswer, WebAuthn, WebAuthnFault,
};
