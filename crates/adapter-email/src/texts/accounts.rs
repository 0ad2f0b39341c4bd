//! Signing up, passwords, addresses, and the end of an account.

use rollcall_domain::Role;

use super::{Texts, texts};

texts! {
    confirm_signup_subject = "Confirm your address to finish signing up" | "Bestätigen Sie Ihre Adresse, um die Registrierung abzuschließen";
    confirm_signup_heading = "Confirm your address" | "Bestätigen Sie Ihre Adresse";
    confirm_signup(organization) = "one step is left: confirm this address and choose a password. Then {organization} is yours." | "ein Schritt fehlt noch: Bestätigen Sie diese Adresse und wählen Sie ein Passwort. Dann gehört {organization} Ihnen.";
    confirm_signup_button = "Finish signing up" | "Registrierung abschließen";
    confirm_signup_otherwise = "You did not sign up? Then ignore this mail: without it nothing is made." | "Sie haben sich nicht registriert? Dann ignorieren Sie diese E-Mail: Ohne Ihre Bestätigung wird nichts angelegt.";

    account_exists_subject = "You already have an account" | "Sie haben schon ein Konto";
    account_exists = "somebody, probably you, has just tried to sign up with this address. It has an account already, so nothing was changed. Sign in with it as usual:" | "jemand, vermutlich Sie, wollte sich gerade mit dieser Adresse registrieren. Zu ihr gibt es schon ein Konto, daher wurde nichts geändert. Melden Sie sich wie gewohnt damit an:";

    password_reset_subject = "Choose a new password" | "Wählen Sie ein neues Passwort";
    password_reset = "somebody, probably you, has said that you have forgotten your password. Choose a new one here. All your sessions will end." | "jemand, vermutlich Sie, hat angegeben, dass Sie Ihr Passwort vergessen haben. Wählen Sie hier ein neues. Alle Ihre Sitzungen werden beendet.";
    password_reset_button = "Choose a new password" | "Neues Passwort wählen";
    password_reset_otherwise = "It was not you? Then ignore this mail: your password stays as it is." | "Das waren nicht Sie? Dann ignorieren Sie diese E-Mail: Ihr Passwort bleibt, wie es ist.";

    password_changed_subject = "Your password has been changed" | "Ihr Passwort wurde geändert";
    password_changed = "the password of your account has just been changed, and your other sessions have ended." | "das Passwort Ihres Kontos wurde gerade geändert, und Ihre anderen Sitzungen sind beendet.";
    password_changed_otherwise = "It was not you? Then choose another password at once, by saying that you have forgotten yours." | "Das waren nicht Sie? Dann wählen Sie sofort ein neues Passwort, indem Sie angeben, dass Sie Ihres vergessen haben.";

    confirm_email_subject = "Confirm your new address" | "Bestätigen Sie Ihre neue Adresse";
    confirm_email = "somebody, probably you, wants to use this address for their account from now on. Confirm it here." | "jemand, vermutlich Sie, möchte von nun an diese Adresse für sein Konto verwenden. Bestätigen Sie sie hier.";
    confirm_email_button = "Confirm the address" | "Adresse bestätigen";
    confirm_email_otherwise = "It was not you? Then ignore this mail: nothing happens to this address." | "Das waren nicht Sie? Dann ignorieren Sie diese E-Mail: Mit dieser Adresse geschieht nichts.";

    address_in_use_subject = "This address already has an account" | "Zu dieser Adresse gibt es schon ein Konto";
    address_in_use = "somebody, probably you, has just asked to give another account this address. It has an account already, so nothing was changed. Delete this account first, or use another address for the other one." | "jemand, vermutlich Sie, wollte diese Adresse gerade einem anderen Konto geben. Zu ihr gibt es schon ein Konto, daher wurde nichts geändert. Löschen Sie zuerst dieses Konto, oder verwenden Sie für das andere eine andere Adresse.";

    email_change_requested_subject = "A new address for your account" | "Eine neue Adresse für Ihr Konto";
    email_change_requested = "somebody, probably you, has just asked for another address for your account. It changes once the link in the mail to that address is used." | "jemand, vermutlich Sie, hat gerade eine andere Adresse für Ihr Konto angefordert. Die Adresse ändert sich, sobald der Link in der E-Mail an die neue Adresse verwendet wird.";
    email_change_requested_otherwise = "It was not you? Then choose another password at once: that takes the request back and ends all other sessions. If you cannot get in, say that you have forgotten your password, and turn to an Owner of your organization." | "Das waren nicht Sie? Dann wählen Sie sofort ein neues Passwort: Das macht die Anforderung rückgängig und beendet alle anderen Sitzungen. Wenn Sie sich nicht anmelden können, geben Sie an, dass Sie Ihr Passwort vergessen haben, und wenden Sie sich an einen Inhaber Ihrer Organisation.";

    email_changed_subject = "Your address has been changed" | "Ihre Adresse wurde geändert";
    email_changed = "the address of your account has just been changed, and your other sessions have ended. From now on sign in with the new address." | "die Adresse Ihres Kontos wurde gerade geändert, und Ihre anderen Sitzungen sind beendet. Melden Sie sich von nun an mit der neuen Adresse an.";
    email_changed_otherwise = "It was not you? Then turn at once to an Owner of your organization, or to whoever runs this service." | "Das waren nicht Sie? Dann wenden Sie sich sofort an einen Inhaber Ihrer Organisation oder an den Betreiber dieses Dienstes.";

    account_deleted_subject = "Your account has been deleted" | "Ihr Konto wurde gelöscht";
    account_deleted = "your account has just been deleted. You are not in any organization any more, and what identified you has been erased. This is the last mail about it, and this address is not kept." | "Ihr Konto wurde gerade gelöscht. Sie gehören keiner Organisation mehr an, und alle Angaben, an denen man Sie erkennt, sind gelöscht. Dies ist die letzte E-Mail dazu, und diese Adresse wird nicht aufbewahrt.";
    account_deleted_otherwise = "It was not you? Then turn at once to an Owner of your organization, or to whoever runs this service. The account cannot be brought back." | "Das waren nicht Sie? Dann wenden Sie sich sofort an einen Inhaber Ihrer Organisation oder an den Betreiber dieses Dienstes. Das Konto lässt sich nicht wiederherstellen.";

    invitation_subject(organization) = "You are invited to join {organization} on Rollcall" | "Sie sind eingeladen, {organization} auf Rollcall beizutreten";
    invitation_heading(organization) = "Join {organization}" | "Einladung zu {organization}";
    invitation(inviter, organization, role) = "{inviter} invites you to join {organization} on Rollcall as {role}." | "{inviter} lädt Sie ein, {organization} auf Rollcall in der Rolle {role} beizutreten.";
    invitation_by_nobody(organization, role) = "A colleague invites you to join {organization} on Rollcall as {role}." | "Sie sind eingeladen, {organization} auf Rollcall in der Rolle {role} beizutreten.";
    invitation_button = "See the invitation" | "Einladung ansehen";
    invitation_otherwise = "You do not know who this is? Then ignore this mail: nothing happens unless you accept." | "Sie wissen nicht, von wem das kommt? Dann ignorieren Sie diese E-Mail: Ohne Ihre Zustimmung geschieht nichts.";
}

impl Texts {
    /// What a role is called.
    pub(crate) const fn role(self, role: Role) -> &'static str {
        match role {
            Role::Owner => self.language().role_owner(),
            Role::Admin => self.language().role_admin(),
            Role::Member => self.language().role_member(),
            Role::CustomerSupportAgent => self.language().role_agent(),
            Role::Viewer => self.language().role_viewer(),
        }
    }
}
