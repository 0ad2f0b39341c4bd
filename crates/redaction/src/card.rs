//! Payment card numbers: ISO/IEC 7812, that is 13 to 19 digits of which the last is a check by Luhn's formula.

use crate::{
    context::Said,
    numbers::{Form, Group, Run},
};

/// Fewest and most digits of a card's number.
pub(crate) const LENGTHS: std::ops::RangeInclusive<usize> = 13..=19;

/// How many corrections of a card's number are tried out.
const MOST_CORRECTIONS: usize = 2;

/// Luhn's check.
pub(crate) fn luhn(digits: impl DoubleEndedIterator<Item = u8>) -> bool {
    let sum = digits.rev().enumerate().fold(0_u32, |sum, (place, digit)| {
        sum + u32::from(if place % 2 == 1 { luhn_doubled(digit) } else { digit })
    });
    sum % 10 == 0
}

/// What Luhn's formula makes of every second digit: twice as much, and the sum of its digits.
pub(crate) const fn luhn_doubled(digit: u8) -> u8 {
    if digit > 4 { digit * 2 - 9 } else { digit * 2 }
}

/// Whether groups are a card's number. `run` is the one that the groups are in, `lens` the numbers of digits that
/// they may be together. Corrections are tried out only where there is nothing beside the groups, `whole`: there are many ways
/// to take them.
pub(crate) fn plausible(groups: &[Group], run: &Run, lens: u64, said: Said, whole: bool) -> bool {
    let digits = &run.digits[..];
    let fits = LENGTHS.clone().any(|length| lens & (1 << length) != 0);
    if !fits || said == Said::Other {
        return false;
    }
    let long = lens & (1 << 15 | 1 << 16) != 0;
    if let (true, Some(first), Some(last)) = (run.plain, groups.first(), groups.last()) {
        // Most are none, and this is soon seen.
        let own = first.digits..last.digits + last.len;
        let spoken_of = said == Said::Card && long;
        if !spoken_of && (!networks(digits[own.start]) || !run.passes(own)) {
            return false;
        }
    }
    let plus = |group: &Group| group.plus && group.len <= 15;
    if groups.iter().any(|group| group.extension || plus(group)) {
        return false;
    }
    let years = groups.iter().all(|group| {
        group.form == Form::Written
            && group.len == 4
            && matches!(digits[group.digits..], [1, 0 | 4..=9, ..] | [2, 0, ..])
    });
    if said != Said::Card && years {
        return false;
    }
    if said == Said::Card && long {
        return true;
    }
    checked(groups, digits, whole)
}

/// Whether the digits, in one of the ways in which they may be corrected, pass the check.
fn checked(groups: &[Group], digits: &[u8], whole: bool) -> bool {
    let certain = groups.iter().all(|group| group.lens & 1 == 0 || group.len == 0)
        && !groups.iter().skip(1).any(|group| group.corrects);
    if let (true, Some(first), Some(last)) = (certain, groups.first(), groups.last()) {
        return is_card(&digits[first.digits..last.digits + last.len]);
    }
    let corrections = groups.iter().skip(1).filter(|group| group.corrects).count();
    if !whole || corrections > MOST_CORRECTIONS {
        return false;
    }
    let mut candidates: Vec<Vec<u8>> = vec![Vec::with_capacity(24)];
    for (place, group) in groups.iter().enumerate() {
        if group.corrects && place > 0 {
            // How much of it is taken back is not said: up to eight digits, or everything.
            for at in 0..candidates.len() {
                let length = candidates[at].len();
                for back in (1..=8.min(length)).chain([length]) {
                    let shorter = candidates[at][..length - back].to_vec();
                    candidates.push(shorter);
                }
            }
        }
        let mut taken = 0;
        if group.lens & 1 != 0 && group.len > 0 && candidates.len() < 16 {
            taken = candidates.len();
            candidates.extend(candidates.clone());
        }
        for candidate in &mut candidates[taken..] {
            if candidate.len() < 48 {
                candidate.extend(&digits[group.digits..group.digits + group.len]);
            }
        }
    }
    candidates.iter().any(|candidate| is_card(candidate))
}

/// Whether the networks' numbers begin with a digit.
pub(crate) fn networks(first: u8) -> bool {
    matches!(first, 2..=6)
}

/// Whether these are the digits of a card.
pub(crate) fn is_card(digits: &[u8]) -> bool {
    LENGTHS.contains(&digits.len()) && networks(digits[0]) && luhn(digits.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luhn_s_check_passes_what_the_networks_publish() {
        for number in
            ["4111111111111111", "5555555555554444", "378282246310005", "30569309025904", "6011111111111117"]
        {
            assert!(luhn(number.bytes().map(|byte| byte - b'0')), "{number}");
            let wrong = number.bytes().rev().enumerate().map(|(at, byte)| {
                let digit = byte - b'0';
                if at == 0 { (digit + 1) % 10 } else { digit }
            });
            let wrong: Vec<u8> = wrong.collect();
            assert!(!luhn(wrong.into_iter().rev()), "{number}");
        }
    }
}
