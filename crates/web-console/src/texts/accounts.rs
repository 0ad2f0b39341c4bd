//! Signing up, passwords and addresses.

use super::texts;

texts! {
    sign_up_title = "Sign up" | "Registrieren";
    sign_up = "Sign up" | "Registrieren";
    sign_up_lead = "Creates your account and an organization that you own. You choose a password in the next step." | "Legt Ihr Konto und eine Organisation an, deren Inhaber Sie sind. Ein Passwort wählen Sie im nächsten Schritt.";
    have_account = "Already have an account?" | "Haben Sie schon ein Konto?";
    organization_name = "Name of your organization" | "Name Ihrer Organisation";
    work_email_hint = "We send a link to this address." | "Wir senden einen Link an diese Adresse.";

    check_mail_title = "Check your mail" | "Sehen Sie in Ihr Postfach";
    check_mail_sign_up = "If the address is right, a mail with a link is on its way. The link works for 24 hours." | "Wenn die Adresse stimmt, ist eine Mail mit einem Link unterwegs. Der Link gilt 24 Stunden.";
    check_mail_reset = "If there is an account with this address, a mail with a link is on its way. The link works for an hour." | "Wenn es ein Konto mit dieser Adresse gibt, ist eine Mail mit einem Link unterwegs. Der Link gilt eine Stunde.";
    check_mail_nothing = "Nothing came? Look among the unwanted mail, or check the address and try again." | "Nichts angekommen? Sehen Sie bei unerwünschter Post nach, oder prüfen Sie die Adresse und versuchen Sie es erneut.";
    try_again = "Try again" | "Erneut versuchen";

    finish_title = "Finish signing up" | "Registrierung abschließen";
    finish_heading = "Choose a password" | "Passwort wählen";
    finish_lead = "Your address is confirmed with this step." | "Mit diesem Schritt ist Ihre Adresse bestätigt.";
    finish = "Finish signing up" | "Registrierung abschließen";
    new_password = "New password" | "Neues Passwort";
    password_hint = "15 characters or more; a few words you can remember are best." | "15 Zeichen oder mehr; am besten ein paar Wörter, die Sie sich merken können.";
    password_hint_reset = "15 characters or more, or 8 if your account has a second factor; a few words you can remember are best." | "15 Zeichen oder mehr, oder 8, wenn Ihr Konto einen zweiten Faktor hat; am besten ein paar Wörter, die Sie sich merken können.";

    welcome(name) = "Welcome, {name}" | "Willkommen, {name}";
    welcome_in(organization) = "You are in {organization} now, and signed in." | "Sie gehören jetzt zu {organization} und sind angemeldet.";
    welcome_nowhere = "You are signed in." | "Sie sind angemeldet.";
    get_started = "Get started" | "Loslegen";

    forgotten_title = "Forgotten password" | "Passwort vergessen";
    forgotten_lead = "Tell us your address, and we send a link by which you choose another password." | "Nennen Sie uns Ihre Adresse; wir senden einen Link, mit dem Sie ein anderes Passwort wählen.";
    forgotten_send = "Send the link" | "Link senden";
    reset_title = "Choose another password" | "Anderes Passwort wählen";
    reset_lead = "All your sessions will end." | "Alle Ihre Sitzungen werden beendet.";
    reset = "Change the password" | "Passwort ändern";
    reset_done_title = "Your password has been changed" | "Ihr Passwort wurde geändert";
    reset_done = "All your sessions have ended. Sign in with the new password." | "Alle Ihre Sitzungen sind beendet. Melden Sie sich mit dem neuen Passwort an.";

    confirm_email_title = "Confirm your new address" | "Neue Adresse bestätigen";
    confirm_email_lead = "From then on you sign in with it. All your sessions will end but the one in which you asked for the change." | "Danach melden Sie sich mit ihr an. Alle Ihre Sitzungen enden bis auf die, in der Sie die Änderung veranlasst haben.";
    confirm_email = "Confirm the address" | "Adresse bestätigen";
    email_changed_title = "Your address has been changed" | "Ihre Adresse wurde geändert";
    email_changed = "Sign in with the new address from now on." | "Melden Sie sich von nun an mit der neuen Adresse an.";

    account_title = "Your account" | "Ihr Konto";
    account_member_of(role, organization) = "{role} in {organization}" | "{role} in {organization}";
    enrol_title = "Set up a second factor first" | "Richten Sie zuerst einen zweiten Faktor ein";
    enrol_why(organization) = "{organization} asks everybody for a second factor, and your time to set one up is over. Until then, nothing else is open to you there." | "{organization} verlangt von allen einen zweiten Faktor, und Ihre Frist dafür ist abgelaufen. Bis dahin ist Ihnen dort nichts anderes zugänglich.";
}
