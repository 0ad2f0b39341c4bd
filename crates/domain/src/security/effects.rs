//! What each control does, in whole sentences that are true of the organization that reads them: whichever others are on.

use super::{Control, ControlSet};

impl Control {
    /// What it does while it is on, in whole sentences, where `on` are on: itself or not.
    pub fn effects(self, on: ControlSet) -> Vec<&'static str> {
        let is_on = on.contains(self);
        let beside = |other: Control| on.contains(other).then_some(is_on);
        let mut effects = self.by_itself().to_vec();
        match self {
            Self::CallRecording => {
                if on.contains(Self::PhiProtection) {
                    effects.extend([SOUND_IS_PROTECTED, why_is_kept(on)]);
                }
                effects.extend(beside(Self::EndToEndEncryption).map(|is_on| match is_on {
                    true => "Call recording and end-to-end encryption are both on: nobody in between can record a call, so a recording is taken only from whoever has fetched the call's key.",
                    false => "End-to-end encryption is on: nobody in between could record a call, so a recording would be taken only from whoever has fetched the call's key.",
                }));
            }
            Self::PhiProtection => {
                effects.push(why_is_kept(on));
                effects.extend(beside(Self::EndToEndEncryption).map(|is_on| match is_on {
                    true => "PHI protection and end-to-end encryption are both on: whoever is to transcribe a call has to take part in it, as nobody in between hears it. It is not checked who does: a transcript is taken from whoever may write calls, and masked like every other.",
                    false => "End-to-end encryption is on: whoever is to transcribe a call has to take part in it, as nobody in between hears it. It is not checked who does: a transcript is taken from whoever may write calls, and would be masked like every other.",
                }));
            }
            Self::EndToEndEncryption => {
                effects.extend(beside(Self::CallRecording).map(|is_on| match is_on {
                    true => "Call recording and end-to-end encryption are both on: nobody in between can record a call, so a recording is taken only from whoever has fetched the call's key.",
                    false => "Call recording is on: nobody in between could record a call any more, so a recording would be taken only from whoever has fetched the call's key.",
                }));
                effects.extend(beside(Self::PhiProtection).map(|is_on| match is_on {
                    true => "PHI protection and end-to-end encryption are both on: whoever is to transcribe a call has to take part in it, as nobody in between hears it. It is not checked who does: a transcript is taken from whoever may write calls, and masked like every other.",
                    false => "PHI protection is on: whoever is to transcribe a call would have to take part in it, as nobody in between would hear it. It would not be checked who does: a transcript is taken from whoever may write calls, and masked like every other.",
                }));
            }
            Self::AuditLog | Self::MfaRequired => {}
        }
        effects
    }

    /// What its end means at once for what there is already; none where there is nothing to say but that it is off.
    pub const fn once_off(self) -> Option<&'static str> {
        match self {
            Self::PhiProtection => Some(
                "Recordings that were made while it was on can now be played by everybody who may play recordings, Members and API keys too, and nobody is asked why. What was masked in transcripts stays masked.",
            ),
            Self::EndToEndEncryption => Some(
                "Calls that have a key already keep to it: their participants go on getting keys, and their recordings are taken only from them. Calls without one get none.",
            ),
            Self::CallRecording | Self::AuditLog | Self::MfaRequired => None,
        }
    }

    const fn by_itself(self) -> &'static [&'static str] {
        match self {
            Self::CallRecording => &[
                "The sound of calls can be uploaded, and is kept sealed by a key of this organization. While this is off, a recording is refused and nothing of it is kept.",
                "Switching it decides about what comes after: recordings that were made before stay until they are deleted, or their time is over. Switched off, it also ends every upload that is not whole yet.",
            ],
            Self::PhiProtection => &[
                "Telephone numbers, email addresses and payment card numbers are masked in transcripts before anything is stored, logged, streamed or indexed. What was masked cannot be brought back.",
                "Names, dates, addresses of streets and whatever else may identify somebody are not masked.",
                "What the platform writes down of a call beside its transcript is not masked: the numbers of both sides, its own ids, the agent's name, and further details. People need the numbers to call back; what else must not be known there has to be left out by the platform.",
                "For transcripts, switching it decides about what comes after: those that were stored before stay as they are.",
                "Reasons for which calls are handed to human agents, and notes that agents write beside their status, are masked in the same way before they are stored. Switched on, it removes the notes that there are; reasons that were stored before stay as they are.",
                "Skills are compared as they are written, so none is masked: one that holds such a number or address is refused while this is on. Those from before stay.",
                "Sound is not masked. For recordings, switching it therefore decides about all that there are: while it is on, only Owners and Admins can play one, also one that was made before, and also while no more calls are recorded.",
                "Switching it off opens every recording, also those that were made while it was on, to everybody who may play recordings: Members and API keys too, and nobody is asked why.",
            ],
            Self::EndToEndEncryption => &[
                "Calls are encrypted between their participants (SFrame, RFC 9605). Their keys are given to those alone that this organization allows, so that relays and networks in between hear nothing.",
                "The keys are made here and kept sealed: it protects calls on their way, and not against whoever runs this service.",
                "Switched on, it holds for calls that have begun as well: a recording that is uploaded from then on is taken only from whoever has fetched the call's key, also where the call began without one. Of a call that is over without ever having had a key, none is taken.",
                "Switched off, it decides about calls that have no key yet. A call that has one keeps to it until it ends: its participants go on getting keys, there is a new one when somebody has left, and its recording is taken only from whoever has fetched one.",
            ],
            Self::AuditLog => &[
                "Changes, sign-ins, refusals, each call made with an API key, and what other services report are kept in a log. Whoever has kept a checkpoint of it can prove that nothing was changed, left out or put in between afterwards.",
                "While it is off, changes are kept for 30 days for the needs of the platform's operator, and are not shown here. What programs do and report is not kept.",
                "Switching it off is the last event of the log, and switching it on again goes on in the same one. What was written while it was on can be read and proved ever after, for as long as the plan keeps it.",
            ],
            Self::MfaRequired => &[
                "Every member needs a second factor: an authenticator app or a passkey. A passkey alone will do.",
                "Each member without one has a deadline of their own. Signing in again, leaving and coming back, or switching this off and on does not extend it.",
                "After it they can set one up, go to another of their organizations, or leave this one. Everything else is closed to them until they have set one up.",
                "API keys are not persons, and go on working.",
            ],
        }
    }
}

