//! Passkeys.

use super::{Texts, texts};

texts! {
    passkeys_title = "Passkeys" | "Passkeys";
    passkeys_why = "Your device signs you in by its lock: fingerprint, face or PIN. No other site can get hold of it." | "Sie melden sich so an, wie Sie Ihr Gerät entsperren: mit Fingerabdruck, Gesicht oder PIN. Keine andere Website kann einen Passkey verwenden.";
    passkeys_none = "You have no passkey yet. Add one for the device in front of you." | "Sie haben noch keinen Passkey. Fügen Sie einen für das Gerät hinzu, das Sie gerade benutzen.";
    passkey_add = "Add a passkey" | "Passkey hinzufügen";
    passkey_add_lead = "Say what to call it; your device asks for the rest." | "Geben Sie ihm einen Namen; den Rest fragt Ihr Gerät.";
    passkey_needs_script = "Passkeys need a browser that knows them, and scripts." | "Passkeys brauchen einen Browser, der sie kennt, und Skripte.";
    passkey_name = "Name" | "Name";
    passkey_name_hint = "So that you know later which device it is." | "Damit Sie später wissen, welches Gerät es ist.";
    passkey_create = "Create it on this device" | "Auf diesem Gerät erstellen";
    passkey_not_made = "Your device has made no passkey. Perhaps it has one already, or it took too long. Try again." | "Ihr Gerät hat keinen Passkey erstellt. Vielleicht hat es schon einen, oder es hat zu lange gedauert. Versuchen Sie es erneut.";
    passkey_added(name) = "The passkey {name} is added." | "Der Passkey {name} ist hinzugefügt.";
    passkey_since = "Added" | "Hinzugefügt";
    passkey_used = "Last used" | "Zuletzt verwendet";
    passkey_kept_elsewhere = "Kept elsewhere as well" | "Auch anderswo gesichert";
    passkey_rename = "Rename" | "Umbenennen";
    passkey_renamed(name) = "The passkey is called {name} now." | "Der Passkey heißt jetzt {name}.";
    passkey_remove = "Remove this passkey" | "Diesen Passkey entfernen";
    passkey_remove_effect = "It lets nobody in any more. Remove it from your device as well." | "Mit ihm kann sich dann niemand mehr anmelden. Entfernen Sie ihn auch von Ihrem Gerät.";
    passkey_removed(name) = "The passkey {name} is removed." | "Der Passkey {name} ist entfernt.";
}
