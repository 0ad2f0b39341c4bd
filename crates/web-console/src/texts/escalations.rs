//! The live board: calls that wait for a human.

use rollcall_domain::escalations::EscalationRefusal;

use super::{Texts, texts};

texts! {
    offers_title = "Offered to you" | "Ihnen angeboten";
    offer_left = "Answer within" | "Antworten Sie innerhalb von";
    offer_said = "A call is offered to you." | "Ihnen wird ein Anruf angeboten.";
    offer_in_title = "Call for you" | "Anruf für Sie";
    offered_elsewhere[n] = "One more is offered to somebody else right now.", "{n} more are offered to others right now." | "Ein weiterer wird gerade jemand anderem angeboten.", "{n} weitere werden gerade anderen angeboten.";
    held_title = "Your calls" | "Ihre Anrufe";
    lease_left = "Reserved for" | "Reserviert für";
    queue_title = "Waiting calls" | "Wartende Anrufe";
    queue_empty = "Nobody waits. Calls that need a human appear here by themselves." | "Niemand wartet. Anrufe, die einen Menschen brauchen, erscheinen hier von selbst.";
    queue_beyond[n] = "One more waits than is shown here.", "{n} more wait than are shown here." | "Ein weiterer wartet, der hier nicht gezeigt wird.", "{n} weitere warten, die hier nicht gezeigt werden.";
    queue_beyond_or_more(n) = "At least {n} more wait than are shown here." | "Mindestens {n} weitere warten, die hier nicht gezeigt werden.";
    callbacks_beyond[n] = "One more is to be called back.", "{n} more are to be called back." | "Ein weiterer Rückruf ist offen.", "{n} weitere Rückrufe sind offen.";
    callbacks_beyond_or_more(n) = "At least {n} more are to be called back." | "Mindestens {n} weitere Rückrufe sind offen.";
    callbacks_all = "See them all" | "Alle ansehen";
    callbacks_none = "There is nobody to call back." | "Es sind keine Rückrufe offen.";
    callbacks_title = "To be called back" | "Offene Rückrufe";
    talks_title = "Taken by others" | "Bei anderen";
    call_place = "Place" | "Platz";
    call_reason = "Reason" | "Grund";
    call_priority = "Priority" | "Dringlichkeit";
    call_waited = "Waiting for" | "Wartet seit";
    call_take = "Take it" | "Übernehmen";
    call_take_next = "Take the next call" | "Nächsten Anruf übernehmen";
    call_resolve = "Done" | "Erledigt";
    call_renew = "Keep it" | "Behalten";
    call_release = "Give it back" | "Zurückgeben";
    call_taken_elsewhere = "You took this call elsewhere. Finish it there, or go offline to give it back." | "Sie haben diesen Anruf anderswo übernommen. Schließen Sie ihn dort ab, oder gehen Sie offline, um ihn zurückzugeben.";
    call_is_yours = "The call is yours. It is kept while this page is open." | "Der Anruf gehört Ihnen. Er bleibt für Sie reserviert, solange diese Seite offen ist.";
    call_none_for_you = "No call waits that you can take." | "Es wartet kein Anruf, den Sie übernehmen können.";
    call_renewed = "You keep the call." | "Sie behalten den Anruf.";
    call_released = "The call waits again, in its old place." | "Der Anruf wartet wieder, an seinem alten Platz.";
    call_resolved = "The call is done." | "Der Anruf ist erledigt.";

    call_somebody_faster = "Somebody else was faster." | "Jemand anders war schneller.";
    call_not_available = "You cannot take a call now: set your status to Available first, and have no more calls than you can take at the same time." | "Sie können gerade keinen Anruf übernehmen: Setzen Sie zuerst Ihren Status auf „Verfügbar“, und übernehmen Sie nicht mehr Anrufe, als Sie gleichzeitig annehmen können.";
    call_skills_missing = "The call needs skills that are not entered for you. A supervisor can add them." | "Der Anruf verlangt Fähigkeiten, die für Sie nicht eingetragen sind. Die Teamleitung kann sie eintragen.";
    call_lease_lost = "You do not hold this call any more, or took it in another browser." | "Sie haben diesen Anruf nicht mehr, oder Sie haben ihn in einem anderen Browser übernommen.";
    call_ended = "This call is not waiting any more." | "Dieser Anruf wartet nicht mehr.";
    call_exists = "This call is waiting already." | "Dieser Anruf wartet schon.";

    queue_settings = "Settings of the queue" | "Einstellungen der Warteschlange";
    queue_settings_lead = "They apply to what begins from now on. Calls that wait or are taken keep their times." | "Sie gelten für alles, was von nun an beginnt. Wartende und übernommene Anrufe behalten ihre Zeiten.";
    queue_settings_saved = "The settings of the queue are saved." | "Die Einstellungen der Warteschlange sind gespeichert.";
    wait_limit = "Longest wait, in seconds" | "Längste Wartezeit in Sekunden";
    wait_limit_hint = "10 to 86400. After that the caller is told that nobody is free." | "10 bis 86400. Danach erfährt die anrufende Person, dass niemand frei ist.";
    offer_time = "How long an offer stands, in seconds" | "Wie lange ein Angebot gilt, in Sekunden";
    offer_time_hint = "5 to 300. An agent who does not answer in time is set to Away." | "5 bis 300. Wer nicht rechtzeitig antwortet, wird auf „Abwesend“ gesetzt.";
    lease_time = "How long a call stays reserved without a connection, in seconds" | "Wie lange ein Anruf ohne Verbindung reserviert bleibt, in Sekunden";
    lease_time_hint = "10 to 3600. After that it goes back to the queue." | "10 bis 3600. Danach kommt er zurück in die Warteschlange.";
    automatic_assignment = "Offer waiting calls to agents" | "Wartende Anrufe automatisch anbieten";
    automatic_assignment_hint = "To the agent who has been free for longest. Otherwise agents take calls themselves." | "Zuerst der Person, die am längsten frei ist. Sonst übernehmen alle ihre Anrufe selbst.";
    seconds_out_of_bounds = "Please give a whole number within these bounds." | "Bitte eine ganze Zahl in diesen Grenzen.";
}

impl Texts {
    /// Why nothing came of what was asked of a call.
    pub(super) const fn escalation_refused(self, refusal: EscalationRefusal) -> &'static str {
        match refusal {
            EscalationRefusal::AlreadyClaimed => self.call_somebody_faster(),
            EscalationRefusal::NotAvailable => self.call_not_available(),
            EscalationRefusal::SkillsMissing => self.call_skills_missing(),
            EscalationRefusal::LeaseLost => self.call_lease_lost(),
            EscalationRefusal::Ended => self.call_ended(),
            EscalationRefusal::Exists => self.call_exists(),
        }
    }
}
