//! Signing up, passwords and addresses.

use super::{Texts, texts};

texts! {
    sign_up_title = "Sign up" | "Registrieren";
    sign_up = "Sign up" | "Registrieren";
    sign_up_lead = "Creates your account and an organization that you own. You choose a password in the next step." | "Damit legen Sie Ihr Konto und eine Organisation an, die Ihnen gehört. Das Passwort wählen Sie im nächsten Schritt.";
    have_account = "Already have an account?" | "Haben Sie schon ein Konto?";
    organization_name = "Name of your organization" | "Name Ihrer Organisation";
    work_email_hint = "We send a link to this address." | "Wir senden einen Link an diese Adresse.";

    check_mail_title = "Check your mail" | "Sehen Sie in Ihrem Postfach nach";
    check_mail_sign_up = "If the address is right, a mail with a link is on its way. The link works for 24 hours." | "Wenn die Adresse stimmt, ist eine E-Mail mit einem Link unterwegs. Der Link gilt 24 Stunden.";
    check_mail_reset = "If there is an account with this address, a mail with a link is on its way. The link works for an hour." | "Wenn es ein Konto mit dieser Adresse gibt, ist eine E-Mail mit einem Link unterwegs. Der Link gilt eine Stunde.";
    check_mail_nothing = "Nothing came? Look among the unwanted mail, or check the address and try again." | "Nichts angekommen? Sehen Sie im Spam-Ordner nach, oder prüfen Sie die Adresse und versuchen Sie es erneut.";
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
    forgotten_lead = "Enter your email address, and we send you a link to choose a new password." | "Geben Sie Ihre E-Mail-Adresse ein. Wir senden Ihnen einen Link, über den Sie ein neues Passwort wählen.";
    forgotten_send = "Send the link" | "Link senden";
    reset_title = "Choose a new password" | "Neues Passwort wählen";
    reset_lead = "You will be signed out everywhere." | "Sie werden überall abgemeldet.";
    reset = "Change the password" | "Passwort ändern";
    reset_done_title = "Your password has been changed" | "Ihr Passwort wurde geändert";
    reset_done = "You are signed out everywhere. Sign in with the new password." | "Sie sind überall abgemeldet. Melden Sie sich mit dem neuen Passwort an.";

    confirm_email_title = "Confirm your new email address" | "Neue E-Mail-Adresse bestätigen";
    confirm_email_lead = "From then on you sign in with it. You are signed out everywhere except where you asked for the change." | "Danach melden Sie sich mit dieser Adresse an. Sie werden überall abgemeldet, außer dort, wo Sie die Änderung veranlasst haben.";
    confirm_email = "Confirm the address" | "Adresse bestätigen";
    email_changed_title = "Your email address has been changed" | "Ihre E-Mail-Adresse wurde geändert";
    email_changed = "Sign in with the new address from now on." | "Melden Sie sich von nun an mit der neuen Adresse an.";

    account_title = "Your account" | "Ihr Konto";
    account_member_of(role, organization) = "{role} in {organization}" | "Ihre Rolle in {organization}: {role}";
    account_profile = "Profile" | "Profil";
    account_language = "Language" | "Sprache";
    account_time_zone = "Time zone" | "Zeitzone";
    account_saved = "Saved." | "Gespeichert.";
    name_hint = "What your colleagues see." | "So werden Sie anderen im Team angezeigt.";
    save = "Save" | "Speichern";

    password_change_title = "Change your password" | "Passwort ändern";
    password_change_lead = "You are signed out everywhere else, and you are told by mail." | "Sie werden überall sonst abgemeldet und erhalten eine E-Mail.";
    current_password = "Current password" | "Aktuelles Passwort";
    password_changed = "Your password has been changed. You are signed out everywhere else." | "Ihr Passwort wurde geändert. Sie sind überall sonst abgemeldet.";

    email_change_title = "Change your email address" | "E-Mail-Adresse ändern";
    email_change_lead(email) = "You sign in with {email}. We send a link to the new address; nothing changes until you follow it. Then you are signed out everywhere but here." | "Sie melden sich mit {email} an. Wir senden einen Link an die neue Adresse; bis Sie ihm folgen, ändert sich nichts. Dann werden Sie überall abgemeldet, nur hier nicht.";
    email_new = "New email address" | "Neue E-Mail-Adresse";
    email_change_send = "Send the link" | "Link senden";
    email_change_asked(email) = "A link is on its way to {email}. It works for an hour." | "Ein Link an {email} ist unterwegs. Er gilt eine Stunde.";

    data_title = "Your data" | "Ihre Daten";
    data_export_title = "Download what is stored about you" | "Herunterladen, was über Sie gespeichert ist";
    data_export_lead = "Your account, organizations, second factors, sessions, and what audit logs say about you, as one JSON file." | "Ihr Konto, Ihre Organisationen, zweiten Faktoren und Sitzungen und was die Auditprotokolle über Sie sagen, als eine JSON-Datei.";
    data_export = "Download your data" | "Daten herunterladen";
    delete_account_title = "Delete your account" | "Konto löschen";
    delete_account_short = "You leave every organization, and everything that identifies you is erased. You see what this affects before it happens." | "Sie verlassen alle Organisationen, und alle Angaben, an denen man Sie erkennt, werden gelöscht. Was davon betroffen ist, sehen Sie vorher.";
    delete_account_start = "Delete…" | "Löschen…";
    delete_account_leaves(name, role) = "You leave {name}, where you are {role}." | "Sie verlassen {name} (Ihre Rolle dort: {role}).";
    delete_account_sessions = "You are signed out everywhere, and calls that you have taken go back to the queue." | "Sie werden überall abgemeldet, und Anrufe, die Sie übernommen haben, kommen zurück in die Warteschlange.";
    delete_account_erased = "Your name and addresses are erased, also from audit logs and from invitations to you. Nobody can undo that." | "Ihr Name und Ihre Adressen werden gelöscht, auch aus Auditprotokollen und aus Einladungen an Sie. Niemand kann das rückgängig machen.";
    delete_account_stays = "What you did stays in the audit logs, without your name." | "Was Sie getan haben, bleibt ohne Ihren Namen in den Auditprotokollen.";
    delete_account_export_first = "If you want to keep what is stored about you, download it first." | "Wenn Sie behalten möchten, was über Sie gespeichert ist, laden Sie es vorher herunter.";
    delete_account_confirm = "Type your address to confirm" | "Geben Sie zur Bestätigung Ihre Adresse ein";
    delete_account_other_address = "This is not the address of your account." | "Das ist nicht die Adresse Ihres Kontos.";
    delete_account = "Delete my account permanently" | "Mein Konto endgültig löschen";
    account_deleted_title = "Your account is deleted" | "Ihr Konto ist gelöscht";
    account_deleted = "You are signed out everywhere. A last mail confirms it." | "Sie sind überall abgemeldet. Eine letzte E-Mail bestätigt es.";
}
