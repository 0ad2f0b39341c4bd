//! Who may hear a recording.
//!
//! PHI protection takes identifiers out of transcripts. It cannot take them out of audio, so while it is on, fewer people may
//! listen, and they say why.

use crate::{
    Permission, Role, Text,
    policy::{Decision, Grant, Target, decide},
};

/// Why somebody wants to hear a recording, in their own words: 1 to 500 characters.
pub type PlaybackReason = Text<500>;

/// A decision that somebody may hear a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hearing {
    reason: Option<PlaybackReason>,
}

impl Hearing {
    /// What was said why, for the audit log; there always is something while PHI protection is on.
    pub fn reason(&self) -> Option<&PlaybackReason> {
        self.reason.as_ref()
    }
}

/// Why somebody does not get to hear a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotHeard {
    /// They lack a permission.
    Forbidden {
        /// Which.
        required: Permission,
    },
    /// While PHI protection is on, only Owners and Admins may.
    Protected,
    /// While PHI protection is on, it takes a reason.
    ReasonMissing,
}

/// Decides whether whoever holds `grant` may hear a recording, while `phi_protection` is on or off.
///
/// ```
/// use rollcall_domain::{Role, policy::Grant, recordings::{NotHeard, hearing}};
///
/// let member = Grant::Member { role: Role::Member };
/// assert!(hearing(&member, false, None).is_ok());
/// assert_eq!(hearing(&member, true, "a complaint".parse().ok()), Err(NotHeard::Protected));
/// ```
///
/// # Errors
/// [`NotHeard`]. What somebody is not allowed at all is said before what they have left out.
pub fn hearing(
    grant: &Grant,
    phi_protection: bool,
    reason: Option<PlaybackReason>,
) -> Result<Hearing, NotHeard> {
    match decide(grant, Permission::RecordingsRead, Target::Organization) {
        Decision::Allowed => {}
        Decision::Forbidden { required } => return Err(NotHeard::Forbidden { required }),
        Decision::Hidden => return Err(NotHeard::Forbidden { required: Permission::RecordingsRead }),
    }
    if phi_protection {
        match grant {
            Grant::Member { role: Role::Owner | Role::Admin } => {}
            Grant::Member { role: Role::Member | Role::CustomerSupportAgent | Role::Viewer }
            | Grant::ApiKey { .. }
            | Grant::None => return Err(NotHeard::Protected),
        }
        if reason.is_none() {
            return Err(NotHeard::ReasonMissing);
        }
    }
    Ok(Hearing { reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_30_with_phi_protection_only_owners_and_admins_hear_and_only_with_a_reason() {
        let key = Grant::ApiKey { scopes: [Permission::RecordingsRead].into_iter().collect() };
        let reason = || "complaint 4711".parse::<PlaybackReason>().ok();
        let forbidden = Err(NotHeard::Forbidden { required: Permission::RecordingsRead });
        for (grant, heard, protected) in [
            (Grant::Member { role: Role::Owner }, Ok(()), Ok(())),
            (Grant::Member { role: Role::Admin }, Ok(()), Ok(())),
            (Grant::Member { role: Role::Member }, Ok(()), Err(NotHeard::Protected)),
            (key, Ok(()), Err(NotHeard::Protected)),
            (Grant::Member { role: Role::Viewer }, forbidden, forbidden),
            (Grant::Member { role: Role::CustomerSupportAgent }, forbidden, forbidden),
            (Grant::None, forbidden, forbidden),
        ] {
            assert_eq!(hearing(&grant, false, None).map(drop), heard, "{grant:?}");
            assert_eq!(hearing(&grant, true, reason()).map(drop), protected, "{grant:?}");
            let without = hearing(&grant, true, None);
            assert_eq!(without, protected.and(Err(NotHeard::ReasonMissing)), "{grant:?}");
        }
        let heard = hearing(&Grant::Member { role: Role::Owner }, true, reason()).expect("heard");
        assert_eq!(heard.reason(), reason().as_ref());
    }
}
