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

    /// What people call it, as the beginning of a sentence.
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

    /// What it does while it is on, in whole sentences, beside those that are `on`.
    pub fn effects(self, on: ControlSet) -> Vec<&'static str> {
        let (recording, masking, encryption) = (
            on.contains(Self::CallRecording),
            on.contains(Self::PhiProtection),
            on.contains(Self::EndToEndEncryption),
        );
        let mut effects = self.by_itself().to_vec();
        match self {
            Self::CallRecording => {
                effects.extend(masking.then_some(SOUND_IS_NOT_MASKED));
                effects.extend(encryption.then_some(RECORDED_FROM_WITHIN));
            }
            Self::PhiProtection => {
                effects.extend(recording.then_some(SOUND_IS_NOT_MASKED));
                effects.extend(encryption.then_some(TRANSCRIBED_FROM_WITHIN));
            }
            Self::EndToEndEncryption => {
                effects.extend(recording.then_some(RECORDED_FROM_WITHIN));
                effects.extend(masking.then_some(TRANSCRIBED_FROM_WITHIN));
            }
            Self::AuditLog | Self::MfaRequired => {}
        }
        effects
    }

    const fn by_itself(self) -> &'static [&'static str] {
        match self {
            Self::CallRecording => &[
                "The sound of calls can be uploaded, and is kept sealed by a key of this organization. While this is off, a recording is refused and nothing of it is kept.",
                "Switching it decides about what comes after: recordings that were made before stay until they are deleted, or their time is over.",
            ],
            Self::PhiProtection => &[
                "Telephone numbers, e-mail addresses and payment card numbers are masked in transcripts before anything is stored, logged, streamed or indexed. What was masked cannot be brought back.",
                "Names, dates, addresses of streets and whatever else may identify somebody are not masked.",
                "Switching it decides about what comes after: transcripts that were stored before stay as they are.",
            ],
            Self::EndToEndEncryption => &[
                "Calls are encrypted between their participants (SFrame, RFC 9605). Their keys are given to those participants alone that this organization allows, so that relays and networks in between hear nothing.",
                "The keys are made here and kept sealed: it protects calls on their way, and not against whoever runs this service.",
                "Switching it decides about what comes after: a call that has begun goes on as it began.",
            ],
            Self::AuditLog => &[
                "Changes, sign-ins, refusals, each call made with an API key, and what other services report are kept in a log. Whoever has kept a checkpoint of it can prove that nothing was changed, left out or put in between afterwards.",
                "While it is off, changes are kept for 30 days for the needs of the platform's operator, and are not shown here. What programs do and report is not kept.",
                "Switching it off is the last event of the log, and switching it on again goes on in the same one. What was written while it was on can be read and proved ever after, for as long as the plan keeps it.",
            ],
            Self::MfaRequired => &[
                "Every member needs a second factor: an authenticator app or a passkey. A passkey alone will do.",
                "Each member without one has a deadline of their own. Signing in again, leaving and coming back, or switching this off and on does not extend it.",
                "After it they can set one up or leave the organization, and nothing else.",
                "API keys are not persons, and go on working.",
            ],
        }
    }
}

const SOUND_IS_NOT_MASKED: &str = "Call recording and PHI protection are both on: transcripts are masked, sound is not. So only Owners and Admins can play a recording, and each time they are asked for a reason, which is kept in the audit log.";
const RECORDED_FROM_WITHIN: &str = "Call recording and end-to-end encryption are both on: nobody in between can record a call, so a recording is taken only from a participant that has fetched this call's key.";
const TRANSCRIBED_FROM_WITHIN: &str = "PHI protection and end-to-end encryption are both on: nobody in between can transcribe a call. A transcript comes from a participant that hears it, and is masked like every other.";

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
    fn each_of_two_controls_that_meet_tells_of_it_only_while_the_other_is_on() {
        use Control::{CallRecording, EndToEndEncryption, PhiProtection};
        for (one, other) in [
            (CallRecording, PhiProtection),
            (CallRecording, EndToEndEncryption),
            (PhiProtection, EndToEndEncryption),
        ] {
            let both = set(&[one, other]);
            let told = |control: Control, on| control.effects(on).last().copied();
            assert_eq!(told(one, both), told(other, both), "{one:?} {other:?}");
            assert_eq!(one.effects(both).len(), one.effects(set(&[one])).len() + 1);
            // Also before the second of them goes on, whoever is about to do so can read it.
            assert_eq!(one.effects(set(&[other])), one.effects(both));
        }
        let all = set(&Control::ALL);
        assert_eq!(CallRecording.effects(all).len(), CallRecording.by_itself().len() + 2);
        assert_eq!(Control::AuditLog.effects(all), Control::AuditLog.by_itself());
    }

    #[test]
    fn effects_are_whole_sentences() {
        for control in Control::ALL {
            for effect in control.effects(set(&Control::ALL)) {
                assert!(effect.ends_with('.') && effect.starts_with(char::is_uppercase), "{effect}");
            }
        }
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
