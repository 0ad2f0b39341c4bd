//! What owners of accounts are told when somebody tries to get in, or something about how they are signed in to has changed.

use rollcall_application::mail::SecurityNotice;

use super::{Texts, texts};

texts! {
    failed_sign_ins_subject = "Somebody tries to sign in to your account" | "Jemand versucht, sich bei Ihrem Konto anzumelden";
    failed_sign_ins = "somebody has tried to sign in with your address and wrong passwords, or wrong codes after the right one, many times in a row. They did not get in, and we are slowing them down." | "jemand hat viele Male hintereinander versucht, sich mit Ihrer Adresse anzumelden, mit falschen Passwörtern oder mit falschen Codes nach dem richtigen. Das ist nicht gelungen, und wir bremsen diese Versuche.";
    failed_sign_ins_devices = "Devices on which you have signed in before still let you in. If you cannot sign in on another one, say that you have forgotten your password and choose a new one." | "Geräte, auf denen Sie sich schon angemeldet haben, lassen Sie weiter ein. Wenn Sie sich auf einem anderen nicht anmelden können, geben Sie an, dass Sie Ihr Passwort vergessen haben, und wählen Sie ein neues.";
    failed_sign_ins_codes = "If you use a second factor and codes were guessed at, your password is known to somebody: choose another one." | "Wenn Sie einen zweiten Faktor verwenden und Codes geraten wurden, kennt jemand Ihr Passwort: Wählen Sie ein anderes.";
    failed_proofs_subject = "Somebody guesses on a device that is signed in" | "Jemand probiert auf einem angemeldeten Gerät Passwörter oder Codes aus";
    failed_proofs(at) = "on {at} somebody entered wrong passwords, or wrong codes, for the tenth time or more in a row on a device that is signed in to your account. We are slowing them down. What they guessed at stays closed to them. But the device is signed in: whoever holds it sees and does what it may do without another proof." | "am {at} hat jemand zum zehnten Mal oder öfter hintereinander falsche Passwörter oder falsche Codes auf einem Gerät eingegeben, das bei Ihrem Konto angemeldet ist. Wir bremsen diese Versuche. Was damit geöffnet werden sollte, bleibt verschlossen. Aber das Gerät ist angemeldet: Wer es in der Hand hat, sieht und tut, was ohne erneute Bestätigung möglich ist.";
    failed_proofs_end(public_url) = "You did not do that? Then end all of your sessions at once: say at {public_url} that you have forgotten your password, and choose a new one by the link that you get. That signs every device out. Or sign in on a device that you trust, and end all other sessions there." | "Das waren nicht Sie? Dann beenden Sie sofort alle Ihre Sitzungen: Geben Sie unter {public_url} an, dass Sie Ihr Passwort vergessen haben, und wählen Sie über den Link, den Sie erhalten, ein neues. Das meldet alle Geräte ab. Oder melden Sie sich auf einem Gerät an, dem Sie vertrauen, und beenden Sie dort alle anderen Sitzungen.";
    was_it_you = "It was you? Then you need not do anything." | "Das waren Sie? Dann brauchen Sie nichts zu tun.";
    if_not_possible(otherwise, contact) = "{otherwise} If that is not possible, write to {contact}." | "{otherwise} Wenn das nicht möglich ist, schreiben Sie an {contact}.";

    mfa_enabled_subject = "An authenticator app protects your account" | "Eine Authenticator-App schützt Ihr Konto";
    mfa_enabled = "from now on, signing in to your account takes a code of your authenticator app besides the password. Keep your recovery codes where you find them without your phone." | "von nun an erfordert die Anmeldung bei Ihrem Konto neben dem Passwort einen Code Ihrer Authenticator-App. Bewahren Sie Ihre Wiederherstellungscodes dort auf, wo Sie sie ohne Ihr Telefon finden.";
    mfa_enabled_otherwise = "It was not you? Then somebody is signed in to your account. Use \"forgot password\" at once, and ask an Owner of your organization to reset your second factor." | "Das waren nicht Sie? Dann ist jemand bei Ihrem Konto angemeldet. Verwenden Sie sofort „Passwort vergessen“, und bitten Sie einen Inhaber Ihrer Organisation, Ihren zweiten Faktor zurückzusetzen.";
    mfa_disabled_subject = "An authenticator app no longer protects your account" | "Ihr Konto ist nicht mehr durch eine Authenticator-App geschützt";
    mfa_disabled = "the authenticator app of your account has just been turned off. Its codes are not asked for any more." | "die Authenticator-App Ihres Kontos wurde gerade ausgeschaltet. Nach ihren Codes wird nicht mehr gefragt.";
    mfa_disabled_otherwise = "It was not you? Then choose another password at once, by saying that you have forgotten yours, and turn the app on again." | "Das waren nicht Sie? Dann wählen Sie sofort ein anderes Passwort, indem Sie angeben, dass Sie Ihres vergessen haben, und schalten Sie die App wieder ein.";
    recovery_code_used_subject = "A recovery code of your account was used" | "Ein Wiederherstellungscode Ihres Kontos wurde verwendet";
    recovery_code_used = "one of your recovery codes has just been used in place of your second factor. It does not work again. If you have few left, make new ones." | "einer Ihrer Wiederherstellungscodes wurde gerade anstelle Ihres zweiten Faktors verwendet. Er gilt nicht noch einmal. Wenn Sie nur noch wenige haben, erstellen Sie neue.";
    recovery_code_used_otherwise = "It was not you? Then somebody has your password and your recovery codes. Choose a new password at once, by saying that you have forgotten yours, and make new recovery codes." | "Das waren nicht Sie? Dann hat jemand Ihr Passwort und Ihre Wiederherstellungscodes. Wählen Sie sofort ein anderes Passwort, indem Sie angeben, dass Sie Ihres vergessen haben, und erstellen Sie neue Wiederherstellungscodes.";
    recovery_codes_renewed_subject = "Your account has new recovery codes" | "Ihr Konto hat neue Wiederherstellungscodes";
    recovery_codes_renewed = "new recovery codes have just been made for your account. The old ones do not work any more." | "für Ihr Konto wurden gerade neue Wiederherstellungscodes erstellt. Die alten gelten nicht mehr.";
    recovery_codes_renewed_otherwise = "It was not you? Then choose another password at once, by saying that you have forgotten yours, and make new recovery codes." | "Das waren nicht Sie? Dann wählen Sie sofort ein anderes Passwort, indem Sie angeben, dass Sie Ihres vergessen haben, und erstellen Sie neue Wiederherstellungscodes.";
    passkey_added_subject = "A passkey has been added to your account" | "Ihr Konto hat einen weiteren Passkey";
    passkey_added = "a passkey has just been added to your account. Whoever holds that device, and unlocks it, signs in without your password." | "zu Ihrem Konto wurde gerade ein Passkey hinzugefügt. Wer dieses Gerät hat und entsperrt, meldet sich ohne Ihr Passwort an.";
    passkey_added_otherwise = "It was not you? Then somebody is signed in to your account. Use \"forgot password\" at once, and remove the passkey." | "Das waren nicht Sie? Dann ist jemand bei Ihrem Konto angemeldet. Verwenden Sie sofort „Passwort vergessen“, und entfernen Sie den Passkey.";
    passkey_removed_subject = "A passkey has been removed from your account" | "Ein Passkey Ihres Kontos wurde entfernt";
    passkey_removed = "a passkey has just been removed from your account. It signs in no more." | "von Ihrem Konto wurde gerade ein Passkey entfernt. Mit ihm kann sich niemand mehr anmelden.";
    passkey_removed_otherwise = "It was not you? Then choose another password at once, by saying that you have forgotten yours, and look at your other passkeys." | "Das waren nicht Sie? Dann wählen Sie sofort ein anderes Passwort, indem Sie angeben, dass Sie Ihres vergessen haben, und sehen Sie Ihre anderen Passkeys durch.";
    mfa_reset_subject = "Your second factor has been turned off" | "Ihr zweiter Faktor wurde ausgeschaltet";
    mfa_reset = "the second factor of your account has just been turned off for you, as it was said to be lost: authenticator app, passkeys and recovery codes. All of your sessions have ended. Your password lets you in again; set up another second factor then. A password with fewer than 15 characters does not do alone: if yours is one, choose a longer one by saying that you have forgotten it." | "der zweite Faktor Ihres Kontos wurde gerade für Sie ausgeschaltet, da er als verloren gemeldet war: Authenticator-App, Passkeys und Wiederherstellungscodes. Alle Ihre Sitzungen sind beendet. Ihr Passwort lässt Sie wieder ein; richten Sie dann einen anderen zweiten Faktor ein. Ein Passwort mit weniger als 15 Zeichen genügt allein nicht: Ist Ihres so kurz, wählen Sie ein längeres, indem Sie angeben, dass Sie es vergessen haben.";
    mfa_reset_otherwise = "You have lost nothing, and asked nobody for this? Then choose another password at once, by saying that you have forgotten yours, and ask the Owners of your organization." | "Sie haben nichts verloren und niemanden darum gebeten? Dann wählen Sie sofort ein anderes Passwort, indem Sie angeben, dass Sie Ihres vergessen haben, und fragen Sie die Inhaber Ihrer Organisation.";
}

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

