//! Security controls, the rule about second factors, the witness and the webhook.

use rollcall_application::webhooks::DeliveryState;
use rollcall_domain::security::Control;

use super::{Texts, texts};

texts! {
    section_security = "Security" | "Sicherheit";
    control_recording = "Call recording" | "Anrufaufzeichnung";
    control_phi = "PHI protection" | "PHI-Schutz";
    control_e2ee = "End-to-end encryption" | "Ende-zu-Ende-Verschlüsselung";
    control_audit = "Audit log" | "Auditprotokoll";
    control_mfa = "Second factors for everybody" | "Zweite Faktoren für alle";
    control_recording_means = "Keeps the sound of calls, so that your team can listen to them later." | "Bewahrt den Ton von Anrufen auf, damit Ihr Team sie später anhören kann.";
    control_phi_means = "Protects health data (PHI, protected health information): numbers and addresses are masked in transcripts, and only Owners and Admins can listen to recordings." | "Schützt Gesundheitsdaten (PHI): Nummern und Adressen werden in Transkripten unkenntlich gemacht, und nur Inhaber und Administratoren können Aufzeichnungen anhören.";
    control_e2ee_means = "Encrypts calls from one participant to the other, so that nobody on the way can listen." | "Verschlüsselt Anrufe von einem Ende zum anderen, damit unterwegs niemand mithören kann.";
    control_audit_means = "Keeps a record of who did what, in which nothing can be changed afterwards without being noticed." | "Hält fest, wer was getan hat, sodass nichts nachträglich unbemerkt geändert werden kann.";
    control_mfa_means = "Everybody signs in with a second step beside the password, so that a stolen password is not enough." | "Alle melden sich neben dem Passwort mit einem zweiten Schritt an, sodass ein gestohlenes Passwort nicht genügt.";

    security_title = "Security" | "Sicherheit";
    security_only(roles) = "You can look at this. Only these roles change it: {roles}." | "Sie können dies ansehen. Nur diese Rollen können es ändern: {roles}.";
    security_from_plan(plan) = "It comes with the plan {plan}." | "Enthalten ab dem Tarif {plan}.";
    security_see_plans = "See the plans" | "Tarife ansehen";
    security_more = "Details" | "Einzelheiten";
    security_changed = "Last changed" | "Zuletzt geändert";
    security_switch_on(name) = "Switch {name} on" | "{name} einschalten";
    security_switch_off(name) = "Switch {name} off" | "{name} ausschalten";
    security_once_on = "What it does once it is on" | "Was gilt, sobald dies eingeschaltet ist";
    security_once_off = "What it means to switch it off" | "Was das Ausschalten bedeutet";
    security_nothing_more(name) = "{name} is off from then on. What there is already stays as it is." | "{name} ist danach ausgeschaltet. Was schon gespeichert ist, bleibt, wie es ist.";
    security_ends_log = "That it was switched off is the last event of the log. What was written before can be read and proved for as long as the plan keeps it." | "Das Ausschalten ist das letzte Ereignis des Protokolls. Was vorher geschrieben wurde, kann gelesen und bewiesen werden, solange der Tarif es aufbewahrt.";
    security_owners_told = "All Owners are told by mail." | "Alle Inhaber erhalten eine E-Mail.";
    security_is_on(name) = "{name} is on now." | "{name} ist jetzt eingeschaltet.";
    security_is_off(name) = "{name} is off now." | "{name} ist jetzt ausgeschaltet.";

    mfa_rule_see = "See who is affected" | "Wen es betrifft";
    mfa_rule_days[n] = "New members have one day to set one up.", "New members have {n} days to set one up." | "Neue Mitglieder haben einen Tag Zeit, einen einzurichten.", "Neue Mitglieder haben {n} Tage Zeit, einen einzurichten.";
    mfa_rule_meets = "Who is affected" | "Wen es betrifft";
    mfa_rule_would_meet = "Who would be affected" | "Wen es betreffen würde";
    mfa_rule_nobody = "Everybody here has a second factor already." | "Alle hier haben schon einen zweiten Faktor.";
    mfa_rule_count[n] = "One person has no second factor.", "{n} people have no second factor." | "Eine Person hat keinen zweiten Faktor.", "{n} Personen haben keinen zweiten Faktor.";
    mfa_rule_more = "There are more than are shown here." | "Es gibt mehr, als hier gezeigt werden.";
    mfa_rule_myself = "You are among them." | "Sie gehören dazu.";
    mfa_rule_deadline = "Deadline" | "Frist";
    mfa_rule_over = "Over" | "Abgelaufen";
    mfa_rule_no_deadline = "Begins when it is switched on" | "Beginnt mit dem Einschalten";
    mfa_rule_change = "Change the rule" | "Regel ändern";
    mfa_rule_legend = "Does everybody need a second factor?" | "Brauchen alle einen zweiten Faktor?";
    mfa_rule_yes = "Yes, everybody needs one" | "Ja, alle brauchen einen";
    mfa_rule_no = "No, everybody decides for themselves" | "Nein, alle entscheiden selbst";
    mfa_rule_grace = "Days to set one up" | "Tage zum Einrichten";
    mfa_rule_grace_hint = "0 to 90. With 0, whoever has none must set one up before anything else. Deadlines that people have already are never extended." | "0 bis 90. Bei 0 muss, wer keinen hat, sofort einen einrichten. Bestehende Fristen werden nie verlängert.";
    mfa_rule_is_on[n] = "Everybody needs a second factor now. Whoever has none is told by mail, and has one day, or what is left of a deadline from before.", "Everybody needs a second factor now. Whoever has none is told by mail, and has {n} days, or what is left of a deadline from before." | "Jetzt brauchen alle einen zweiten Faktor. Wer keinen hat, erhält eine E-Mail und hat einen Tag Zeit oder den Rest einer früheren Frist.", "Jetzt brauchen alle einen zweiten Faktor. Wer keinen hat, erhält eine E-Mail und hat {n} Tage Zeit oder den Rest einer früheren Frist.";
    mfa_rule_is_off = "A second factor is not required any more." | "Ein zweiter Faktor ist nicht mehr vorgeschrieben.";

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

    webhook_title = "Webhook for escalated calls" | "Webhook für eskalierte Anrufe";
    webhook_what = "Your platform is told automatically what becomes of calls that wait for a human agent. Messages are signed (Standard Webhooks), and tried up to ten times." | "Ihre Plattform erfährt automatisch, was aus Anrufen wird, die auf einen Menschen warten. Nachrichten sind signiert (Standard Webhooks) und werden bis zu zehnmal versucht.";
    webhook_see = "Webhook" | "Webhook";
    webhook_is(host) = "Messages go to {host}." | "Nachrichten gehen an {host}.";
    webhook_none = "No messages are sent." | "Es werden keine Nachrichten gesendet.";
    webhook_to = "Goes to" | "Geht an";
    webhook_event = "Event" | "Ereignis";
    webhook_choose = "Choose a destination" | "Ziel wählen";
    webhook_other = "Choose another" | "Ein anderes wählen";
    webhook_field = "URL" | "URL";
    webhook_hint = "It begins with https:// and can be reached from the internet. It gets a new secret each time it is chosen." | "Sie beginnt mit https:// und ist aus dem Internet erreichbar. Sie erhält bei jeder Wahl ein neues Geheimnis.";
    webhook_save = "Send messages there" | "Nachrichten dorthin senden";
    webhook_remove = "Stop sending messages" | "Keine Nachrichten mehr senden";
    webhook_resend = "Send undelivered messages again" | "Nicht zugestellte Nachrichten erneut senden";
    webhook_removed = "Messages are not sent any more." | "Es werden keine Nachrichten mehr gesendet.";
    webhook_resent[n] = "One message is on its way again.", "{n} messages are on their way again." | "Eine Nachricht ist wieder unterwegs.", "{n} Nachrichten sind wieder unterwegs.";

    delivery_last = "What was sent last" | "Was zuletzt gesendet wurde";
    delivery_none = "Nothing has been sent yet." | "Es wurde noch nichts gesendet.";
    delivery_state = "State" | "Stand";
    delivery_attempts = "Attempts" | "Versuche";
    delivery_queued = "On its way" | "Unterwegs";
    delivery_sent = "Delivered" | "Zugestellt";
    delivery_failed = "Given up" | "Aufgegeben";
    delivery_last_sent = "Last delivered" | "Zuletzt zugestellt";
    delivery_last_failed = "Last failed" | "Zuletzt fehlgeschlagen";
    delivery_never = "Never since it was chosen" | "Noch nie, seit dieses Ziel gewählt wurde";
    delivery_waiting = "On its way" | "Unterwegs";
    delivery_given_up = "Given up within ninety days" | "In den letzten 90 Tagen aufgegeben";
    delivery_most = "10,000 or more" | "10.000 oder mehr";
    delivery_paused = "There was no answer in time. Sending is paused until" | "Es kam keine rechtzeitige Antwort. Der Versand ruht bis";
    delivery_failing(error) = "The last message could not be delivered: {error}." | "Die letzte Nachricht konnte nicht zugestellt werden: {error}.";
    delivery_moot = "Another destination was chosen by then" | "Inzwischen wurde ein anderes Ziel gewählt";

    once_title = "This is shown once." | "Dies wird nur einmal gezeigt.";
    once_why = "Store it in a safe place now. It cannot be shown again." | "Speichern Sie es jetzt an einem sicheren Ort. Es kann nicht noch einmal gezeigt werden.";
    once_copy = "Copy" | "Kopieren";
    once_copied = "Copied." | "Kopiert.";
    once_not_copied = "It is selected. Copy it with your keyboard." | "Es ist ausgewählt. Kopieren Sie es mit der Tastatur.";
}

