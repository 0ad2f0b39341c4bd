//! Second factors: authenticator apps and recovery codes.

use super::{Texts, texts};

texts! {
    enrol_title = "Set up a second factor first" | "Richten Sie zuerst einen zweiten Faktor ein";
    enrol_why(organization) = "{organization} asks everybody for a second factor, and your time to set one up is over. Until then, nothing else is open to you there." | "{organization} verlangt von allen einen zweiten Faktor, und Ihre Frist dafür ist abgelaufen. Bis dahin ist Ihnen dort nichts anderes zugänglich.";
    enrol_how = "An authenticator app or a passkey will do. Or go to another organization." | "Eine Authenticator-App oder ein Passkey genügt. Oder wechseln Sie in eine andere Organisation.";
    enrol_by = "Your organization asks for a second factor. Set one up by then:" | "Ihre Organisation verlangt einen zweiten Faktor. Richten Sie ihn ein bis:";
    mfa_lead = "A second factor (two-factor authentication) protects your account: your password alone then lets nobody in." | "Ein zweiter Faktor (Zwei-Faktor-Authentisierung) schützt Ihr Konto: Das Passwort allein genügt dann nicht mehr, um sich anzumelden.";

    totp_title = "Authenticator app" | "Authenticator-App";
    totp_on_since = "On since" | "Eingeschaltet seit";
    totp_off = "An app on your phone shows six digits, which you type in when you sign in." | "Eine App auf Ihrem Telefon zeigt sechs Ziffern, die Sie beim Anmelden eingeben.";
    totp_set_up = "Set up an app" | "App einrichten";
    totp_turn_off = "Turn the app off" | "App ausschalten";
    totp_turned_off = "Your authenticator app is off." | "Ihre Authenticator-App ist ausgeschaltet.";
    totp_last_factor = "It is your last second factor: your recovery codes go with it." | "Sie ist Ihr einziger zweiter Faktor: Ihre Wiederherstellungscodes entfallen mit ihr.";
    totp_new_title = "Set up an authenticator app" | "Authenticator-App einrichten";
    totp_scan = "Scan this with your authenticator app." | "Scannen Sie dies mit Ihrer Authenticator-App.";
    totp_picture = "QR code for your authenticator app. The same stands below as text." | "QR-Code für Ihre Authenticator-App. Derselbe Schlüssel steht darunter als Text.";
    totp_type = "Or enter this key in the app:" | "Oder geben Sie diesen Schlüssel in die App ein:";
    totp_once = "It is shown only now. Whoever has it can create your codes." | "Er wird nur jetzt gezeigt. Wer ihn hat, kann Ihre Codes erzeugen.";
    totp_has_it = "Your app has the key already. Enter the code that it shows now, or start over." | "Ihre App hat den Schlüssel schon. Geben Sie den Code ein, den sie jetzt zeigt, oder beginnen Sie von vorn.";
    totp_code = "Code from the app" | "Code aus der App";
    totp_code_hint = "Six digits. The app is on once they are right." | "Sechs Ziffern. Die App ist eingeschaltet, sobald sie stimmen.";
    totp_confirm = "Turn it on" | "Einschalten";
    totp_first_effect = "If it is your first second factor, your other sessions end." | "Wenn es Ihr erster zweiter Faktor ist, enden Ihre anderen Sitzungen.";

    codes_title = "Recovery codes" | "Wiederherstellungscodes";
    codes_why = "If you lose your second factor, each of these codes replaces it once." | "Wenn Sie Ihren zweiten Faktor verlieren, ersetzt ihn jeder dieser Codes einmal.";
    codes_left[n] = "One is left.", "{n} are left." | "Einer ist übrig.", "{n} sind übrig.";
    codes_come = "You get them with your first second factor." | "Sie erhalten sie mit Ihrem ersten zweiten Faktor.";
    codes_renew = "Get new codes" | "Neue Codes erstellen";
    codes_renew_effect = "Your current codes stop working then." | "Die bisherigen gelten dann nicht mehr.";
    codes_keep = "Keep them where you can find them without your phone. They are shown only now." | "Bewahren Sie sie dort auf, wo Sie sie ohne Ihr Telefon finden. Sie werden nur jetzt gezeigt.";
    codes_copy = "Copy" | "Kopieren";
    codes_copied = "Copied." | "Kopiert.";
    codes_print = "Print" | "Drucken";
    codes_download = "Download" | "Herunterladen";
    codes_kept = "I have kept them" | "Ich habe sie gespeichert";
    mfa_is_on = "Your second factor is on" | "Ihr zweiter Faktor ist eingeschaltet";
}