const SOUND_IS_PROTECTED: &str = "PHI protection is on: transcripts are masked, sound is not. So only Owners and Admins can play a recording, whenever it was made.";

/// Where it goes what somebody says why they play a recording.
const fn why_is_kept(on: ControlSet) -> &'static str {
    match (on.contains(Control::PhiProtection), on.contains(Control::AuditLog)) {
        (true, true) => {
            "Whoever plays a recording is asked for a reason each time, which is kept in the audit log."
        }
        (true, false) => {
            "Whoever plays a recording is asked for a reason each time. As the audit log is off, it is kept for 30 days for the needs of the platform's operator, and is not shown here."
        }
        (false, true) => {
            "Whoever plays a recording would be asked for a reason each time, which would be kept in the audit log."
        }
        (false, false) => {
            "Whoever plays a recording would be asked for a reason each time. As the audit log is off, it would be kept for 30 days for the needs of the platform's operator, and not be shown here."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every combination of the controls that are sold.
    fn combinations() -> impl Iterator<Item = ControlSet> {
        (0..1 << Control::SOLD.len()).map(|bits: u32| {
            let on = |(place, control): (usize, Control)| (bits >> place & 1 == 1).then_some(control);
            Control::SOLD.into_iter().enumerate().filter_map(on).collect()
        })
    }

    /// What a sentence says that is so only while some controls are on, or off.
    const CLAIMS: [(&str, &[(Control, bool)]); 16] = {
        use Control::{AuditLog, CallRecording, EndToEndEncryption, PhiProtection};
        [
            (
                "Call recording and end-to-end encryption are both on",
                &[(CallRecording, true), (EndToEndEncryption, true)],
            ),
            (
                "PHI protection and end-to-end encryption are both on",
                &[(PhiProtection, true), (EndToEndEncryption, true)],
            ),
            ("Call recording is on:", &[(CallRecording, true), (EndToEndEncryption, false)]),
            ("PHI protection is on:", &[(PhiProtection, true)]),
            ("End-to-end encryption is on:", &[(EndToEndEncryption, true)]),
            ("is kept in the audit log", &[(AuditLog, true), (PhiProtection, true)]),
            ("would be kept in the audit log", &[(AuditLog, true), (PhiProtection, false)]),
            ("As the audit log is off", &[(AuditLog, false)]),
            ("it is kept for 30 days", &[(AuditLog, false), (PhiProtection, true)]),
            ("it would be kept for 30 days", &[(AuditLog, false), (PhiProtection, false)]),
            ("Whoever plays a recording is asked", &[(PhiProtection, true)]),
            ("Whoever plays a recording would be asked", &[(PhiProtection, false)]),
            ("would be masked", &[(PhiProtection, false), (EndToEndEncryption, true)]),
            ("nobody in between can record", &[(CallRecording, true), (EndToEndEncryption, true)]),
            ("could record a call, so", &[(CallRecording, false), (EndToEndEncryption, true)]),
            ("could record a call any more", &[(CallRecording, true), (EndToEndEncryption, false)]),
        ]
    };

    #[test]
    fn no_sentence_says_what_is_not_so_in_any_of_the_combinations() {
        assert_eq!(combinations().count(), 16);
        for on in combinations() {
            for control in Control::ALL {
                let effects = control.effects(on);
                for effect in &effects {
                    for (claim, conditions) in CLAIMS {
                        let so = conditions.iter().all(|(other, is_on)| on.contains(*other) == *is_on);
                        assert!(so || !effect.contains(claim), "{control:?} among {on:?}: {effect}");
                    }
                    // Whatever names a control as being on is on the list above.
                    let claims = |claim: &str| CLAIMS.iter().any(|(listed, _)| listed.contains(claim));
                    for part in [" are both on", " is on:", " is off,"] {
                        let Some((before, _)) = effect.split_once(part) else { continue };
                        let named = before.rsplit(". ").next().unwrap_or_default();
                        // What is only supposed is no claim.
                        let claim = format!("{named}{}", part.trim_end_matches(','));
                        assert!(named.starts_with("While ") || claims(&claim), "{claim}");
                    }
                    assert!(effect.ends_with('.') && effect.starts_with(char::is_uppercase), "{effect}");
                }
                let once: std::collections::BTreeSet<_> = effects.iter().collect();
                assert_eq!(once.len(), effects.len(), "{control:?} among {on:?}");
            }
        }
    }

    #[test]
    fn each_control_tells_of_the_others_that_are_on_also_before_it_goes_on_itself() {
        use Control::{AuditLog, CallRecording, EndToEndEncryption, MfaRequired, PhiProtection};
        for on in combinations() {
            let more = |control: Control| control.effects(on).len() - control.by_itself().len();
            let count = |others: &[Control]| others.iter().filter(|other| on.contains(**other)).count();
            assert_eq!(
                more(CallRecording),
                2 * count(&[PhiProtection]) + count(&[EndToEndEncryption]),
                "{on:?}"
            );
            assert_eq!(more(PhiProtection), 1 + count(&[EndToEndEncryption]), "{on:?}");
            assert_eq!(more(EndToEndEncryption), count(&[CallRecording, PhiProtection]), "{on:?}");
            assert_eq!(more(AuditLog) + more(MfaRequired), 0, "{on:?}");
        }
    }

    #[test]
    fn what_opens_with_the_end_of_a_protection_is_told_with_it() {
        for control in Control::ALL {
            let opens = control.by_itself().iter().any(|effect| effect.starts_with("Switching it off opens"));
            assert_eq!(opens, control.once_off().is_some_and(|told| told.contains("can now be played")));
        }
    }
}
