//! Signing in and out, and going to another organization.

use super::{Texts, texts};

texts! {
    sign_in_title = "Sign in" | "Anmelden";
    sign_in = "Sign in" | "Anmelden";
    sign_in_with_passkey = "Sign in with a passkey" | "Mit einem Passkey anmelden";
    new_here = "New here?" | "Neu hier?";
    forgot_password = "Forgot your password?" | "Passwort vergessen?";
    signed_out = "You are signed out." | "Sie sind abgemeldet.";
    signed_out_meanwhile = "Your session has ended, so nothing was changed. Sign in and do it again." | "Ihre Sitzung ist beendet, daher wurde nichts geändert. Melden Sie sich an und versuchen Sie es erneut.";

    second_step_title = "Second factor" | "Zweiter Faktor";
    second_step_lead = "Your password is right. Now confirm it with your second factor." | "Ihr Passwort stimmt. Bestätigen Sie die Anmeldung nun mit Ihrem zweiten Faktor.";
    second_step_code = "Code from your authenticator app, or a recovery code" | "Code Ihrer Authenticator-App oder ein Wiederherstellungscode";
    second_step_hint = "A recovery code works once." | "Ein Wiederherstellungscode gilt einmal.";
    second_step_over = "That took too long, or there were too many wrong codes. Sign in again, please." | "Das hat zu lange gedauert, oder es waren zu viele falsche Codes. Bitte melden Sie sich erneut an.";
    start_over = "Start over" | "Von vorn beginnen";

    organizations_title = "Your organizations" | "Ihre Organisationen";
    organizations_none = "You do not belong to any organization. Ask somebody to invite you, or sign up with another address to create one." | "Sie gehören zu keiner Organisation. Lassen Sie sich einladen, oder registrieren Sie unter einer anderen Adresse eine neue.";
    organizations_here = "You are here" | "Sie sind hier";
    organizations_suspended = "Suspended" | "Gesperrt";
    organizations_go(name) = "Go to {name}" | "Zu {name} wechseln";
    organizations_went(name) = "You are in {name} now." | "Sie sind jetzt in {name}.";
    role_word = "Role" | "Rolle";
    organization_word = "Organization" | "Organisation";

    sessions_title = "Sessions" | "Sitzungen";
    sessions_lead = "Where you are signed in. If you do not recognize one of them, end it and change your password." | "Hier sind Sie angemeldet. Wenn Sie eine Sitzung nicht kennen, beenden Sie sie und ändern Sie Ihr Passwort.";
    session_device = "Device" | "Gerät";
    session_device_unknown = "Unknown device" | "Unbekanntes Gerät";
    session_place = "IP address" | "IP-Adresse";
    session_began = "Signed in" | "Angemeldet";
    session_used = "Last used" | "Zuletzt verwendet";
    session_this = "This one" | "Diese Sitzung";
    session_end = "End" | "Beenden";
    session_ended = "The session has ended." | "Die Sitzung ist beendet.";
    sessions_end_others = "End all other sessions" | "Alle anderen Sitzungen beenden";
    sessions_end_others_effect = "Whoever is signed in there has to sign in again." | "Wer dort angemeldet ist, muss sich neu anmelden.";
    sessions_ended = "All your other sessions have ended." | "Alle Ihre anderen Sitzungen sind beendet.";
    sessions_only_this = "This is your only session. There is nothing else to end." | "Dies ist Ihre einzige Sitzung. Es gibt keine andere zu beenden.";
}
