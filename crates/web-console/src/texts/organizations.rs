//! The organization: what it is called, taking everything of it along, and its end.

use super::{Texts, texts};

texts! {
    section_organization = "Organization" | "Organisation";
    org_title = "Organization" | "Organisation";
    org_slug = "Short name for web addresses" | "Kurzname für Webadressen";
    org_slug_stays = "It stays the same when the name changes, so that web addresses keep working." | "Er bleibt auch dann gleich, wenn sich der Name ändert, damit Webadressen gültig bleiben.";
    org_id = "Identifier" | "Kennung";
    org_plan = "Plan" | "Tarif";
    org_since = "Since" | "Seit";
    org_rename = "Change the name" | "Namen ändern";
    org_name = "Name of the organization" | "Name der Organisation";
    org_save = "Save" | "Speichern";
    org_renamed(name) = "The organization is called {name} now." | "Die Organisation heißt jetzt {name}.";
    org_rename_denied(roles) = "Only these roles change it: {roles}." | "Nur diese Rollen können dies ändern: {roles}.";

    org_export = "Export everything" | "Alle Daten exportieren";
    org_export_what = "A file with everything of this organization: members, invitations, API keys without their secrets, calls, transcripts, details of recordings without their sound, and the audit log. It is in JSON format, one object per line." | "Eine Datei mit allem, was zu dieser Organisation gehört: Mitglieder, Einladungen, API-Schlüssel ohne ihre Geheimnisse, Anrufe, Transkripte, Angaben zu Aufzeichnungen ohne den Ton und das Auditprotokoll. Sie ist im JSON-Format, ein Objekt je Zeile.";
    org_export_whole = "The file is complete if its last line says “end”. Only one export can run at a time." | "Sie ist vollständig, wenn in ihrer letzten Zeile „end“ steht. Es läuft immer nur ein Export.";
    org_export_do = "Download" | "Herunterladen";

    org_delete = "Delete the organization" | "Organisation löschen";
    org_delete_start = "Delete…" | "Löschen…";
    org_delete_title(name) = "Delete {name}" | "{name} löschen";
    org_delete_effects = "What happens at once" | "Was sofort geschieht";
    org_delete_sessions = "Everybody is signed out of this organization, you too, and nobody gets in any more." | "Alle werden aus dieser Organisation abgemeldet, auch Sie, und niemand kommt mehr hinein.";
    org_delete_keys = "API keys stop working, and open invitations cannot be accepted." | "API-Schlüssel gelten nicht mehr, und offene Einladungen können nicht angenommen werden.";
    org_delete_calls = "Calls that wait or go on are not handed to anybody any more." | "Wartende und laufende Anrufe werden niemandem mehr übergeben.";
    org_delete_accounts = "Accounts stay, and so do other organizations of the people in it." | "Konten bleiben bestehen, ebenso andere Organisationen, zu denen die Mitglieder gehören.";
    org_delete_mail = "All Owners are told by mail." | "Alle Inhaber erhalten eine E-Mail.";
    org_delete_later = "What happens later" | "Was später geschieht";
    org_delete_undo(days) = "For {days} days the operator of this service can undo it: members, roles and open invitations are then as they were. Sessions that have ended stay ended." | "{days} Tage lang kann der Betreiber dieses Dienstes es rückgängig machen: Mitglieder, Rollen und offene Einladungen sind dann wie zuvor. Beendete Sitzungen bleiben beendet.";
    org_delete_gone = "After that all of its data is removed for good, including recordings and the audit log. Download what you need before." | "Danach wird alles endgültig entfernt, auch Aufzeichnungen und das Auditprotokoll. Laden Sie vorher herunter, was Sie brauchen.";
    org_delete_confirm = "Type the name of the organization to confirm" | "Geben Sie zur Bestätigung den Namen der Organisation ein";
    org_delete_do = "Delete this organization" | "Diese Organisation löschen";
    org_deleted(name) = "{name} is deleted. Its Owners have been told by mail until when that can be undone." | "{name} ist gelöscht. Die Inhaber haben eine E-Mail erhalten, in der steht, bis wann sich das rückgängig machen lässt.";
}
