//! Attempts to prove who one is: how many may fail, and how fast.
//!
//! Guessing is made slow, and in the end stopped, without letting whoever guesses lock the owner out: a device that the owner
//! has used before has an allowance of its own, and a part of the failures in a row that is kept for such devices.
//!
//! ```
//! use rollcall_domain::attempts::{self, Tallies};
//! use time::OffsetDateTime;
//!
//! let now = OffsetDateTime::UNIX_EPOCH;
//! let begun = attempts::begin(Tallies::new(now), None, now).expect("the first");
//! assert_eq!(begun.account.in_a_row, 1);
//! ```

use time::{Duration, OffsetDateTime};

/// The most failures in a row of one authenticator (NIST SP 800-63B-4 section 3.2.2). After that a password lets nobody in until
/// another is chosen by way of the mailbox.
pub const MOST_IN_A_ROW: u32 = 100;

/// The part of them that only devices can use up that have shown what they were given when they were used before.
const KEPT_FOR_KNOWN_DEVICES: u32 = 20;

/// Failures in a row after which the owner is told (ASVS 6.3.5).
pub const WORTH_TELLING: [u32; 2] = [10, MOST_IN_A_ROW - KEPT_FOR_KNOWN_DEVICES];

/// How long a device counts as known that was used.
pub const DEVICE_KNOWN_FOR: Duration = Duration::days(90);

/// When it is worth trying again where only another password helps.
const STOPPED: Duration = Duration::DAY;

/// How many attempts may be made at once, and how long each takes to come back (the generic cell rate algorithm).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// How many can be made at once.
    pub attempts: u32,
    /// How long it takes until one more may be made.
    pub each: Duration,
}

/// The allowances of attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowances {
    /// For one account: for each device that is known of its own, and for all others together.
    pub account: Allowance,
    /// From one network, whichever accounts are tried.
    pub network: Allowance,
}

/// What has been attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Failures since the last success.
    pub in_a_row: u32,
    /// When the allowance is whole again; now, or earlier, when nothing of it is spent.
    pub whole_at: OffsetDateTime,
}

/// What has been attempted, as far as it concerns one more attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tallies {
    /// At the account.
    pub account: Tally,
    /// At the account by this device, if it is a known one.
    pub device: Option<Tally>,
    /// Whether the device has shown what it was given. One that is only known by its network and its name may be another's.
    pub device_is_shown: bool,
    /// From the network.
    pub network: Tally,
}

/// There have been too many attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts")]
pub struct TooMany {
    /// How long from now it is worth trying again; a day where only another password helps.
    pub retry_after: Duration,
}

impl Tally {
    /// No attempts yet.
    pub fn new(now: OffsetDateTime) -> Self {
        Self { in_a_row: 0, whole_at: now }
    }

    fn spend(&mut self, allowance: Allowance, now: OffsetDateTime) -> Result<(), TooMany> {
        let whole_at = self.whole_at.max(now) + allowance.each;
        let over = whole_at - now - allowance.each * allowance.attempts;
        if over.is_positive() {
            return Err(TooMany { retry_after: over });
        }
        self.whole_at = whole_at;
        Ok(())
    }
}

impl Tallies {
    /// No attempts yet, by a device that is not known.
    pub fn new(now: OffsetDateTime) -> Self {
        Self { account: Tally::new(now), device: None, device_is_shown: false, network: Tally::new(now) }
    }
}

/// Counts an attempt before it is looked at, so that those count, too, that are made at the same time: as a failure, until it is known to be
/// none. Without `allowances` only failures in a row are limited.
///
/// # Errors
/// [`TooMany`]; nothing is counted then.
pub fn begin(
    mut tallies: Tallies,
    allowances: Option<&Allowances>,
    now: OffsetDateTime,
) -> Result<Tallies, TooMany> {
    let most = match tallies.device_is_shown {
        true => MOST_IN_A_ROW,
        false => MOST_IN_A_ROW - KEPT_FOR_KNOWN_DEVICES,
    };
    if tallies.account.in_a_row >= most {
        return Err(TooMany { retry_after: STOPPED });
    }
    if let Some(allowances) = allowances {
        // An attempt by a known device leaves the allowance of all others alone, and theirs leaves its own.
        tallies.device.as_mut().unwrap_or(&mut tallies.account).spend(allowances.account, now)?;
        tallies.network.spend(allowances.network, now)?;
    }
    tallies.account.in_a_row += 1;
    Ok(tallies)
}

