//! The controls that an organization switches on and off for everybody in it, and what each of them does.

use std::str::FromStr;

use crate::{
    Permission,
    organizations::Plan,
    plans::{PlanRequired, Plans},
};

/// A control that an organization switches on and off for everybody in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Control {
    /// Calls can be recorded.
    CallRecording,
    /// What identifies somebody is masked in transcripts.
    PhiProtection,
    /// Calls are encrypted between their participants.
    EndToEndEncryption,
    /// What is done is kept so that it can be proved.
    AuditLog,
    /// Everybody needs a second factor.
    MfaRequired,
}

/// The text names no control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a security control")]
pub struct UnknownControl;

impl Control {
    /// Every control.
    pub const ALL: [Self; 5] = [
        Self::CallRecording,
        Self::PhiProtection,
        Self::EndToEndEncryption,
        Self::AuditLog,
        Self::MfaRequired,
    ];

    /// Those that plans are told apart by. What keeps accounts from being taken over is not sold.
    pub const SOLD: [Self; 4] =
        [Self::CallRecording, Self::PhiProtection, Self::EndToEndEncryption, Self::AuditLog];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallRecording => "call_recording",
            Self::PhiProtection => "phi_protection",
            Self::EndToEndEncryption => "end_to_end_encryption",
            Self::AuditLog => "audit_log",
            Self::MfaRequired => "mfa_required",
        }
    }

    /// What people call it in English, as the beginning of a sentence.
    pub const fn title(self) -> &'static str {
        match self {
            Self::CallRecording => "Call recording",
            Self::PhiProtection => "PHI protection",
            Self::EndToEndEncryption => "End-to-end encryption",
            Self::AuditLog => "The audit log",
            Self::MfaRequired => "The rule that everybody needs a second factor",
        }
    }

    /// Whether somebody is worse protected without it, so that its end is told to the Owners. Recording protects nobody.
    pub const fn is_protection(self) -> bool {
        match self {
            Self::PhiProtection | Self::EndToEndEncryption | Self::AuditLog | Self::MfaRequired => true,
            Self::CallRecording => false,
        }
    }

    /// The control without which a permission leads to nothing, where there is one. Only what makes something new is named
    /// here: what was made while a control was on can be read, and deleted, ever after.
    pub const fn behind(permission: Permission) -> Option<Self> {
        match permission {
            Permission::AuditLogAppend => Some(Self::AuditLog),
            Permission::MediaKeysIssue => Some(Self::EndToEndEncryption),
            _ => None,
        }
    }
}

impl FromStr for Control {
    type Err = UnknownControl;

    fn from_str(text: &str) -> Result<Self, UnknownControl> {
        Self::ALL.into_iter().find(|control| control.as_str() == text).ok_or(UnknownControl)
    }
}

/// Some of the controls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ControlSet(u8);

impl ControlSet {
    /// Whether `control` is among them.
    pub const fn contains(self, control: Control) -> bool {
        self.0 & 1 << control as u8 != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those that are not in `others`.
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// The controls, in the order of [`Control::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Control> {
        Control::ALL.into_iter().filter(move |control| self.contains(*control))
    }
}

impl FromIterator<Control> for ControlSet {
    fn from_iter<I: IntoIterator<Item = Control>>(controls: I) -> Self {
        Self(controls.into_iter().fold(0, |bits, control| bits | 1 << control as u8))
    }
}

/// A switch of a control that has been decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControlChange {
    control: Control,
    on: bool,
}

impl ControlChange {
    /// Decides whether a control is switched, in an organization with `plan`; none when it is so already. Off it can be switched
    /// with any plan.
    ///
    /// # Errors
    /// [`PlanRequired`].
    pub fn decide(
        control: Control,
        is_on: bool,
        wanted: bool,
        plan: Plan,
        plans: &Plans,
    ) -> Result<Option<Self>, PlanRequired> {
        if wanted == is_on {
            return Ok(None);
        }
        if wanted {
            plans.require(control, plan)?;
        }
        Ok(Some(Self { control, on: wanted }))
    }

    /// It goes with the plan.
    pub(crate) fn off(control: Control) -> Self {
        Self { control, on: false }
    }

    /// Which control.
    pub fn control(&self) -> Control {
        self.control
    }

    /// Whether it goes on.
    pub fn switches_on(&self) -> bool {
        self.on
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::tests::plans;

    fn set(controls: &[Control]) -> ControlSet {
        controls.iter().copied().collect()
    }

    #[test]
    fn names_read_back_and_sets_hold_what_they_were_made_of() {
        for control in Control::ALL {
            assert_eq!(control.as_str().parse(), Ok(control));
            let only = set(&[control]);
            assert_eq!(only.iter().collect::<Vec<_>>(), [control]);
            assert!(only.without(only).is_empty() && !only.without(ControlSet::default()).is_empty());
        }
        assert_eq!("recording".parse::<Control>(), Err(UnknownControl));
    }

    #[test]
    fn a_control_goes_on_with_a_plan_that_has_it_and_off_with_any() {
        use Control::{AuditLog, CallRecording};
        let plans = plans();
        let decide = |control, is_on, wanted, plan| {
            let decided = ControlChange::decide(control, is_on, wanted, plan, &plans);
            decided.map(|change| change.map(|change| change.switches_on())).map_err(|refused| refused.plan)
        };
        assert_eq!(decide(CallRecording, false, true, Plan::Free), Err(Some(Plan::Pro)));
        assert_eq!(decide(CallRecording, false, true, Plan::Pro), Ok(Some(true)));
        assert_eq!(decide(AuditLog, false, true, Plan::Pro), Err(Some(Plan::Enterprise)));
        assert_eq!(decide(AuditLog, true, false, Plan::Free), Ok(Some(false)));
        assert_eq!(decide(AuditLog, true, true, Plan::Free), Ok(None));
        assert_eq!(decide(AuditLog, false, false, Plan::Free), Ok(None));
    }
}
