//! What members and Owners of an organization are told, and whoever witnesses its audit log.

use rollcall_domain::{organizations::Plan, plans::COUNTED, security::Control};

use super::{Texts, texts};
use rollcall_texts::{CALLS_KEEP_THEIR_KEYS, Language};

texts! {
    mfa_required_subject(organization) = "{organization} asks for a second factor" | "{organization} verlangt einen zweiten Faktor";
    mfa_required(organization) = "everybody in {organization} needs a second factor to sign in: an authenticator app, or a passkey. You have none yet." | "alle in {organization} brauchen zum Anmelden einen zweiten Faktor: eine Authenticator-App oder einen Passkey. Sie haben noch keinen.";
    mfa_required_how(public_url, until, organization) = "Please sign in at {public_url} and set one up by {until}. After that you can do nothing else in {organization} until you have." | "Melden Sie sich bitte unter {public_url} an und richten Sie bis {until} einen ein. Danach können Sie in {organization} nichts anderes tun, solange Sie keinen haben.";
    mfa_reminder_subject(organization) = "Set up a second factor for {organization}" | "Richten Sie einen zweiten Faktor für {organization} ein";
    mfa_reminder(organization, until) = "you still have no second factor, and {organization} asks for one by {until}." | "Sie haben noch keinen zweiten Faktor, und {organization} verlangt bis {until} einen.";
    mfa_reminder_how(public_url, organization) = "Please sign in at {public_url} and set one up: an authenticator app, or a passkey. After that date you can do nothing else in {organization} until you have." | "Melden Sie sich bitte unter {public_url} an und richten Sie einen ein: eine Authenticator-App oder einen Passkey. Nach diesem Zeitpunkt können Sie in {organization} nichts anderes tun, solange Sie keinen haben.";
    mfa_date_stays = "Signing in again, or leaving and coming back, does not move this date." | "Weder erneutes Anmelden noch Verlassen und Wiederkommen verschiebt diesen Zeitpunkt.";

    organization_deleted_subject(organization) = "{organization} is deleted" | "{organization} ist gelöscht";
    organization_deleted(organization) = "an Owner has just deleted {organization}. Everybody's sessions in it have ended, and its open invitations cannot be accepted any more." | "ein Inhaber hat {organization} gerade gelöscht. Alle Sitzungen darin sind beendet, und offene Einladungen können nicht mehr angenommen werden.";
    organization_deleted_until(until, contact, id) = "Everything of it will be removed for good on {until}. Until then it can be undone: write to {contact} and name {id}." | "Alle Daten werden am {until} endgültig entfernt. Bis dahin lässt es sich rückgängig machen: Schreiben Sie an {contact} und nennen Sie {id}.";
    organization_deleted_why(organization) = "You get this mail because you are an Owner of {organization}. Your own account stays." | "Sie erhalten diese E-Mail, weil Sie Inhaber von {organization} sind. Ihr eigenes Konto bleibt.";

    api_key_reported_subject(organization) = "An API key of {organization} was found and is revoked" | "Ein API-Schlüssel von {organization} wurde gefunden und ist widerrufen";
    api_key_reported_heading = "An API key was found" | "Ein API-Schlüssel wurde gefunden";
    api_key_reported(key, organization, prefix) = "somebody has found the API key “{key}” of {organization}, which begins with {prefix}, and has reported it. Whoever has it could have used it, so it is revoked: nothing that uses it works any more." | "jemand hat den API-Schlüssel „{key}“ von {organization} gefunden, der mit {prefix} beginnt, und hat das gemeldet. Wer ihn hat, hätte ihn verwenden können, daher ist er widerrufen: Nichts, was ihn verwendet, funktioniert noch.";
    api_key_reported_next = "Make another key for whatever needs it, find out where this one was to be seen, and look at what it was last used for." | "Erstellen Sie einen neuen Schlüssel für alles, was ihn braucht, finden Sie heraus, wo dieser zu sehen war, und sehen Sie nach, wofür er zuletzt verwendet wurde.";

    checkpoint_subject(organization) = "A checkpoint of the audit log of {organization}" | "Ein Prüfpunkt des Auditprotokolls von {organization}";
    checkpoint_heading = "A checkpoint of an audit log" | "Ein Prüfpunkt eines Auditprotokolls";
    checkpoint(organization, id, size) = "{organization} ({id}) has named this address as a witness of its audit log. Keep this mail: the log had {size} events, and whoever changes or removes any of them later cannot make this checkpoint again." | "{organization} ({id}) hat diese Adresse als Zeugen des eigenen Auditprotokolls benannt. Bewahren Sie diese E-Mail auf: Das Protokoll hatte {size} Ereignisse, und wer später eines davon ändert oder entfernt, kann diesen Prüfpunkt nicht mehr herstellen.";
    checkpoint_how = "Save this mail, or the lines above from the one that names the log to the one that begins with a dash, and check an export of the log with" | "Speichern Sie diese E-Mail oder die Zeilen oben, von der mit dem Namen des Protokolls bis zu der, die mit einem Strich beginnt, und prüfen Sie einen Export des Protokolls mit";
    checkpoint_daily(contact) = "You get a checkpoint a day. If you do not want to, write to {contact}." | "Sie erhalten täglich einen Prüfpunkt. Wenn Sie das nicht möchten, schreiben Sie an {contact}.";

    control_off_subject(control, organization) = "{control} of {organization} is off" | "Ausgeschaltet in {organization}: {control}";
    control_off_heading = "A security control is off" | "Eine Sicherheitsfunktion ist ausgeschaltet";
    control_off(control, organization) = "{control} of {organization} has just been switched off: by an Owner, by the platform's operator, or with a smaller plan." | "in {organization} wurde gerade ausgeschaltet: {control} – durch einen Inhaber, durch den Betreiber der Plattform oder mit einem kleineren Tarif.";
    control_off_who(public_url) = "An Owner can see who did it at {public_url} under Settings, Security, and can switch it on again there if the plan includes it. Whatever happens in the meantime stays without it." | "Wer das war, sehen Inhaber unter {public_url} im Bereich Sicherheit, und sie können es dort wieder einschalten, wenn der Tarif es enthält. Was in der Zwischenzeit entsteht, bleibt ohne.";

    retention_subject(organization) = "What is too old for the plan of {organization} is deleted" | "Was für den Tarif von {organization} zu alt ist, wird gelöscht";
    retention_heading = "What is too old for the plan is deleted" | "Was für den Tarif zu alt ist, wird gelöscht";
    retention(organization, plan, at) = "{organization} went over to the plan {plan} on {at}. That plan keeps less, and what is older than it keeps is deleted and does not come back:" | "{organization} ist am {at} zum Tarif {plan} gewechselt. Dieser Tarif bewahrt weniger auf, und was älter ist, wird gelöscht und kommt nicht wieder:";
    retention_recordings(after, before, outlived) = "Recordings of calls are kept for {after} days (before: {before}). {outlived} too old for that; they are deleted from this moment on." | "Aufzeichnungen von Anrufen werden {after} Tage aufbewahrt (bisher: {before}). {outlived} dafür zu alt; sie werden von diesem Moment an gelöscht.";
    retention_events(after, before, outlived) = "Events of the audit log are kept for {after} days (before: {before}). {outlived} too old for that: what identifies persons is erased from this moment on, and the events themselves 30 days later." | "Ereignisse des Auditprotokolls werden {after} Tage aufbewahrt (bisher: {before}). {outlived} dafür zu alt: Was Personen identifiziert, wird von diesem Moment an gelöscht, die Ereignisse selbst 30 Tage später.";
    retention_later(public_url) = "What grows too old later goes in the same way. Whoever went over to the plan has agreed to that: an Owner, or the platform's operator. Who it was an Owner sees at {public_url} under Settings, Billing. A larger plan keeps what is not deleted yet." | "Was später zu alt wird, wird ebenso gelöscht. Wer den Tarif gewechselt hat, hat dem zugestimmt: ein Inhaber oder der Betreiber der Plattform. Wer es war, sehen Inhaber unter {public_url} im Bereich Abrechnung und Tarif. Ein größerer Tarif behält, was noch nicht gelöscht ist.";

    outlived_none = "None of them are" | "Keine davon ist";
    outlived_one = "1 of them is" | "1 davon ist";
    outlived_many(n) = "{n} of them are" | "{n} davon sind";
    outlived_or_more(n) = "{n} of them or more are" | "{n} davon oder mehr sind";

    control_audit = "The audit log" | "Das Auditprotokoll";
    control_mfa = "The rule that everybody needs a second factor" | "Die Regel, dass alle einen zweiten Faktor brauchen";
}

