//! The audit log.

use super::{Texts, texts};

texts! {
    section_audit = "Audit log" | "Auditprotokoll";
    audit_title = "Audit log" | "Auditprotokoll";
    audit_off_now = "The audit log is off: nothing new is added. What was written while it was on is here." | "Das Auditprotokoll ist ausgeschaltet: Neue Einträge kommen nicht dazu. Was geschrieben wurde, solange es eingeschaltet war, steht hier.";
    audit_off_title = "There is no audit log" | "Es gibt kein Auditprotokoll";
    audit_off = "The audit log is off, and has nothing in it from before. Once it is on, it records changes, sign-ins, refused attempts and calls with API keys, so that it can be proved that nothing was changed or left out." | "Das Auditprotokoll ist ausgeschaltet, und es gibt keine früheren Einträge. Sobald es eingeschaltet ist, hält es Änderungen, Anmeldungen, abgelehnte Versuche und Aufrufe mit API-Schlüsseln so fest, dass sich beweisen lässt, dass nichts geändert oder ausgelassen wurde.";
    audit_off_plan(plan) = "Your plan does not include it. It comes with the plan {plan}." | "Ihr Tarif enthält es nicht. Es gehört zum Tarif {plan}.";
    audit_off_ask(roles) = "Only these roles switch it on: {roles}." | "Nur diese Rollen können es einschalten: {roles}.";
    audit_turn_on = "Switch it on under Security" | "Im Bereich Sicherheit einschalten";

    audit_who = "Who" | "Wer";
    audit_what = "What" | "Was";
    audit_target = "On what" | "Betrifft";
    audit_outcome = "Outcome" | "Ergebnis";
    audit_since = "From day" | "Ab Tag";
    audit_until = "Until day" | "Bis Tag";
    audit_until_early = "This day is before the first one." | "Dieser Tag liegt vor dem ersten.";
    audit_words = "Words" | "Suchbegriffe";
    audit_anybody = "Anybody" | "Alle";
    audit_anything = "Anything" | "Alles";
    audit_any_outcome = "Any outcome" | "Jedes Ergebnis";
    audit_success = "Done" | "Ausgeführt";
    audit_refused = "Refused" | "Abgelehnt";
    audit_all = "Show everything" | "Alles anzeigen";
    audit_nothing = "No entry matches. Search for less, or over a longer period." | "Kein Eintrag passt dazu. Suchen Sie mit weniger Angaben oder über einen längeren Zeitraum.";
    audit_empty = "Nothing has happened yet." | "Es ist noch nichts geschehen.";
    audit_further = "Nothing found so far. The log is large; go on to search further back." | "Bisher nichts gefunden. Das Protokoll ist groß; suchen Sie weiter in der Vergangenheit.";
    audit_looking_is_kept = "Searching is logged too, but not the words that you search for." | "Auch Ihre Einsicht wird protokolliert, nicht aber Ihre Suchbegriffe.";
    audit_interstitial = "A link from elsewhere has led you here. Looking into the audit log is logged in your name, so it opens when you ask for it." | "Ein Link von anderswo hat Sie hierher geführt. Jede Einsicht in das Auditprotokoll wird mit Ihrem Namen protokolliert; daher öffnet es sich erst auf Ihren Wunsch.";
    audit_open = "Open the audit log" | "Auditprotokoll öffnen";
    audit_when = "When" | "Wann";
    audit_details = "Details" | "Details";
    audit_details_of(what) = "Details: {what}" | "Details: {what}";

    audit_session = "Session" | "Sitzung";
    audit_request = "Request" | "Anfrage";
    audit_place = "Position in the log" | "Position im Protokoll";
    audit_name = "Name of the action" | "Name der Handlung";
    audit_changes = "What changed" | "Was sich geändert hat";
    audit_changes_none = "No values changed." | "Es haben sich keine Werte geändert.";
    audit_field = "Value" | "Wert";
    audit_before = "Before" | "Vorher";
    audit_after = "After" | "Nachher";
    audit_personal = "Personal data" | "Personenbezogene Angaben";
    audit_erased = "Erased" | "Gelöscht";
    audit_same_actor = "All events by the same" | "Alle Ereignisse dieses Urhebers";
    audit_same_target = "All events about the same" | "Alle Ereignisse, die dies betreffen";

    kind_user = "Somebody" | "Eine Person";
    kind_api_key = "An API key" | "Ein API-Schlüssel";
    kind_anonymous = "Somebody unknown" | "Unbekannt";
    kind_operator = "The operator of this service" | "Betreiber dieses Dienstes";
    kind_system = "Rollcall itself" | "Rollcall selbst";
    kind_organization = "The organization" | "Die Organisation";
    kind_invitation = "An invitation" | "Eine Einladung";
    kind_session = "A session" | "Eine Sitzung";
    kind_call = "A call" | "Ein Anruf";
    kind_recording = "A recording" | "Eine Aufzeichnung";
    kind_passkey = "A passkey" | "Ein Passkey";
    kind_escalation = "An escalated call" | "Ein eskalierter Anruf";
    kind_nothing = "Nothing in particular" | "Nichts Bestimmtes";

    proof_prove = "Prove this event" | "Dieses Ereignis beweisen";
    proof_title = "Proof" | "Beweis";
    proof_holds = "The proof holds: this event is in the log that the checkpoint was signed for." | "Der Beweis ist gültig: Dieses Ereignis steht in dem Protokoll, für das der Prüfpunkt signiert wurde.";
    proof_fails = "The proof does not hold. Tell the operator of this service." | "Der Beweis ist ungültig. Wenden Sie sich an den Betreiber dieses Dienstes.";
    proof_how = "You need this when somebody doubts the log, such as an auditor: it shows by calculation that this event is in the log and was not changed. Every event has a hash, a number that any change to it would change. Hashes are hashed in pairs, and those in pairs again, until one is left: the root. With the root and a few hashes anybody can check that an event belongs to it." | "Sie brauchen dies, wenn jemand am Protokoll zweifelt, etwa bei einer Prüfung: Es zeigt durch Rechnung, dass dieses Ereignis im Protokoll steht und nicht geändert wurde. Jedes Ereignis hat einen Hash: eine Zahl, die bei jeder Änderung eine andere wäre. Je zwei Hashes werden zusammen gehasht, die Ergebnisse wieder paarweise, bis nur noch einer übrig ist: die Wurzel. Wer die Wurzel kennt, kann mit wenigen Hashes nachprüfen, dass ein Ereignis dazugehört.";
    proof_steps = "Step by step" | "Schritt für Schritt";
    proof_begin(index) = "We begin with the hash of the event, which stands at place {index}:" | "Am Anfang steht der Hash des Ereignisses an Position {index}:";
    proof_left = "On its left comes this hash, which stands for events before:" | "Links davon steht dieser Hash für frühere Ereignisse:";
    proof_right = "On its right comes this hash, which stands for events after:" | "Rechts davon steht dieser Hash für spätere Ereignisse:";
    proof_together = "Hashed together they are:" | "Zusammen gehasht ergibt das:";
    proof_end = "That is the root of the tree. The checkpoint names it as:" | "Das ist die Wurzel des Baums. Der Prüfpunkt nennt sie so:";
    proof_alone = "It is the only event, so its hash is the root already." | "Es ist das einzige Ereignis, also ist sein Hash schon die Wurzel.";
    proof_checkpoint = "The checkpoint" | "Der Prüfpunkt";
    proof_checkpoint_what(size) = "It says, signed, what the log was with {size} events. Keep it elsewhere: it shows later that the log is still the one it was." | "Er hält mit einer Signatur fest, wie das Protokoll mit {size} Ereignissen aussah. Bewahren Sie ihn an einem anderen Ort auf: Mit ihm lässt sich später zeigen, dass das Protokoll noch dasselbe ist.";
    proof_take = "Download" | "Herunterladen";
    proof_take_evidence = "Evidence for the offline verifier (NDJSON)" | "Beleg für die Offline-Prüfung (NDJSON)";
    proof_take_json = "This proof and its checkpoint (JSON)" | "Dieser Beweis und sein Prüfpunkt (JSON)";
    proof_take_checkpoint = "The newest checkpoint (signed note)" | "Der neueste Prüfpunkt (signierte Notiz)";
    proof_verify = "The evidence holds the event itself. Anybody can check it without us and without a network:" | "Der Beleg enthält das Ereignis selbst. Alle können ihn ohne uns und ohne Netz prüfen:";

    export_title = "Export the audit log" | "Auditprotokoll exportieren";
    export_what = "Leave the days empty to export the whole log. The export itself is logged too." | "Ohne Angabe von Tagen das ganze Protokoll. Der Export wird selbst protokolliert.";
    export_format = "Format" | "Format";
    export_ndjson = "NDJSON (can be verified)" | "NDJSON (lässt sich prüfen)";
    export_csv = "CSV for spreadsheets (cannot be verified)" | "CSV für Tabellenkalkulationen (lässt sich nicht prüfen)";
    export_do = "Download" | "Herunterladen";
    export_link = "Export" | "Exportieren";

    witness_title = "Witness of the audit log" | "Zeuge des Auditprotokolls";
    witness_what = "Somebody outside, such as your auditor, who is sent a checkpoint every day: a signed fingerprint of the audit log. With the checkpoints they can tell whether the log was changed afterwards, even by the operator of this service." | "Jemand außerhalb, etwa Ihre Prüfungsgesellschaft, erhält täglich einen Prüfpunkt: einen signierten Fingerabdruck des Auditprotokolls. Mit den Prüfpunkten lässt sich erkennen, ob das Protokoll nachträglich geändert wurde, selbst durch den Betreiber dieses Dienstes.";
    witness_see = "Witness" | "Zeuge";
    witness_is(address) = "Checkpoints go to {address}." | "Prüfpunkte gehen an {address}.";
    witness_none = "Checkpoints are not sent to anybody." | "Prüfpunkte werden an niemanden gesendet.";
    witness_to = "Goes to" | "Geht an";
    witness_size = "Events" | "Ereignisse";
    witness_choose = "Choose a witness" | "Zeugen wählen";
    witness_other = "Choose another" | "Einen anderen wählen";
    witness_field = "Email address, or URL of a webhook" | "E-Mail-Adresse oder URL eines Webhooks";
    witness_hint = "The first checkpoint is sent at once. A URL begins with https:// and gets a new secret each time it is chosen." | "Der erste Prüfpunkt wird sofort gesendet. Eine URL beginnt mit https:// und erhält bei jeder Wahl ein neues Geheimnis.";
    witness_send = "Send checkpoints there" | "Prüfpunkte dorthin senden";
    witness_remove = "Stop sending checkpoints" | "Keine Prüfpunkte mehr senden";
    witness_chosen(address) = "Checkpoints go to {address} from now on. The first is on its way." | "Prüfpunkte gehen ab jetzt an {address}. Der erste ist unterwegs.";
    witness_removed = "Checkpoints are not sent any more." | "Prüfpunkte werden nicht mehr gesendet.";
}

impl Texts {
    /// What kind of party somebody or something is; by its own name where services have others.
    pub(crate) fn kind(self, kind: &str) -> String {
        match kind {
            "user" => self.kind_user(),
            "api_key" => self.kind_api_key(),
            "anonymous" => self.kind_anonymous(),
            "operator" => self.kind_operator(),
            "system" => self.kind_system(),
            "organization" => self.kind_organization(),
            "invitation" => self.kind_invitation(),
            "session" => self.kind_session(),
            "call" => self.kind_call(),
            "recording" => self.kind_recording(),
            "passkey" => self.kind_passkey(),
            "escalation" => self.kind_escalation(),
            "nothing" | "none" => self.kind_nothing(),
            other => other,
        }
        .to_owned()
    }
}
