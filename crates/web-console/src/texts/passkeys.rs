//! Passkeys.

use super::{Texts, texts};

texts! {
    passkeys_title = "Passkeys" | "Passkeys";
    passkeys_why = "You sign in the way you unlock your device: with fingerprint, face or PIN. No other website can use a passkey." | "Sie melden sich so an, wie Sie Ihr Gerät entsperren: mit Fingerabdruck, Gesicht oder PIN. Keine andere Website kann einen Passkey verwenden.";
    passkeys_none = "You have no passkey yet. Add one for the device in front of you." | "Sie haben noch keinen Passkey. Fügen Sie einen für das Gerät hinzu, das Sie gerade benutzen.";
    passkey_add = "Add a passkey" | "Passkey hinzufügen";
    passkey_add_lead = "Say what to call it; your device asks for the rest." | "Geben Sie ihm einen Namen; den Rest fragt Ihr Gerät.";
    passkey_needs_script = "Passkeys need a browser that supports them, with JavaScript turned on." | "Passkeys brauchen einen Browser, der sie unterstützt, und eingeschaltetes JavaScript.";
    passkey_name = "Name" | "Name";
    passkey_name_hint = "So that you know later which device it is." | "Damit Sie später wissen, welches Gerät es ist.";
    passkey_create = "Create it on this device" | "Auf diesem Gerät erstellen";
    passkey_not_made = "Your device has made no passkey. Perhaps it has one already, or it took too long. Try again." | "Ihr Gerät hat keinen Passkey erstellt. Vielleicht hat es schon einen, oder es hat zu lange gedauert. Versuchen Sie es erneut.";
    passkey_added(name) = "The passkey {name} is added." | "Der Passkey {name} ist hinzugefügt.";
    passkey_since = "Added" | "Hinzugefügt";
    passkey_used = "Last used" | "Zuletzt verwendet";
    passkey_kept_elsewhere = "Also stored elsewhere (synced)" | "Auch anderswo gespeichert (synchronisiert)";
    passkey_rename = "Rename" | "Umbenennen";
    passkey_renamed(name) = "The passkey is called {name} now." | "Der Passkey heißt jetzt {name}.";
    passkey_remove = "Remove this passkey" | "Diesen Passkey entfernen";
    passkey_remove_effect = "Nobody can sign in with it any more. Remove it from your device as well." | "Mit ihm kann sich dann niemand mehr anmelden. Entfernen Sie ihn auch von Ihrem Gerät.";
    passkey_removed(name) = "The passkey {name} is removed." | "Der Passkey {name} ist entfernt.";
}