impl Texts {
    /// What a plan is called, as the console calls it.
    pub(crate) const fn plan(self, plan: Plan) -> &'static str {
        match plan {
            Plan::Free => self.language().plan_free(),
            Plan::Pro => self.language().plan_pro(),
            Plan::Enterprise => self.language().plan_enterprise(),
        }
    }

    /// What a security control is called.
    pub(crate) const fn control(self, control: Control) -> &'static str {
        match control {
            Control::CallRecording => self.language().control_recording(),
            Control::PhiProtection => self.language().control_phi(),
            Control::EndToEndEncryption => self.language().control_e2ee(),
            Control::AuditLog => self.control_audit(),
            Control::MfaRequired => self.control_mfa(),
        }
    }

    /// What holds from the moment on in which a control is off, as far as that must be told.
    pub(crate) const fn once_off(self, control: Control) -> Option<&'static str> {
        match self.language() {
            Language::English => control.once_off(),
            Language::German => match control {
                Control::PhiProtection => Some(
                    "Aufzeichnungen aus der Zeit, in der er eingeschaltet war, können jetzt alle abspielen, die Aufzeichnungen abspielen dürfen, auch Mitglieder und API-Schlüssel, und niemand wird nach dem Grund gefragt. Was in Transkripten unkenntlich gemacht wurde, bleibt es.",
                ),
                Control::EndToEndEncryption => Some(CALLS_KEEP_THEIR_KEYS),
                Control::CallRecording | Control::AuditLog | Control::MfaRequired => None,
            },
        }
    }

    /// How many are too old, in words that go on with "too old".
    pub(crate) fn outlived(self, outlived: u64) -> String {
        match outlived {
            0 => self.outlived_none().to_owned(),
            1 => self.outlived_one().to_owned(),
            most if most >= u64::from(COUNTED) => self.outlived_or_more(COUNTED),
            many => self.outlived_many(many),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_once_a_control_is_off_is_told_in_every_language_or_in_none() {
        for control in Control::ALL {
            let told = Texts::of(Language::German).once_off(control).is_some();
            assert_eq!(told, control.once_off().is_some(), "{control:?}");
            assert_eq!(Texts::of(Language::English).control(control), control.title());
        }
    }
}
