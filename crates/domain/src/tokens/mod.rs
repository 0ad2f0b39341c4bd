//! Access tokens: short-lived statements that somebody is signed in, which services beside Rollcall check on their own.

mod claims;
mod keys;

pub use claims::{Claims, InvalidClaims, LONGEST, SKEW, ShownSecret, TYPE, TokenIssuer, TokenSubject};
pub use keys::{CACHED, KeyPurpose, LEAD, SigningKey, UnknownKeyPurpose, signing};