impl Texts {
    /// What a control is called.
    pub(crate) fn control(self, control: Control) -> &'static str {
        match control {
            Control::CallRecording => self.control_recording(),
            Control::PhiProtection => self.control_phi(),
            Control::EndToEndEncryption => self.control_e2ee(),
            Control::AuditLog => self.control_audit(),
            Control::MfaRequired => self.control_mfa(),
        }
    }

    /// What a control is for, to somebody who has never heard of it.
    pub(crate) const fn control_means(self, control: Control) -> &'static str {
        match control {
            Control::CallRecording => self.control_recording_means(),
            Control::PhiProtection => self.control_phi_means(),
            Control::EndToEndEncryption => self.control_e2ee_means(),
            Control::AuditLog => self.control_audit_means(),
            Control::MfaRequired => self.control_mfa_means(),
        }
    }

    /// How much there is of what is counted up to 10,000.
    pub(crate) fn delivery_counted(self, count: &u32) -> String {
        if *count < 10_000 { self.number(count) } else { self.delivery_most().to_owned() }
    }

    /// What has become of something that was to be sent.
    pub(crate) fn delivery(self, state: DeliveryState) -> &'static str {
        match state {
            DeliveryState::Queued => self.delivery_queued(),
            DeliveryState::Sent => self.delivery_sent(),
            DeliveryState::Failed => self.delivery_failed(),
            DeliveryState::Moot => self.delivery_moot(),
        }
    }
}
