//! Values that must not be shown: not in logs, not in errors, not by serialization.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A secret text: a token or a key in clear. Its `Debug` shows nothing, and its memory is wiped when it is dropped.
///
/// How long `==` takes depends on what it compares: a secret that somebody shows is compared by its hash.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text that nobody else keeps: only the copy in here is wiped.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. Whoever calls this answers for where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// What is kept of a token: a SHA-256 of it. A token has 256 random bits, so it needs no salt.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hash]")
    }
}

/// A password that somebody chose, in normalization form C (NIST SP 800-63B-4 section 3.1.1.2).
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Password(String);

/// The password is not one that may be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPassword {
    /// It is too short for the only factor there is.
    #[error("must be at least {min} characters long")]
    TooShort {
        /// The fewest characters it may have.
        min: usize,
    },
    /// It is so long that hashing it would be an attack.
    #[error("must be at most {max} characters long")]
    TooLong {
        /// The most characters it may have.
        max: usize,
    },
}

impl Password {
    /// The fewest characters of a password that is the only factor (NIST SP 800-63B-4 section 3.1.1.2).
    pub const MIN_CHARACTERS: usize = 15;
    /// The fewest characters of a password that is one of two factors (the same section).
    pub const MIN_CHARACTERS_BESIDE_A_FACTOR: usize = 8;
    /// The most characters: far above what anybody types, so that none is ever cut.
    pub const MAX_CHARACTERS: usize = 1_000;

    /// A password that is being chosen as the only factor: it must be long enough.
    ///
    /// # Errors
    /// [`InvalidPassword`] when it is too short or too long, counted in Unicode scalar values.
    pub fn chosen(text: &str) -> Result<Self, InvalidPassword> {
        let password = Self::checked(text)?;
        password.at_least(Self::MIN_CHARACTERS)?;
        Ok(password)
    }

    /// Whether it is long enough to be the only factor.
    ///
    /// # Errors
    /// [`InvalidPassword::TooShort`] otherwise.
    pub fn stands_alone(&self) -> Result<(), InvalidPassword> {
        self.at_least(Self::MIN_CHARACTERS)
    }

    /// Whether it is long enough to be one of two factors.
    ///
    /// # Errors
    /// [`InvalidPassword::TooShort`] otherwise.
    pub fn stands_beside_a_factor(&self) -> Result<(), InvalidPassword> {
        self.at_least(Self::MIN_CHARACTERS_BESIDE_A_FACTOR)
    }

    fn at_least(&self, min: usize) -> Result<(), InvalidPassword> {
        if self.0.chars().count() < min { Err(InvalidPassword::TooShort { min }) } else { Ok(()) }
    }

    /// A password that is being checked, and comes from outside: it may be any text that is not so long that hashing it
    /// would be an attack.
    ///
    /// # Errors
    /// [`InvalidPassword::TooLong`].
    pub fn checked(text: &str) -> Result<Self, InvalidPassword> {
        let password = Self::given(text);
        if password.0.chars().count() > Self::MAX_CHARACTERS {
            return Err(InvalidPassword::TooLong { max: Self::MAX_CHARACTERS });
        }
        Ok(password)
    }

    /// A password that is being checked: it may be any text.
    pub fn given(text: &str) -> Self {
        Self(text.nfc().collect())
    }

    /// The bytes to be hashed, in UTF-8.
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[password]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asvs_16_2_5_secrets_cannot_be_printed() {
        assert_eq!(format!("{:?}", Secret::new("rcs_abc")), "[secret]");
        assert_eq!(format!("{:?}", TokenHash([7; 32])), "[hash]");
        assert_eq!(format!("{:?}", Password::given("hunter2")), "[password]");
    }

    #[test]
    fn asvs_6_2_1_a_password_has_at_least_fifteen_characters_and_none_is_cut() {
        assert_eq!(Password::chosen("fourteen chars"), Err(InvalidPassword::TooShort { min: 15 }));
        assert!(Password::chosen("fifteen letters").is_ok());
        let long = "ü".repeat(1_000);
        assert_eq!(Password::chosen(&long).map(|password| password.expose().len()), Ok(2_000));
        assert!(Password::chosen(&"x".repeat(1_001)).is_err());
    }

    #[test]
    fn nist_3_1_1_2_beside_a_second_factor_eight_characters_are_enough() {
        let short = |min| Err(InvalidPassword::TooShort { min });
        assert_eq!(Password::given("eight ch").stands_beside_a_factor(), Ok(()));
        assert_eq!(Password::given("seven c").stands_beside_a_factor(), short(8));
        assert_eq!(Password::given("fourteen chars").stands_alone(), short(15));
        assert_eq!(Password::given("fifteen letters").stands_alone(), Ok(()));
    }

    #[test]
    fn asvs_6_2_8_what_may_be_chosen_may_be_given() {
        let decomposed = "e\u{301}".repeat(1_000);
        assert!(Password::chosen(&decomposed).is_ok() && Password::checked(&decomposed).is_ok());
        assert!(Password::checked(&"x".repeat(1_001)).is_err() && Password::checked("").is_ok());
    }

    #[test]
    fn the_same_password_typed_on_another_keyboard_is_the_same() {
        assert_eq!(Password::given("cafe\u{301}"), Password::given("café"));
    }
}
