//! API keys, and what their scopes mean.

use rollcall_domain::Permission;

use super::{Texts, texts};

texts! {
    section_api_keys = "API keys" | "API-Schlüssel";
    keys_title = "API keys" | "API-Schlüssel";
    keys_what = "With an API key a program can work in this organization without a person signing in. A key belongs to the organization, not to whoever created it." | "Mit einem API-Schlüssel arbeitet ein Programm in dieser Organisation, ohne dass sich eine Person anmeldet. Ein Schlüssel gehört der Organisation, nicht der Person, die ihn erstellt hat.";
    keys_none = "There is no key yet. Create one for the program that is to work here, with no more permissions than it needs." | "Es gibt noch keinen Schlüssel. Erstellen Sie einen für das Programm, das hier arbeiten soll, mit nicht mehr Rechten, als es braucht.";
    key_word = "Key" | "Schlüssel";
    key_scopes = "Permissions" | "Berechtigungen";
    key_scopes_count[n] = "One permission", "{n} permissions" | "Eine Berechtigung", "{n} Berechtigungen";
    key_last_used = "Last used" | "Zuletzt benutzt";
    key_from(ip) = "from {ip}" | "von {ip}";
    key_expires = "Expires" | "Gültig bis";
    key_expires_never = "Never" | "Unbefristet";
    key_networks = "Networks" | "Netze";
    key_networks_count[n] = "One network", "{n} networks" | "Ein Netz", "{n} Netze";
    key_anywhere = "Anywhere" | "Überall";
    key_status = "Status" | "Status";
    key_good = "Active" | "Gültig";
    key_ended = "Expired" | "Abgelaufen";
    key_revoked = "Revoked" | "Widerrufen";
    key_rate = "Own request limit" | "Eigenes Anfragelimit";
    key_rate_is(requests, seconds) = "{requests} requests in {seconds} seconds" | "{requests} Anfragen in {seconds} Sekunden";
    key_rate_none = "None" | "Keines";
    key_made = "Created" | "Erstellt";
    key_old_until = "The previous secret works until" | "Das bisherige Geheimnis gilt noch bis";

    key_create = "Create a key" | "Schlüssel erstellen";
    key_name = "Name" | "Name";
    key_name_hint = "What the program is called that uses it" | "Wie das Programm heißt, das den Schlüssel benutzt";
    key_scopes_hint = "Choose no more than the program needs. You can change this later." | "Wählen Sie nicht mehr, als das Programm braucht. Dies lässt sich später ändern.";
    key_expires_field = "Last day (optional)" | "Letzter Tag (optional)";
    key_expires_hint = "The key works until the end of that day in your time zone. Left empty, it does not expire." | "Der Schlüssel gilt an diesem Tag in Ihrer Zeitzone noch und danach nicht mehr. Ohne Angabe ist er unbefristet.";
    key_networks_field = "Networks that it may be used from (optional)" | "Netze, aus denen er benutzt werden darf (optional)";
    key_networks_hint = "IP addresses or networks, one per line, like 192.0.2.0/24 or 2001:db8::1; as many as 50. Left empty, it may be used from anywhere." | "IP-Adressen oder Netze, je eines pro Zeile, etwa 192.0.2.0/24 oder 2001:db8::1; bis zu 50. Ohne Angabe ist er überall benutzbar.";
    key_network_wrong(network, problem) = "{network}: {problem}" | "{network}: {problem}";
    key_day_wrong = "A day like 2027-01-31, please." | "Bitte einen Tag wie 2027-01-31.";
    key_rate_requests = "Maximum number of requests (optional)" | "Höchstzahl an Anfragen (optional)";
    key_rate_seconds = "within so many seconds (optional)" | "innerhalb von so vielen Sekunden (optional)";
    key_rate_both = "Fill in both, or neither, with whole numbers." | "Bitte beides oder keines von beiden ausfüllen, mit ganzen Zahlen.";
    key_create_do = "Create the key" | "Schlüssel erstellen";

    key_made_title = "The key is created" | "Der Schlüssel ist erstellt";
    key_rotated_title = "The key has a new secret" | "Der Schlüssel hat ein neues Geheimnis";
    key_made_use = "A program sends it with each request, in the header “Authorization”, after the word “Bearer”." | "Ein Programm sendet ihn mit jeder Anfrage im Header „Authorization“ hinter dem Wort „Bearer“.";
    key_made_leave = "Leave this page only when you have kept it." | "Verlassen Sie diese Seite erst, wenn Sie ihn gespeichert haben.";
    key_made_go = "I have kept it. Go to the key" | "Ich habe ihn gespeichert. Zum Schlüssel";

    key_use_title = "Use in the last 30 days" | "Nutzung in den letzten 30 Tagen";
    key_use_none = "It has not been used in the last 30 days. If nobody needs it any more, revoke it." | "Er wurde in den letzten 30 Tagen nicht benutzt. Wenn ihn niemand mehr braucht, widerrufen Sie ihn.";
    key_use_sum[n] = "One request in the last 30 days", "{n} requests in the last 30 days" | "Eine Anfrage in den letzten 30 Tagen", "{n} Anfragen in den letzten 30 Tagen";
    key_use_most(calls, day) = "most on {day}: {calls}" | "die meisten am {day}: {calls}";
    key_use_log = "What it did, in the audit log" | "Was er getan hat, im Auditprotokoll";
    key_use_table = "As a table" | "Als Tabelle";
    key_use_day = "Day (UTC)" | "Tag (UTC)";
    key_use_calls = "Requests" | "Anfragen";

    key_change = "Change it" | "Ändern";
    key_change_wider = "A change that lets the key do more asks you to confirm your identity. Every change takes effect the next time the key is used." | "Für eine Änderung, die dem Schlüssel mehr erlaubt, müssen Sie erneut bestätigen, dass Sie es sind. Jede Änderung gilt ab der nächsten Benutzung.";
    key_changed(name) = "{name} is changed." | "{name} ist geändert.";
    key_fixed = "It is revoked, and cannot be changed or used any more." | "Er ist widerrufen und kann nicht mehr geändert oder benutzt werden.";
    key_over = "It has expired. Give it a later last day to use it again." | "Er ist abgelaufen. Geben Sie einen späteren letzten Tag an, um ihn wieder zu benutzen.";
    key_rotate = "New secret" | "Neues Geheimnis";
    key_rotate_why = "Replaces the secret of the key. The current secret keeps working for as long as you choose, so that you can switch your programs over." | "Ersetzt das Geheimnis des Schlüssels. Das bisherige gilt so lange weiter, wie Sie es wählen, damit Sie Programme umstellen können.";
    key_overlap = "The current secret works" | "Das bisherige Geheimnis gilt";
    key_overlap_none = "No longer: it ends at once" | "Ab sofort nicht mehr";
    key_overlap_hour = "For one more hour" | "Noch eine Stunde";
    key_overlap_day = "For one more day" | "Noch einen Tag";
    key_overlap_week = "For seven more days" | "Noch sieben Tage";
    key_rotate_do = "Make a new secret" | "Neues Geheimnis erstellen";
    key_revoke = "Revoke" | "Widerrufen";
    key_revoke_start = "Revoke…" | "Widerrufen…";
    key_revoke_title(name) = "Revoke {name}" | "{name} widerrufen";
    key_revoke_at_once = "Programs that use it are refused at once, everywhere within a second." | "Programme, die ihn benutzen, werden ab jetzt abgewiesen, überall binnen einer Sekunde.";
    key_revoke_tokens = "Access tokens that were issued with it stop working too." | "Auch Zugriffstoken, die mit ihm ausgestellt wurden, enden.";
    key_revoke_ever = "It cannot be undone. You can create another." | "Das lässt sich nicht rückgängig machen. Sie können aber einen neuen erstellen.";
    key_revoke_used = "It was last used" | "Zuletzt benutzt:";
    key_revoke_do = "Revoke the key" | "Schlüssel widerrufen";
    key_was_revoked(name) = "{name} is revoked." | "{name} ist widerrufen.";

    scopes_organization = "Organization and team" | "Organisation und Team";
    scopes_audit = "Audit log" | "Auditprotokoll";
    scopes_built = "Agents and what they work with" | "Agenten und was dazugehört";
    scopes_calls = "Calls and analytics" | "Anrufe und Auswertungen";
    scopes_live = "Live Space and escalated calls" | "Live Space und eskalierte Anrufe";

    may_organization_read = "See the organization" | "Organisation sehen";
    may_team_read = "See who is in the team" | "Sehen, wer im Team ist";
    may_audit_log_read = "Read, prove and export the audit log" | "Auditprotokoll lesen, beweisen und exportieren";
    may_audit_log_append = "Report events to the audit log" | "Ereignisse an das Auditprotokoll melden";
    may_agents_read = "See agents" | "Agenten sehen";
    may_agents_manage = "Build and change agents" | "Agenten erstellen und ändern";
    may_flows_read = "See flows" | "Abläufe sehen";
    may_flows_manage = "Build and change flows" | "Abläufe erstellen und ändern";
    may_channels_read = "See channels" | "Kanäle sehen";
    may_channels_manage = "Set up and change channels" | "Kanäle einrichten und ändern";
    may_knowledge_read = "See knowledge bases" | "Wissensdatenbanken sehen";
    may_knowledge_manage = "Build and change knowledge bases" | "Wissensdatenbanken erstellen und ändern";
    may_campaigns_read = "See campaigns" | "Kampagnen sehen";
    may_campaigns_manage = "Plan and change campaigns" | "Kampagnen planen und ändern";
    may_integrations_read = "See integrations" | "Integrationen sehen";
    may_integrations_manage = "Set up and change integrations" | "Integrationen einrichten und ändern";
    may_playground_use = "Use the Playground" | "Playground benutzen";
    may_calls_read = "See calls and their transcripts" | "Anrufe und ihre Transkripte sehen";
    may_calls_write = "Write down calls, transcripts and recordings" | "Anrufe, Transkripte und Aufzeichnungen erfassen";
    may_recordings_read = "Play recordings, unless PHI protection is on" | "Aufzeichnungen abspielen, außer bei eingeschaltetem PHI-Schutz";
    may_analytics_read = "See analytics" | "Auswertungen sehen";
    may_live_monitor = "Listen to calls that go on" | "Laufende Anrufe mithören";
    may_escalations_create = "Hand a call to a human agent" | "Einen Anruf an einen Menschen übergeben";
    may_escalations_read = "See the queue of escalated calls" | "Warteschlange eskalierter Anrufe sehen";
    may_availability_read = "See which agents are free" | "Sehen, wer Anrufe annehmen kann";
    may_media_keys = "Give participants keys of encrypted calls" | "Schlüssel verschlüsselter Anrufe an Teilnehmende ausgeben";
    may_by_people_only = "For people only" | "Nur für Menschen";
}

