//! Recordings of calls.

use super::{Texts, texts};

texts! {
    recording_title = "Recording" | "Aufzeichnung";
    recording_listen = "Listen" | "Anhören";
    recording_noted = "Whoever listens is noted in the audit log." | "Jedes Anhören wird im Auditprotokoll vermerkt.";
    recording_not_for_you = "Your role can read calls, but not listen to them." | "Mit Ihrer Rolle können Sie Anrufe lesen, aber nicht anhören.";
    recording_none = "This call has no recording." | "Zu diesem Anruf gibt es keine Aufzeichnung.";
    recording_off = "Calls are not recorded. An Owner turns recording on under Security." | "Anrufe werden nicht aufgezeichnet. Ein Inhaber kann die Aufzeichnung im Bereich Sicherheit einschalten.";
    recording_protected = "While protection of health data is on, only Owners and Admins can listen to recordings." | "Solange der Schutz von Gesundheitsdaten eingeschaltet ist, hören nur Inhaber und Administratoren Aufzeichnungen.";
    recording_damaged = "The recording is not as it was stored, so nothing of it is played." | "Die Aufzeichnung ist nicht mehr so, wie sie gespeichert wurde; daher wird nichts davon abgespielt.";
    recording_why = "Protection of health data is on, so it is noted why you listen." | "Der Schutz von Gesundheitsdaten ist eingeschaltet; daher wird vermerkt, warum Sie sich den Anruf anhören.";
    recording_reason = "Why you listen" | "Warum Sie sich den Anruf anhören";
    recording_reason_hint = "A ticket or a purpose, and nothing about whoever is heard." | "Ein Ticket oder ein Zweck, aber nichts über die Person, die zu hören ist.";
}
