//! Security controls, and the rule about second factors.

use rollcall_domain::security::Control;

use super::{Texts, texts};

texts! {
    section_security = "Security" | "Sicherheit";
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
            Control::CallRecording => self.language().control_recording(),
            Control::PhiProtection => self.language().control_phi(),
            Control::EndToEndEncryption => self.language().control_e2ee(),
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
}
