//! The only room that knows WebAuthn.
//!
//! `webauthn-rs` writes the challenges and checks the answers; what it is told to ask for is stricter here than what it asks for by
//! itself: every passkey can be found by its device without being named, and one whose eligibility for backup changes is refused.

mod answer;
mod relying_party;

pub use relying_party::RelyingParty;