/// What scopes have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScopeGroup {
    Organization,
    Audit,
    Built,
    Calls,
    Live,
}

impl ScopeGroup {
    pub(crate) const ALL: [Self; 5] = [Self::Organization, Self::Audit, Self::Built, Self::Calls, Self::Live];
}

impl Texts {
    /// What a group of scopes is called.
    pub(crate) fn scope_group(self, group: ScopeGroup) -> &'static str {
        match group {
            ScopeGroup::Organization => self.scopes_organization(),
            ScopeGroup::Audit => self.scopes_audit(),
            ScopeGroup::Built => self.scopes_built(),
            ScopeGroup::Calls => self.scopes_calls(),
            ScopeGroup::Live => self.scopes_live(),
        }
    }

    /// Where a scope belongs, and what it lets a program do.
    pub(crate) fn scope(self, permission: Permission) -> (ScopeGroup, &'static str) {
        use Permission as P;
        use ScopeGroup::{Audit, Built, Calls, Live, Organization};
        match permission {
            P::OrganizationRead => (Organization, self.may_organization_read()),
            P::TeamRead => (Organization, self.may_team_read()),
            P::AuditLogRead => (Audit, self.may_audit_log_read()),
            P::AuditLogAppend => (Audit, self.may_audit_log_append()),
            P::AgentsRead => (Built, self.may_agents_read()),
            P::AgentsManage => (Built, self.may_agents_manage()),
            P::FlowsRead => (Built, self.may_flows_read()),
            P::FlowsManage => (Built, self.may_flows_manage()),
            P::ChannelsRead => (Built, self.may_channels_read()),
            P::ChannelsManage => (Built, self.may_channels_manage()),
            P::KnowledgeBasesRead => (Built, self.may_knowledge_read()),
            P::KnowledgeBasesManage => (Built, self.may_knowledge_manage()),
            P::CampaignsRead => (Built, self.may_campaigns_read()),
            P::CampaignsManage => (Built, self.may_campaigns_manage()),
            P::IntegrationsRead => (Built, self.may_integrations_read()),
            P::IntegrationsManage => (Built, self.may_integrations_manage()),
            P::PlaygroundUse => (Built, self.may_playground_use()),
            P::CallsRead => (Calls, self.may_calls_read()),
            P::CallsWrite => (Calls, self.may_calls_write()),
            P::RecordingsRead => (Calls, self.may_recordings_read()),
            P::AnalyticsRead => (Calls, self.may_analytics_read()),
            P::MediaKeysIssue => (Calls, self.may_media_keys()),
            P::LiveSpaceMonitor => (Live, self.may_live_monitor()),
            P::EscalationsCreate => (Live, self.may_escalations_create()),
            P::EscalationsRead => (Live, self.may_escalations_read()),
            P::AvailabilityRead => (Live, self.may_availability_read()),
            P::OrganizationUpdate
            | P::OrganizationExport
            | P::OrganizationDelete
            | P::TeamInvite
            | P::TeamUpdateRole
            | P::TeamRemove
            | P::OwnersManage
            | P::BillingRead
            | P::BillingManage
            | P::ApiKeysRead
            | P::ApiKeysManage
            | P::SecurityRead
            | P::SecurityManage => (Organization, self.may_by_people_only()),
            P::RecordingsDelete => (Calls, self.may_by_people_only()),
            P::LiveSpaceWhisper
            | P::LiveSpaceBarge
            | P::EscalationsClaim
            | P::AvailabilitySet
            | P::AvailabilityManage => (Live, self.may_by_people_only()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollcall_texts::Language;

    #[test]
    fn every_scope_of_a_key_is_explained() {
        let t = Texts::of(Language::English);
        for permission in Permission::ALL {
            let for_people = t.scope(permission).1 == t.may_by_people_only();
            assert_eq!(for_people, !permission.allowed_for_api_keys(), "{permission}");
        }
    }
}
