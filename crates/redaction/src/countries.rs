//! What is known of numbers in the countries of the world: which codes there are, and which numbers are valid.

use std::sync::LazyLock;

use phonenumber::metadata::DATABASE;

use crate::effort::look;

/// Whether digits that begin with a country's code are a valid number there, as libphonenumber knows it.
pub(crate) fn valid(digits: &[u8]) -> bool {
    known(digits) && parsed(digits).is_some_and(|number| number.is_valid())
}

/// Whether a country's code begins with these three digits, or with the first of them.
static CODES: LazyLock<Box<[bool]>> = LazyLock::new(|| {
    let assigned = |code: u16| DATABASE.region(&code).is_some();
    (0..1000).map(|begin| assigned(begin / 100) || assigned(begin / 10) || assigned(begin)).collect()
});

/// Whether digits begin with a country's code, and are about as many as a number has.
pub(crate) fn known(digits: &[u8]) -> bool {
    (7..=15).contains(&digits.len()) && digits[0] != 0 && CODES[beginning(digits)]
}

/// The first three digits as a number.
fn beginning(digits: &[u8]) -> usize {
    digits.iter().take(3).fold(0, |value, digit| value * 10 + usize::from(*digit))
}

/// How many looks at a token take as long as asking libphonenumber once.
const ASKED: usize = 400;

fn parsed(digits: &[u8]) -> Option<phonenumber::PhoneNumber> {
    look(ASKED);
    let mut text = String::with_capacity(16);
    text.push('+');
    text.extend(digits.iter().map(|digit| char::from(b'0' + digit)));
    phonenumber::parse(None, &text).ok()
}

/// Whether nine digits may be a number in one of the countries where national numbers have nine digits and no zero before them, Spain,
/// Portugal and Poland: the beginnings that are in use there. Nearly every list of numbers asks, so libphonenumber is too slow for it.
pub(crate) fn anywhere(digits: &[u8]) -> bool {
    let beginning = beginning(digits);
    digits.len() == 9
        && matches!(beginning,
            120..=189 | 210..=309 | 320..=349 | 390..=399 | 410..=489 | 500..=902 | 910..=988)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Digits that have nothing to do with each other.
    fn drawn(count: usize, seed: u64) -> Vec<u8> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut digit = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as u8 % 10
        };
        (0..count).map(|_| digit()).collect()
    }

    #[test]
    fn what_is_said_of_beginnings_is_what_libphonenumber_says() {
        let (mut valid_there, mut taken) = (0, 0);
        for seed in 1..20_000 {
            let digits = drawn(9, seed);
            let valid = [&[3, 4][..], &[3, 5, 1], &[4, 8]].iter().any(|country| {
                let whole: Vec<u8> = country.iter().chain(&digits).copied().collect();
                parsed(&whole).is_some_and(|number| number.is_valid())
            });
            assert!(!valid || anywhere(&digits), "{digits:?}");
            valid_there += u32::from(valid);
            taken += u32::from(anywhere(&digits));
        }
        assert!(valid_there * 20 > taken * 17, "{valid_there} of {taken}");
        let (mut parsing, mut coded) = (0, 0);
        for seed in 1..20_000 {
            let digits = drawn(7 + seed as usize % 9, seed);
            let parses = digits[0] != 0 && parsed(&digits).is_some();
            assert!(!parses || known(&digits), "{digits:?}");
            parsing += u32::from(parses);
            coded += u32::from(known(&digits));
        }
        // What is left of a few is too short, without the prefixes of their country.
        assert!(parsing * 100 > coded * 99, "{parsing} of {coded}");
    }
}
