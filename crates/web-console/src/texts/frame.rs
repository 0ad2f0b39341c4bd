//! What every page says.

use super::{Texts, texts};

texts! {
    title_with_mistakes(title) = "Error: {title}" | "Fehler: {title}";
    skip_to_content = "Skip to content" | "Zum Inhalt springen";
    menu = "Menu" | "Menü";
    close_menu = "Close menu" | "Menü schließen";
    main_navigation = "Main" | "Hauptnavigation";
    section_team = "Team" | "Team";
    section_live = "Live" | "Live";
    section_calls = "Calls" | "Anrufe";
    section_account = "Your account" | "Ihr Konto";
    sign_out = "Sign out" | "Abmelden";
    switch_organization = "Switch organization" | "Organisation wechseln";
    go_back = "Go back" | "Zurück";
    to_the_start = "Go to the start page" | "Zur Startseite";
    go_on = "Continue" | "Weiter";
    cancel = "Cancel" | "Abbrechen";
    search = "Search" | "Suchen";
    next_page = "Next page" | "Nächste Seite";
    first_page = "First page" | "Erste Seite";
    never = "Never" | "Nie";
    email = "Email" | "E-Mail-Adresse";
    password = "Password" | "Passwort";
    your_name = "Your name" | "Ihr Name";

    home_title = "Team and user management" | "Team- und Benutzerverwaltung";
    home_lead = "Manage who is in your organization and what they may do, and see who changed what." | "Verwalten Sie, wer zu Ihrer Organisation gehört und wer was darf, und sehen Sie, wer was geändert hat.";
    home_api = "The API, with examples" | "Die API mit Beispielen (englisch)";
    home_openapi = "The same as an OpenAPI document" | "Dasselbe als OpenAPI-Dokument";
    home_problems = "Error messages of the API, explained" | "Fehlermeldungen der API, erklärt (englisch)";
    home_mailbox = "The development mailbox" | "Das Postfach der Entwicklungsumgebung";

    elevate_title = "Confirm it’s you" | "Bestätigen Sie, dass Sie es sind";
    elevate_why = "This step is specially protected, and it has been a while since you last confirmed your identity. What you entered is kept, and is carried out afterwards." | "Dieser Schritt ist besonders geschützt, und Ihre letzte Bestätigung liegt eine Weile zurück. Ihre Eingaben bleiben erhalten und werden danach ausgeführt.";
    or_code = "Or a code from your authenticator app, or a recovery code" | "Oder ein Code Ihrer Authenticator-App oder ein Wiederherstellungscode";
    use_passkey = "Use a passkey" | "Passkey verwenden";
    passkey_failed = "Your device did not confirm with a passkey. Try again, or use another way." | "Ihr Gerät hat nicht mit einem Passkey bestätigt. Versuchen Sie es erneut oder wählen Sie einen anderen Weg.";
    give_again = "Please enter this again" | "Bitte geben Sie dies erneut ein";
}
