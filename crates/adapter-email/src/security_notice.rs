//! What owners of accounts are told when something about how they are signed in to has changed. All of them are one template.

use rollcall_application::mail::SecurityNotice;

/// The words of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Words {
    /// The subject, and the heading.
    pub(crate) subject: &'static str,
    /// What has happened, as the rest of a sentence that begins with a greeting.
    pub(crate) news: &'static str,
    /// What to do if it was somebody else.
    pub(crate) otherwise: &'static str,
}

impl Words {
    /// The words of `notice`.
    pub(crate) const fn of(notice: SecurityNotice) -> Self {
        match notice {
            SecurityNotice::MfaEnabled => Self {
                subject: "An authenticator app protects your account",
                news: "from now on, signing in to your account takes a code of your authenticator app besides the password. Keep \
                       your recovery codes where you find them without your phone.",
                otherwise: "It was not you? Then somebody is signed in to your account. Use \"forgot password\" at once, and ask \
                            an Owner of your organization to reset your second factor.",
            },
            SecurityNotice::MfaDisabled => Self {
                subject: "An authenticator app no longer protects your account",
                news: "the authenticator app of your account has just been turned off. Its codes are not asked for any more.",
                otherwise: "It was not you? Then choose another password at once, by saying that you have forgotten yours, and \
                            turn the app on again.",
            },
            SecurityNotice::RecoveryCodeUsed => Self {
                subject: "A recovery code of your account was used",
                news: "one of your recovery codes has just been used in place of your second factor. It does not work again. If you \
                       have few left, make new ones.",
                otherwise: "It was not you? Then somebody has your password and your recovery codes. Choose another password at \
                            once, by saying that you have forgotten yours, and make new recovery codes.",
            },
            SecurityNotice::RecoveryCodesRenewed => Self {
                subject: "Your account has new recovery codes",
                news: "new recovery codes have just been made for your account. The old ones do not work any more.",
                otherwise: "It was not you? Then choose another password at once, by saying that you have forgotten yours, and \
                            make new recovery codes.",
            },
            SecurityNotice::PasskeyAdded => Self {
                subject: "A passkey has been added to your account",
                news: "a passkey has just been added to your account. Whoever holds that device, and unlocks it, signs in without your \
                       password.",
                otherwise: "It was not you? Then somebody is signed in to your account. Use \"forgot password\" at once, and \
                            remove the passkey.",
            },
            SecurityNotice::PasskeyRemoved => Self {
                subject: "A passkey has been removed from your account",
                news: "a passkey has just been removed from your account. It signs in no more.",
                otherwise: "It was not you? Then choose another password at once, by saying that you have forgotten yours, and \
                            look at your other passkeys.",
            },
            SecurityNotice::MfaReset => Self {
                subject: "Your second factor has been turned off",
                news: "the second factor of your account has just been turned off for you, as it was said to be lost: authenticator \
                       app, passkeys and recovery codes. All of your sessions have ended. Your password lets you in again; set \
                       up another second factor then. A password with fewer than 15 characters does not do alone: if yours is one, \
                       choose a longer one by saying that you have forgotten it.",
                otherwise: "You have lost nothing, and asked nobody for this? Then choose another password at once, by saying that \
                            you have forgotten yours, and ask the Owners of your organization.",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notice_has_a_subject_of_its_own() {
        let subjects: std::collections::BTreeSet<_> =
            SecurityNotice::ALL.into_iter().map(|notice| Words::of(notice).subject).collect();
        assert_eq!(subjects.len(), SecurityNotice::ALL.len());
    }
}
