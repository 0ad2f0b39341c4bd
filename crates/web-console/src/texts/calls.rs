//! The call history.

use rollcall_domain::calls::Direction;

use super::{Texts, texts};

texts! {
    calls_title = "Calls" | "Anrufe";
    calls_since = "From" | "Von";
    calls_until = "To" | "Bis";
    calls_none = "No calls yet. They appear here once your platform reports them by the API." | "Noch keine Anrufe. Sie erscheinen hier, sobald Ihre Plattform sie über die API meldet.";
    calls_none_fit = "No call fits. Search for less." | "Kein Anruf passt dazu. Suchen Sie nach weniger.";
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
    recording_title = "Recording" | "Aufnahme";
    recording_listen = "Listen" | "Anhören";
    recording_noted = "Whoever listens is noted in the audit log." | "Wer zuhört, wird im Auditprotokoll vermerkt.";
    recording_not_for_you = "Your role reads calls, and does not hear them." | "Ihre Rolle liest Anrufe, hört sie aber nicht.";
    recording_none = "This call has no recording." | "Zu diesem Anruf gibt es keine Aufnahme.";
    recording_off = "Calls are not recorded. An Owner turns recording on under Security." | "Anrufe werden nicht aufgenommen. Ein Inhaber schaltet die Aufnahme unter Sicherheit ein.";
    recording_protected = "While protection of health data is on, only Owners and Admins hear recordings." | "Solange der Schutz von Gesundheitsdaten eingeschaltet ist, hören nur Inhaber und Administratoren Aufnahmen.";
    recording_damaged = "The recording is not as it was stored, so nothing of it is played." | "Die Aufnahme ist nicht so, wie sie gespeichert wurde; daher wird nichts davon abgespielt.";
    recording_why = "Protection of health data is on, so it is noted why you listen." | "Der Schutz von Gesundheitsdaten ist eingeschaltet; daher wird vermerkt, warum Sie zuhören.";
    recording_reason = "Why you listen" | "Warum Sie zuhören";
    recording_reason_hint = "A ticket or a purpose, and nothing about whoever is heard." | "Ein Ticket oder ein Zweck, und nichts über die gehörte Person.";
    transcript_title = "What was said" | "Was gesagt wurde";
    transcript_masked = "Telephone numbers, addresses and cards are masked." | "Telefonnummern, Adressen und Karten sind unkenntlich gemacht.";
    transcript_none = "This call has no transcript." | "Zu diesem Anruf gibt es kein Transkript.";
    transcript_empty = "Nothing was said." | "Es wurde nichts gesagt.";
}

impl Texts {
    /// Who has called whom.
    pub(crate) const fn direction(self, direction: Direction) -> &'static str {
        match direction {
            Direction::Inbound => self.direction_inbound(),
            Direction::Outbound => self.direction_outbound(),
        }
    }
}
