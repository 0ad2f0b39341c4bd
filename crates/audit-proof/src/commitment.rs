//! Salted commitments to what identifies a person.

use sha2::{Digest, Sha256};

/// How many random bytes hide a committed value.
pub const SALT_BYTES: usize = 16;

/// The random bytes that hide one committed value, and no other. Without them the value cannot be guessed from the
/// commitment; erasing them erases the value.
pub type Salt = [u8; SALT_BYTES];

/// Separates these hashes from every other use of SHA-256.
const DOMAIN: &[u8] = b"rollcall/audit/personal/v1\0";

/// A promise of a value: `SHA-256(domain ‖ salt ‖ field ‖ 0x00 ‖ value)`, in lower-case hexadecimal.
///
/// ```
/// use rollcall_audit_proof::Commitment;
/// let promise = Commitment::to("ip", "192.0.2.7", &[0; 16]);
/// assert!(promise.holds("ip", "192.0.2.7", &[0; 16]));
/// assert!(!promise.holds("ip", "192.0.2.8", &[0; 16]));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Commitment(String);

impl Commitment {
    /// Commits to `value`, as the value of `field`.
    pub fn to(field: &str, value: &str, salt: &Salt) -> Self {
        let mut hash = Sha256::new();
        hash.update(DOMAIN);
        hash.update(salt);
        hash.update(field.as_bytes());
        hash.update([0]);
        hash.update(value.as_bytes());
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |value: u8| char::from(DIGITS[usize::from(value & 15)]);
        let mut hex = String::with_capacity(64);
        for byte in hash.finalize() {
            hex.push(digit(byte >> 4));
            hex.push(digit(byte));
        }
        Self(hex)
    }

    /// As it stands in leaves: 64 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the commitment to `value`.
    pub fn holds(&self, field: &str, value: &str, salt: &Salt) -> bool {
        *self == Self::to(field, value, salt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commitment_is_to_the_field_the_value_and_the_salt() {
        let promise = Commitment::to("name", "Ada", &[1; 16]);
        assert!(promise.holds("name", "Ada", &[1; 16]));
        assert!(!promise.holds("email", "Ada", &[1; 16]));
        assert!(!promise.holds("name", "Eve", &[1; 16]));
        assert!(!promise.holds("name", "Ada", &[2; 16]));
    }
}