impl Texts {
    /// The words of a notice.
    pub(crate) const fn notice(self, notice: SecurityNotice) -> Words {
        let t = self;
        let (subject, news, otherwise) = match notice {
            SecurityNotice::MfaEnabled => {
                (t.mfa_enabled_subject(), t.mfa_enabled(), t.mfa_enabled_otherwise())
            }
            SecurityNotice::MfaDisabled => {
                (t.mfa_disabled_subject(), t.mfa_disabled(), t.mfa_disabled_otherwise())
            }
            SecurityNotice::RecoveryCodeUsed => {
                (t.recovery_code_used_subject(), t.recovery_code_used(), t.recovery_code_used_otherwise())
            }
            SecurityNotice::RecoveryCodesRenewed => (
                t.recovery_codes_renewed_subject(),
                t.recovery_codes_renewed(),
                t.recovery_codes_renewed_otherwise(),
            ),
            SecurityNotice::PasskeyAdded => {
                (t.passkey_added_subject(), t.passkey_added(), t.passkey_added_otherwise())
            }
            SecurityNotice::PasskeyRemoved => {
                (t.passkey_removed_subject(), t.passkey_removed(), t.passkey_removed_otherwise())
            }
            SecurityNotice::MfaReset => (t.mfa_reset_subject(), t.mfa_reset(), t.mfa_reset_otherwise()),
        };
        Words { subject, news, otherwise }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollcall_texts::Language;

    #[test]
    fn every_notice_has_a_subject_of_its_own() {
        for language in [Language::English, Language::German] {
            let subject = |notice| Texts::of(language).notice(notice).subject;
            let subjects: std::collections::BTreeSet<_> =
                SecurityNotice::ALL.into_iter().map(subject).collect();
            assert_eq!(subjects.len(), SecurityNotice::ALL.len());
        }
    }
}
