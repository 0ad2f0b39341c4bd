//! What an organization asks of everybody in it, for the sake of security.

mod control;
mod effects;

use time::{Duration, OffsetDateTime};

pub use control::{Control, ControlChange, ControlSet};

/// How many days people have to set up a second factor: 0 to 90, and 7 if nobody says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GraceDays(u8);

/// The number is none of days of grace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be between 0 and 90")]
pub struct InvalidGraceDays;

impl GraceDays {
    const MOST: u8 = 90;

    /// The number of days, from 0 to 90.
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl Default for GraceDays {
    fn default() -> Self {
        Self(7)
    }
}

impl TryFrom<i64> for GraceDays {
    type Error = InvalidGraceDays;

    fn try_from(days: i64) -> Result<Self, InvalidGraceDays> {
        u8::try_from(days).ok().filter(|days| *days <= Self::MOST).map(Self).ok_or(InvalidGraceDays)
    }
}

/// Whether an organization asks for second factors; it does not if nobody says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MfaRule {
    /// Whether it does.
    pub enabled: bool,
    /// How long people have, from when it is switched on or they come in later.
    pub grace: GraceDays,
}

/// A change of an organization's rule about second factors that has been decided.
///
/// ```
/// use rollcall_domain::security::{MfaRule, RuleChange};
///
/// let change = RuleChange::decide(MfaRule::default(), Some(true), None).expect("another rule");
/// assert!(change.switches_on() && change.sets_deadlines());
/// assert_eq!(RuleChange::decide(MfaRule::default(), Some(false), None), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleChange {
    before: MfaRule,
    after: MfaRule,
}

impl RuleChange {
    /// Decides what the rule is to be, where what nobody says stays as it is; none when it is that already.
    pub fn decide(before: MfaRule, enabled: Option<bool>, grace: Option<GraceDays>) -> Option<Self> {
        let after =
            MfaRule { enabled: enabled.unwrap_or(before.enabled), grace: grace.unwrap_or(before.grace) };
        (after != before).then_some(Self { before, after })
    }

    /// The rule before.
    pub fn before(&self) -> MfaRule {
        self.before
    }

    /// The rule after.
    pub fn after(&self) -> MfaRule {
        self.after
    }

    /// Whether it goes on, so that everybody is told.
    pub fn switches_on(&self) -> bool {
        self.after.enabled && !self.before.enabled
    }

    /// Whether deadlines come of it: when it goes on, and when there is less time than before. More time is only for those who
    /// come in later, as no deadline is ever extended.
    pub fn sets_deadlines(&self) -> bool {
        self.after.enabled && (!self.before.enabled || self.after.grace.get() < self.before.grace.get())
    }
}

/// By when somebody needs a second factor where they are at work: they have none, and their organization asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// When, on the database's clock.
    pub at: OffsetDateTime,
    /// How long that is from now, on the same clock; nothing, or less, when it is over.
    pub left: Duration,
}

impl Deadline {
    /// Whether it is over, so that nothing is left to do but to set one up, or to leave.
    pub fn is_over(&self) -> bool {
        self.left <= Duration::ZERO
    }

    /// The deadline as it is a while later.
    pub fn after(self, while_: Duration) -> Self {
        Self { left: self.left.saturating_sub(while_), ..self }
    }
}

/// The person whose second factor is to be turned off for them, as far as the rule looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Locked {
    /// Whether it is whoever asks.
    pub oneself: bool,
    /// Whether they have a second factor.
    pub mfa_enabled: bool,
    /// Whether they are in another organization too.
    pub elsewhere: bool,
}

/// Why an Owner does not turn somebody's second factor off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetRefusal {
    /// It is their own: whoever can sign in needs no reset, and a stolen session must not get one.
    Own,
    /// There is none.
    NotEnabled,
    /// It guards what is not this organization's too, so the platform's operator decides.
    Elsewhere,
}

/// Decides whether an Owner may turn the second factor of somebody in their organization off.
///
/// # Errors
/// [`ResetRefusal`]. What an Owner sees anyway is looked at first.
pub fn reset(locked: Locked) -> Result<(), ResetRefusal> {
    match locked {
        Locked { oneself: true, .. } => Err(ResetRefusal::Own),
        Locked { mfa_enabled: false, .. } => Err(ResetRefusal::NotEnabled),
        Locked { elsewhere: true, .. } => Err(ResetRefusal::Elsewhere),
        Locked { oneself: false, mfa_enabled: true, elsewhere: false } => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grace(days: i64) -> GraceDays {
        days.try_into().expect("days")
    }

    fn rule(enabled: bool, days: i64) -> MfaRule {
        MfaRule { enabled, grace: grace(days) }
    }

    #[test]
    fn grace_is_a_quarter_at_the_most() {
        for days in [0, 7, 90] {
            assert_eq!(GraceDays::try_from(days).map(|grace| i64::from(grace.get())), Ok(days));
        }
        for days in [-1, 91, 256, i64::MAX] {
            assert_eq!(GraceDays::try_from(days), Err(InvalidGraceDays), "{days}");
        }
    }

    #[test]
    fn deadlines_come_of_going_on_and_of_less_time() {
        for (before, enabled, days, changes, deadlines) in [
            (rule(false, 7), Some(true), None, true, true),
            (rule(false, 7), None, Some(3), true, false),
            (rule(true, 7), None, Some(3), true, true),
            (rule(true, 7), None, Some(30), true, false),
            (rule(true, 7), Some(false), Some(3), true, false),
            (rule(true, 7), Some(true), Some(7), false, false),
            (rule(false, 7), None, None, false, false),
        ] {
            let change = RuleChange::decide(before, enabled, days.map(grace));
            assert_eq!(change.is_some(), changes, "{before:?} {enabled:?} {days:?}");
            assert_eq!(
                change.is_some_and(|change| change.sets_deadlines()),
                deadlines,
                "{before:?} {days:?}"
            );
        }
    }

    #[test]
    fn a_deadline_is_over_at_its_moment() {
        let at = OffsetDateTime::UNIX_EPOCH;
        let deadline = Deadline { at, left: Duration::SECOND };
        assert!(!deadline.is_over() && !deadline.after(Duration::milliseconds(999)).is_over());
        assert!(deadline.after(Duration::SECOND).is_over());
        assert!(Deadline { at, left: Duration::MIN }.after(Duration::MAX).is_over());
    }

    #[test]
    fn an_owner_s_reset_is_for_others_who_are_nowhere_else() {
        let locked = Locked { oneself: false, mfa_enabled: true, elsewhere: false };
        assert_eq!(reset(locked), Ok(()));
        for (locked, refusal) in [
            (Locked { oneself: true, ..locked }, ResetRefusal::Own),
            (Locked { mfa_enabled: false, ..locked }, ResetRefusal::NotEnabled),
            (Locked { elsewhere: true, ..locked }, ResetRefusal::Elsewhere),
            (Locked { mfa_enabled: false, elsewhere: true, ..locked }, ResetRefusal::NotEnabled),
        ] {
            assert_eq!(reset(locked), Err(refusal));
        }
    }
}
