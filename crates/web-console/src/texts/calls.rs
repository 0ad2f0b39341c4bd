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
    transcript_title = "What was said" | "Was gesagt wurde";
    transcript_masked = "Telephone numbers, addresses and cards are masked." | "Telefonnummern, Adressen und Karten sind unkenntlich gemacht.";
    transcript_on_request = "A link from elsewhere has led you here. Whoever reads what was said is noted in the audit log, so it is shown when you ask for it." | "Ein Link von anderswo hat Sie hierher geführt. Jedes Lesen wird im Auditprotokoll vermerkt; daher wird erst auf Ihren Wunsch angezeigt, was gesagt wurde.";
    transcript_show = "Show what was said" | "Anzeigen, was gesagt wurde";
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