/// How many failures in a row the owner should hear of now, if this is how many there are and how many of them they have heard of: the most of
/// [`WORTH_TELLING`] that is new to them, or none.
pub fn worth_telling(in_a_row: u32, told: u32) -> Option<u32> {
    WORTH_TELLING.into_iter().filter(|most| told < *most && *most <= in_a_row).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
    const ALLOWANCES: Allowances = Allowances {
        account: Allowance { attempts: 3, each: Duration::MINUTE },
        network: Allowance { attempts: 5, each: Duration::SECOND },
    };

    fn known() -> Tallies {
        Tallies { device: Some(Tally::new(NOW)), device_is_shown: true, ..Tallies::new(NOW) }
    }

    #[test]
    fn attempts_come_back_one_by_one() {
        let mut tallies = Tallies::new(NOW);
        for _ in 0..3 {
            tallies = begin(tallies, Some(&ALLOWANCES), NOW).expect("allowed");
        }
        assert_eq!(begin(tallies, Some(&ALLOWANCES), NOW), Err(TooMany { retry_after: Duration::MINUTE }));
        let later = NOW + Duration::MINUTE;
        tallies = begin(tallies, Some(&ALLOWANCES), later).expect("one came back");
        assert!(begin(tallies, Some(&ALLOWANCES), later).is_err());
        assert!(begin(tallies, Some(&ALLOWANCES), later + Duration::HOUR).is_ok());
    }

    #[test]
    fn attack_35_whoever_guesses_does_not_use_up_what_known_devices_have() {
        let mut tallies = Tallies::new(NOW);
        let mut now = NOW;
        while let Ok(begun) = begin(tallies, Some(&ALLOWANCES), now) {
            tallies = begun;
            now += Duration::MINUTE;
        }
        assert_eq!(tallies.account.in_a_row, MOST_IN_A_ROW - KEPT_FOR_KNOWN_DEVICES);
        let owner = Tallies { device: Some(Tally::new(now)), device_is_shown: true, ..tallies };
        assert!(begin(owner, Some(&ALLOWANCES), now).is_ok());
        // Whoever sits in the same network with the same client has not shown anything.
        let beside = Tallies { device_is_shown: false, ..owner };
        assert!(begin(beside, Some(&ALLOWANCES), now).is_err());
    }

    #[test]
    fn nist_3_2_2_there_are_never_more_than_a_hundred_failures_in_a_row() {
        let mut tallies = known();
        while let Ok(begun) = begin(tallies, None, NOW) {
            tallies = begun;
        }
        assert_eq!(tallies.account.in_a_row, 100);
    }

    #[test]
    fn asvs_6_3_5_the_owner_hears_of_each_round_number_once_also_where_it_was_passed_over() {
        let mut told = 0;
        let mut heard = Vec::new();
        for in_a_row in (1..10).chain([11, 10, 12, 79, 80, 80, 100]) {
            if let Some(now) = worth_telling(in_a_row, told) {
                heard.push((in_a_row, now));
                told = now;
            }
        }
        assert_eq!(heard, [(11, 10), (80, 80)]);
    }

    #[test]
    fn a_network_has_an_allowance_for_all_accounts_together() {
        let mut network = Tally::new(NOW);
        for _ in 0..5 {
            network = begin(Tallies { network, ..known() }, Some(&ALLOWANCES), NOW).expect("allowed").network;
        }
        assert!(begin(Tallies { network, ..known() }, Some(&ALLOWANCES), NOW).is_err());
    }
}
