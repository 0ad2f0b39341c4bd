//! The call history.

use rollcall_domain::calls::Direction;

use super::{Texts, texts};

texts! {
    calls_title = "Calls" | "Anrufe";
    calls_since = "From" | "Von";
    calls_until = "To" | "Bis";
    calls_none = "No calls yet. They appear here once your phone or voice platform reports them over the API." | "Noch keine Anrufe. Sie erscheinen hier, sobald Ihre Telefon- oder Sprachplattform sie über die API meldet.";
    calls_none_fit = "No call matches. Search for less." | "Kein Anruf passt dazu. Suchen Sie mit weniger Angaben.";
    day_wrong = "Please give a day like 2026-01-31." | "Bitte einen Tag wie 2026-01-31.";
    call_word = "Call" | "Anruf";
    call_began = "Began" | "Begonnen";
    call_direction = "Direction" | "Richtung";
    direction_any = "Any direction" | "Jede Richtung";
    direction_inbound = "Inbound" | "Eingehend";
    direction_outbound = "Outbound" | "Ausgehend";
    call_from = "Caller" | "Anrufer";
    call_to = "Called" | "Angerufen";
    call_agent = "Agent" | "Agent";
    call_lasted = "Length" | "Dauer";
    call_goes_on = "Still going on" | "Läuft noch";
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
    transcript_title = "What was said" | "Was gesagt wurde";
    transcript_masked = "Telephone numbers, addresses and cards are masked." | "Telefonnummern, Adressen und Karten sind unkenntlich gemacht.";
    transcript_none = "This call has no transcript." | "Zu diesem Anruf gibt es kein Transkript.";
    speaker_agent = "Agent" | "Agent";
    speaker_caller = "Caller" | "Anrufer";
    speaker_somebody = "Speaker" | "Jemand";
    transcript_empty = "Nothing was said." | "Es wurde nichts gesagt.";
}

impl Texts {
    /// Who speaks: those whom platforms name alike are called as everywhere else here.
    pub(crate) fn speaker(self, name: String) -> String {
        match name.as_str() {
            "agent" => self.speaker_agent().to_owned(),
            "caller" => self.speaker_caller().to_owned(),
            "speaker" => self.speaker_somebody().to_owned(),
            _ => name,
        }
    }

    /// Who has called whom.
    pub(crate) const fn direction(self, direction: Direction) -> &'static str {
        match direction {
            Direction::Inbound => self.direction_inbound(),
            Direction::Outbound => self.direction_outbound(),
        }
    }
}
