//! What opens a key, as it is written: `rck_<12 characters>_<43 characters><6 characters>`.
//!
//! The mark and the twelve characters are its prefix, which may be shown. The 43 characters are 256 random bits. The last six are a
//! CRC-32 of all that stands before them, so that whoever scans for lost keys, or mistypes one, need not ask. It proves nothing
//! else. All characters are digits and letters of ASCII, so that a double click selects all of it.

use std::{fmt, str::FromStr};

use crate::secret::Secret;

/// How every key begins.
pub const MARK: &str = "rck_";
/// Digits in the order of base 62: figures, capitals, small letters.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Characters behind the mark that tell one key from another.
const NAMING: usize = 12;
/// Characters that carry 256 bits: 62^43 is a little more than 2^256.
const RANDOM: usize = 43;
/// Characters that carry 32 bits.
const CHECKSUM: usize = 6;
const PREFIX: usize = MARK.len() + NAMING;
const WHOLE: usize = PREFIX + 1 + RANDOM + CHECKSUM;

/// How a key begins: `rck_` and twelve characters. It may be shown and logged, and stays when the key gets a new secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyPrefix(String);

/// The text is no beginning of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be rck_ and twelve digits or letters")]
pub struct InvalidPrefix;

impl KeyPrefix {
    /// A new one out of random bytes, of which about 71 bits remain.
    pub fn from_random(random: [u8; 16]) -> Self {
        let naming: [char; NAMING] = base_62(random);
        Self(MARK.chars().chain(naming).collect())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyPrefix {
    type Err = InvalidPrefix;

    fn from_str(text: &str) -> Result<Self, InvalidPrefix> {
        if is_prefix(text) { Ok(Self(text.to_owned())) } else { Err(InvalidPrefix) }
    }
}

fn is_prefix(text: &str) -> bool {
    let naming = text.strip_prefix(MARK);
    naming.is_some_and(|naming| naming.len() == NAMING && are_digits(naming))
}

fn are_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

impl fmt::Display for KeyPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What opens a key, out of 256 random bits.
pub fn mint(prefix: &KeyPrefix, random: [u8; 32]) -> Secret {
    let mut text = String::with_capacity(WHOLE);
    text.push_str(&prefix.0);
    text.push('_');
    let random: [char; RANDOM] = base_62(random);
    text.extend(random);
    let checksum = checksum(&text);
    text.extend(checksum);
    Secret::new(text)
}

/// How a key begins, if the text may be one at all, by its form and its checksum: nothing else is worth looking for.
///
/// ```
/// use rollcall_domain::api_keys::{KeyPrefix, mint, prefix_of};
///
/// let prefix = KeyPrefix::from_random([7; 16]);
/// let key = mint(&prefix, [9; 32]);
/// assert_eq!(prefix_of(key.expose()), Some(prefix.as_str()));
/// assert_eq!(prefix_of("rck_lost"), None);
/// ```
pub fn prefix_of(text: &str) -> Option<&str> {
    if text.len() != WHOLE || !text.is_ascii() {
        return None;
    }
    let (body, given) = text.split_at(WHOLE - CHECKSUM);
    let (prefix, random) = body.split_at(PREFIX);
    let random = random.strip_prefix('_')?;
    let whole = is_prefix(prefix) && are_digits(random) && given.chars().eq(checksum(body));
    whole.then_some(prefix)
}

/// The last digits of a number in base 62, as many as are wanted.
fn base_62<const N: usize, const WANTED: usize>(mut number: [u8; N]) -> [char; WANTED] {
    let mut text = ['0'; WANTED];
    for digit in text.iter_mut().rev() {
        let mut rest = 0_u16;
        for byte in &mut number {
            let dividend = rest << 8 | u16::from(*byte);
            // Less than 256, as the rest was less than 62.
            *byte = (dividend / 62) as u8;
            rest = dividend % 62;
        }
        *digit = char::from(DIGITS[usize::from(rest)]);
    }
    text
}

fn checksum(text: &str) -> [char; CHECKSUM] {
    base_62(crc_32(text.as_bytes()).to_be_bytes())
}

/// CRC-32 as in Ethernet and zlib (ISO 3309).
fn crc_32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut n = 0;
        while n < 256 {
            let (mut value, mut bit) = (n as u32, 0);
            while bit < 8 {
                value = if value & 1 == 1 { value >> 1 ^ 0xedb8_8320 } else { value >> 1 };
                bit += 1;
            }
            table[n] = value;
            n += 1;
        }
        table
    };
    !bytes.iter().fold(!0, |crc, byte| crc >> 8 ^ TABLE[((crc ^ u32::from(*byte)) & 0xff) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> String {
        mint(&KeyPrefix::from_random([7; 16]), [9; 32]).expose().to_owned()
    }

    #[test]
    fn crc_32_is_the_one_that_everybody_has() {
        assert_eq!(crc_32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc_32(b""), 0);
    }

    #[test]
    fn numbers_are_written_in_base_62() {
        let written = |number: [u8; 4]| String::from_iter(base_62::<4, 6>(number));
        assert_eq!(written([0, 0, 0, 61]), "00000z");
        assert_eq!(written([0, 0, 0, 62]), "000010");
        assert_eq!(written(u32::MAX.to_be_bytes()), "4gfFC3");
    }

    #[test]
    fn asvs_11_5_1_a_key_carries_all_256_bits() {
        let prefix = KeyPrefix::from_random([0; 16]);
        let keys: std::collections::BTreeSet<String> = (0..256)
            .map(|bit| {
                let mut random = [0; 32];
                random[bit / 8] = 1 << (bit % 8);
                mint(&prefix, random).expose().to_owned()
            })
            .collect();
        assert_eq!(keys.len(), 256);
        // The greatest number fits too.
        let greatest = mint(&prefix, [255; 32]);
        let digits = &greatest.expose()[PREFIX + 1..PREFIX + 1 + RANDOM];
        assert!(digits.as_bytes()[0] != DIGITS[0], "{digits}");
    }

    #[test]
    fn a_key_is_written_as_the_contract_says_and_read_back() {
        let key = key();
        assert_eq!(key.len(), 4 + 12 + 1 + 43 + 6);
        assert_eq!(prefix_of(&key), Some(&key[..16]));
        assert_eq!(key[..16].parse::<KeyPrefix>().expect("a prefix").as_str(), &key[..16]);
    }

    #[test]
    fn a_mistyped_key_is_none() {
        let key = key();
        for place in 0..key.len() {
            let mut changed = key.clone().into_bytes();
            changed[place] = if changed[place] == b'a' { b'b' } else { b'a' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert!(prefix_of(&changed).is_none(), "{place}");
        }
        // Two neighbours in each other's place.
        let mut swapped = key.clone().into_bytes();
        let place = (PREFIX + 1..WHOLE - CHECKSUM).find(|place| swapped[*place] != swapped[place + 1]);
        let place = place.expect("two that differ");
        swapped.swap(place, place + 1);
        assert!(prefix_of(&String::from_utf8(swapped).expect("ASCII")).is_none());
        for text in [
            "",
            "rck_",
            &key[1..],
            &key[..WHOLE - 1],
            &format!("{key}0"),
            &format!(" {key}"),
            &"é".repeat(33),
        ] {
            assert!(prefix_of(text).is_none(), "{text}");
        }
        for text in
            ["", "rck_", "rck_00000000000", "rck_0000000000000", "rcs_000000000000", "rck_00000000000-"]
        {
            assert!(text.parse::<KeyPrefix>().is_err(), "{text}");
        }
    }
}
