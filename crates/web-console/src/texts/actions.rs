//! What was done, as the audit log shows it. Services report actions of their own, which are shown by their names.

use super::Texts;
use rollcall_texts::Language;

impl Texts {
    /// What was done or tried, in plain words where they are known.
    pub(crate) fn action(self, name: &str) -> String {
        let known = ACTIONS.iter().find(|(action, ..)| *action == name);
        known.map_or(name, |(_, english, german)| self.of_two(english, german)).to_owned()
    }

    /// All that are known: names, and what they are called.
    pub(crate) fn actions(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        ACTIONS.iter().map(move |(name, english, german)| (*name, self.of_two(english, german)))
    }

    fn of_two(self, english: &'static str, german: &'static str) -> &'static str {
        match self.language() {
            Language::English => english,
            Language::German => german,
        }
    }
}

/// By name, in English and in German.
const ACTIONS: &[(&str, &str, &str)] = &[
    ("signup.requested", "Sign-up requested", "Registrierung beantragt"),
    ("account.created", "Account created", "Konto erstellt"),
    ("account.updated", "Account changed", "Konto geändert"),
    ("account.email_change_requested", "Other email address requested", "Andere E-Mail-Adresse beantragt"),
    ("account.email_changed", "Email address changed", "E-Mail-Adresse geändert"),
    ("account.exported", "Personal data exported", "Persönliche Daten exportiert"),
    ("account.deleted", "Account deleted", "Konto gelöscht"),
    ("password.changed", "Password changed", "Passwort geändert"),
    ("password.reset_requested", "Password reset requested", "Zurücksetzen des Passworts beantragt"),
    ("password.reset", "Password reset", "Passwort zurückgesetzt"),
    ("passkey.registration_begun", "Adding a passkey begun", "Hinzufügen eines Passkeys begonnen"),
    ("passkey.added", "Passkey added", "Passkey hinzugefügt"),
    ("passkey.renamed", "Passkey renamed", "Passkey umbenannt"),
    ("passkey.removed", "Passkey removed", "Passkey entfernt"),
    (
        "passkey.counter_regressed",
        "Passkey refused: there may be a copy of it",
        "Passkey abgelehnt: Es könnte eine Kopie geben",
    ),
    ("mfa.challenged", "Second factor asked for", "Zweiter Faktor verlangt"),
    ("second_factor.used", "Second factor used", "Zweiter Faktor verwendet"),
    (
        "totp.enrolment_begun",
        "Setting up an authenticator app begun",
        "Einrichten einer Authenticator-App begonnen",
    ),
    ("totp.enabled", "Authenticator app turned on", "Authenticator-App eingeschaltet"),
    ("totp.disabled", "Authenticator app turned off", "Authenticator-App ausgeschaltet"),
    ("recovery_codes.renewed", "Recovery codes renewed", "Wiederherstellungscodes erneuert"),
    ("organization.created", "Organization created", "Organisation erstellt"),
    ("organization.updated", "Organization changed", "Organisation geändert"),
    ("organization.deleted", "Organization deleted", "Organisation gelöscht"),
    ("organization.suspended", "Organization suspended", "Organisation gesperrt"),
    ("organization.restored", "Organization restored", "Organisation wiederhergestellt"),
    ("plan.changed", "Plan changed", "Tarif geändert"),
    ("organization.purged", "Organization removed for good", "Organisation endgültig entfernt"),
    ("organization.exported", "Organization exported", "Organisation exportiert"),
    ("audit_log.exported", "Audit log exported", "Auditprotokoll exportiert"),
    ("session.created", "Signed in", "Angemeldet"),
    ("session.elevated", "Identity confirmed again", "Identität erneut bestätigt"),
    ("session.ended", "Signed out", "Abgemeldet"),
    ("session.switched", "Switched to another organization", "In eine andere Organisation gewechselt"),
    ("access_token.issued", "Access token issued", "Zugriffstoken ausgestellt"),
    ("api_key.created", "API key created", "API-Schlüssel erstellt"),
    ("api_key.updated", "API key changed", "API-Schlüssel geändert"),
    ("api_key.rotated", "API key got a new secret", "API-Schlüssel hat ein neues Geheimnis"),
    ("api_key.revoked", "API key revoked", "API-Schlüssel widerrufen"),
    (
        "api_key.reported",
        "API key found elsewhere and revoked",
        "API-Schlüssel anderswo gefunden und widerrufen",
    ),
    ("api_key.handed_over", "API key handed over", "API-Schlüssel übergeben"),
    ("signing_key.created", "Signing key created", "Signaturschlüssel erstellt"),
    ("signing_key.rotated", "Signing key replaced", "Signaturschlüssel ersetzt"),
    ("invitation.created", "Invited somebody", "Person eingeladen"),
    ("invitation.resent", "Invitation sent again", "Einladung erneut gesendet"),
    ("invitation.revoked", "Invitation taken back", "Einladung zurückgezogen"),
    ("invitation.handed_over", "Invitation handed over", "Einladung übergeben"),
    ("invitation.accepted", "Invitation accepted", "Einladung angenommen"),
    ("member.added", "Became a member", "Mitglied geworden"),
    ("member.role_changed", "Role changed", "Rolle geändert"),
    ("member.removed", "Member removed", "Mitglied entfernt"),
    ("member.left", "Member left", "Mitglied ausgetreten"),
    ("mfa.reset", "Second factor turned off for somebody", "Zweiter Faktor für jemanden ausgeschaltet"),
    ("security.control_changed", "Security control changed", "Sicherheitsfunktion geändert"),
    ("security.mfa_reminders_sent", "Reminders about second factors sent", "An zweite Faktoren erinnert"),
    ("audit_log.read", "Audit log viewed", "Auditprotokoll eingesehen"),
    ("audit_log.witness_set", "Witness of the audit log chosen", "Zeuge des Auditprotokolls gewählt"),
    ("audit_log.witness_removed", "Witness of the audit log removed", "Zeuge des Auditprotokolls entfernt"),
    ("audit_log.checkpoint_sent", "Checkpoint sent to the witness", "Prüfpunkt an den Zeugen gesendet"),
    ("webhook.set", "Webhook chosen", "Webhook gewählt"),
    ("webhook.removed", "Webhook removed", "Webhook entfernt"),
    ("webhook.resent", "Webhook messages sent again", "Webhook-Nachrichten erneut gesendet"),
    ("call.created", "Call written down", "Anruf erfasst"),
    ("call.updated", "Call changed", "Anruf geändert"),
    ("transcript.stored", "Transcript stored", "Transkript gespeichert"),
    ("transcript.read", "Transcript viewed", "Transkript eingesehen"),
    ("media_key.issued", "Key for a call issued", "Schlüssel für einen Anruf ausgegeben"),
    ("media_key.rotated", "Key for a call replaced", "Schlüssel für einen Anruf ersetzt"),
    ("live_grant.issued", "Access to a call in progress granted", "Zugang zu laufendem Anruf gewährt"),
    ("recording.uploaded", "Recording uploaded", "Aufzeichnung hochgeladen"),
    (
        "recording.upload_discarded",
        "Upload of a recording discarded",
        "Hochladen einer Aufzeichnung verworfen",
    ),
    ("recording.played", "Recording played", "Aufzeichnung abgespielt"),
    ("recording.deleted", "Recording deleted", "Aufzeichnung gelöscht"),
    ("recording.expired", "Recording deleted at the end of its time", "Aufzeichnung nach Ablauf gelöscht"),
    ("recording.damaged", "Recording found damaged", "Aufzeichnung beschädigt vorgefunden"),
    ("availability.changed", "Availability changed", "Verfügbarkeit geändert"),
    ("escalation.created", "Call escalated", "Anruf eskaliert"),
    ("escalation.offered", "Waiting call offered", "Wartender Anruf angeboten"),
    ("escalation.claimed", "Waiting call taken", "Wartender Anruf übernommen"),
    ("escalation.released", "Call given back", "Anruf zurückgegeben"),
    ("escalation.returned", "Call back in the queue", "Anruf zurück in der Warteschlange"),
    ("escalation.resolved", "Call resolved", "Anruf erledigt"),
    ("escalation.abandoned", "Caller hung up while waiting", "Beim Warten aufgelegt"),
    ("escalation.unanswered", "Nobody was free in time", "Niemand war rechtzeitig frei"),
    ("escalation.callback_requested", "Call back requested", "Rückruf gewünscht"),
    ("escalation.settings_changed", "Handling of calls changed", "Einstellungen der Warteschlange geändert"),
    ("permission.denied", "Refused: permission missing", "Abgelehnt: Berechtigung fehlt"),
    ("api.called", "API called with a key", "API mit Schlüssel aufgerufen"),
    ("operator.refused", "Access of the operator refused", "Zugriff des Betreibers verweigert"),
];

#[cfg(test)]
mod tests {
    use rollcall_domain::audit::Action;

    use super::*;

    #[test]
    fn every_action_has_plain_words_and_there_are_words_for_no_other() {
        let told: Vec<&str> = ACTIONS.iter().map(|(name, ..)| *name).collect();
        let there: Vec<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
        assert_eq!(told, there);
        let t = Texts::of(Language::German);
        assert_eq!(t.action("member.removed"), "Mitglied entfernt");
        assert_eq!(t.action("crm.lead_created"), "crm.lead_created");
    }
}
