//! Numbers as each language writes them.

use crate::Language;

/// Something that can be counted in a text.
pub trait Count {
    /// How many there are.
    fn count(&self) -> u64;
}

macro_rules! counts {
    ($($kind:ty)*) => { $(impl Count for $kind {
        fn count(&self) -> u64 {
            u64::try_from(*self).unwrap_or(u64::MAX)
        }
    })* };
}
counts!(u16 u32 u64 usize);

impl<T: Count + ?Sized> Count for &T {
    fn count(&self) -> u64 {
        (**self).count()
    }
}

impl Language {
    /// A number as it is written in the language: in groups of three digits.
    pub fn number(self, number: impl Count) -> String {
        let digits = number.count().to_string();
        let group = match self {
            Self::English => ',',
            Self::German => '.',
        };
        let mut written = String::with_capacity(digits.len() + digits.len() / 3);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                written.push(group);
            }
            written.push(digit);
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_in_groups_of_three() {
        for (number, written) in [(0_u32, "0"), (999, "999"), (1_000, "1.000"), (20_345, "20.345")] {
            assert_eq!(Language::German.number(number), written);
        }
        assert_eq!(Language::English.number(1_234_567_u32), "1,234,567");
    }
}
