//! Every operation of the contract, with what it needs of whoever calls it. An operation that has no row here fails the suite.

use reqwest::Method;
use serde_json::{Value, json};

/// What an operation asks of whoever calls it.
pub(crate) enum Needs {
    /// Nothing: anybody may.
    Nothing,
    /// To be signed in.
    Session,
    /// The credential of a service.
    Service,
    /// The token of the platform's own staff.
    Operator,
    /// A permission.
    Permission(&'static str),
}

pub(crate) struct Row {
    pub(crate) method: &'static str,
    /// The path as the contract has it.
    pub(crate) path: &'static str,
    pub(crate) needs: Needs,
    /// A body that would be accepted.
    pub(crate) body: Option<Value>,
    /// Which id of the other organization stands in the path, or in the query.
    pub(crate) foreign: Option<Foreign>,
    /// A query that would be accepted.
    query: &'static str,
}

#[derive(Clone, Copy)]
pub(crate) enum Foreign {
    Member,
    Invitation,
    ApiKey,
    Event,
    Call,
    Escalation,
}

impl Foreign {
    /// An id of such a thing that never was.
    pub(crate) fn unknown(self) -> &'static str {
        match self {
            Self::Member => "user_01h455vb4pex5vsknk084sn02q",
            Self::Invitation => "inv_01h455vb4pex5vsknk084sn02q",
            Self::ApiKey => "key_01h455vb4pex5vsknk084sn02q",
            Self::Event => "evt_01h455vb4pex5vsknk084sn02q",
            Self::Call => "call_01h455vb4pex5vsknk084sn02q",
            Self::Escalation => "esc_01h455vb4pex5vsknk084sn02q",
        }
    }
}

fn row(method: &'static str, path: &'static str, needs: Needs) -> Row {
    Row { method, path, needs, body: None, foreign: None, query: "" }
}

impl Row {
    fn with(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    fn asking(self, query: &'static str) -> Self {
        Self { query, ..self }
    }

    fn on(self, foreign: Foreign) -> Self {
        Self { foreign: Some(foreign), ..self }
    }

    /// An id such as the path names, of a thing that never was.
    pub(crate) fn unknown_id(&self) -> &'static str {
        let names = |what: &str| self.path.contains(what);
        match self.foreign {
            Some(foreign) => foreign.unknown(),
            None if names("{passkey_id}") => "pkey_01h455vb4pex5vsknk084sn02q",
            None if names("{session_id}") => "sess_01h455vb4pex5vsknk084sn02q",
            None if names("{organization_id}") => "org_01h455vb4pex5vsknk084sn02q",
            None => "user_01h455vb4pex5vsknk084sn02q",
        }
    }

    /// Its method, as requests name it.
    pub(crate) fn verb(&self) -> Method {
        Method::from_bytes(self.method.to_uppercase().as_bytes()).unwrap()
    }

    /// The path with an id in it.
    pub(crate) fn path(&self, id: &str) -> String {
        format!("{}{}", self.path, self.query)
            .replace("{event_id}", id)
            .replace("{user_id}", id)
            .replace("{invitation_id}", id)
            .replace("{session_id}", id)
            .replace("{passkey_id}", id)
            .replace("{api_key_id}", id)
            .replace("{call_id}", id)
            .replace("{escalation_id}", id)
            .replace("{organization_id}", id)
    }
}

pub(crate) fn rows() -> Vec<Row> {
    use Foreign::{ApiKey, Call, Escalation, Event, Invitation, Member};
    use Needs::{Nothing, Operator, Permission as P, Service, Session};
    let invitation = json!({"email": "refused@example.com", "role": "viewer"});
    let event = json!({
        "id": "evt_01h455vb4pex5vsknk084sn02q", "occurred_at": "2026-03-01T09:00:00Z",
        "actor": {"type": "user", "id": "user_01h455vb4pex5vsknk084sn02q"}, "action": "agent.created",
        "target": {"type": "agent", "id": "a1"}, "outcome": "success",
    });
    vec![
        row("get", "/healthz", Nothing),
        row("get", "/readyz", Nothing),
        row("post", "/v1/signup", Nothing),
        row("post", "/v1/signup/complete", Nothing),
        row("post", "/v1/sessions", Nothing),
        row("post", "/v1/sessions/mfa", Nothing),
        row("post", "/v1/sessions/passkey", Nothing),
        row("post", "/v1/sessions/passkey/options", Nothing),
        row("get", "/v1/sessions", Session),
        row("delete", "/v1/sessions", Session),
        row("delete", "/v1/sessions/{session_id}", Session),
        row("post", "/v1/session/elevate", Session).with(json!({"password": "not the password"})),
        row("post", "/v1/session/elevate/options", Session).with(json!({})),
        row("post", "/v1/me/password", Session)
            .with(json!({"current_password": "not the password", "new_password": "another long password"})),
        row("post", "/v1/password-resets", Nothing),
        row("post", "/v1/password-resets/complete", Nothing),
        row("post", "/v1/tokens", Session),
        row("post", "/v1/introspect", Service),
        row("get", "/.well-known/jwks.json", Nothing),
        row("get", "/.well-known/authzen-configuration", Nothing),
        row("post", "/access/v1/evaluation", Service).with(json!({})),
        row("post", "/access/v1/evaluations", Service).with(json!({})),
        row("get", "/v1/service/revocations", Service),
        row("get", "/v1/stream", Session),
        row("get", "/v1/escalations/webhook", P("security:read")),
        row("put", "/v1/escalations/webhook", P("security:manage"))
            .with(json!({"url": "https://example.com/hook"})),
        row("delete", "/v1/escalations/webhook", P("security:manage")),
        row("post", "/v1/escalations/webhook/resend", P("security:manage")),
        row("get", "/v1/session", Session),
        row("delete", "/v1/session", Session),
        row("post", "/v1/session/organization", Session)
            .with(json!({"organization_id": "org_01h455vb4pex5vsknk084sn02q"})),
        row("get", "/v1/me", Session),
        row("patch", "/v1/me", Session).with(json!({})),
        row("delete", "/v1/me", Session),
        row("get", "/v1/me/mfa", Session),
        row("post", "/v1/me/mfa/totp", Session).with(json!({})),
        row("post", "/v1/me/mfa/totp/confirm", Session).with(json!({"code": "000000"})),
        row("delete", "/v1/me/mfa/totp", Session),
        row("post", "/v1/me/mfa/recovery-codes", Session).with(json!({})),
        row("post", "/v1/me/mfa/passkeys/options", Session).with(json!({})),
        row("post", "/v1/me/mfa/passkeys", Session).with(json!({"name": "Refused", "credential": {}})),
        row("patch", "/v1/me/mfa/passkeys/{passkey_id}", Session).with(json!({"name": "Refused"})),
        row("delete", "/v1/me/mfa/passkeys/{passkey_id}", Session),
        row("get", "/v1/me/organizations", Session),
        row("get", "/v1/me/export", Session),
        row("post", "/v1/me/email", Session).with(json!({"new_email": "refused@example.com"})),
        row("post", "/v1/me/email/confirm", Nothing),
        row("get", "/v1/roles", Session),
        row("post", "/v1/authorize", Session).with(json!({"checks": [{"permission": "calls:read"}]})),
        row("get", "/v1/organization", P("organization:read")),
        row("patch", "/v1/organization", P("organization:update")).with(json!({"name": "Refused"})),
        row("delete", "/v1/organization", P("organization:delete")).with(json!({"confirm_name": "Acme"})),
        row("get", "/v1/organization/export", P("organization:export")),
        row("get", "/v1/audit/checkpoint", P("audit_log:read")),
        row("get", "/v1/audit/proofs/inclusion", P("audit_log:read"))
            .asking("?event_id={event_id}")
            .on(Event),
        row("get", "/v1/audit/proofs/consistency", P("audit_log:read")).asking("?from=1"),
        row("get", "/v1/audit/export", P("audit_log:read")),
        row("get", "/v1/members", P("team:read")),
        row("delete", "/v1/members/me", Session),
        row("get", "/v1/members/{user_id}", P("team:read")).on(Member),
        row("patch", "/v1/members/{user_id}", P("team:update_role"))
            .with(json!({"role": "viewer"}))
            .on(Member),
        row("delete", "/v1/members/{user_id}", P("team:remove")).on(Member),
        row("get", "/v1/members/{user_id}/offboarding", P("team:remove")).on(Member),
        row("post", "/v1/members/{user_id}/mfa-reset", P("owners:manage")).on(Member),
        row("get", "/v1/security", P("security:read")),
        row("patch", "/v1/security", P("security:manage")).with(json!({})),
        row("get", "/v1/security/mfa-impact", P("security:read")),
        row("get", "/v1/plan", P("organization:read")),
        row("get", "/v1/billing", P("billing:read")),
        row("put", "/v1/billing/plan", P("billing:manage")).with(json!({"plan": "free"})),
        row("get", "/v1/audit/events", P("audit_log:read")),
        row("get", "/v1/audit/events/{event_id}", P("audit_log:read")).on(Event),
        row("get", "/v1/audit/witness", P("audit_log:read")),
        row("put", "/v1/audit/witness", P("security:manage")).with(json!({"email": "refused@example.com"})),
        row("delete", "/v1/audit/witness", P("security:manage")),
        row("post", "/v1/audit/events", P("audit_log:append")).with(json!({"events": [event]})),
        row("get", "/operator/v1/organizations", Operator),
        row("get", "/operator/v1/organizations/{organization_id}", Operator),
        row("put", "/operator/v1/organizations/{organization_id}/plan", Operator)
            .with(json!({"plan": "pro"})),
        row("post", "/operator/v1/organizations/{organization_id}/suspend", Operator),
        row("post", "/operator/v1/organizations/{organization_id}/restore", Operator),
        row("get", "/v1/invitations", P("team:invite")),
        row("post", "/v1/invitations", P("team:invite")).with(invitation.clone()),
        row("post", "/v1/invitations/bulk", P("team:invite")).with(json!({"invitations": [invitation]})),
        row("post", "/v1/invitations/preview", Nothing),
        row("post", "/v1/invitations/accept", Nothing),
        row("get", "/v1/invitations/{invitation_id}", P("team:invite")).on(Invitation),
        row("delete", "/v1/invitations/{invitation_id}", P("team:invite")).on(Invitation),
        row("post", "/v1/invitations/{invitation_id}/resend", P("team:invite")).on(Invitation),
        row("get", "/v1/api-keys", P("api_keys:read")),
        row("post", "/v1/api-keys", P("api_keys:manage"))
            .with(json!({"name": "Refused", "scopes": ["calls:read"]})),
        row("post", "/v1/api-keys/report", Nothing),
        row("get", "/v1/api-keys/{api_key_id}", P("api_keys:read")).on(ApiKey),
        row("get", "/v1/api-keys/{api_key_id}/use", P("api_keys:read")).on(ApiKey),
        row("patch", "/v1/api-keys/{api_key_id}", P("api_keys:manage"))
            .with(json!({"name": "Refused"}))
            .on(ApiKey),
        row("delete", "/v1/api-keys/{api_key_id}", P("api_keys:manage")).on(ApiKey),
        row("post", "/v1/api-keys/{api_key_id}/rotate", P("api_keys:manage")).with(json!({})).on(ApiKey),
        row("get", "/v1/calls", P("calls:read")),
        row("post", "/v1/calls", P("calls:write")).with(crate::calls::body("refused")),
        row("get", "/v1/calls/{call_id}", P("calls:read")).on(Call),
        row("patch", "/v1/calls/{call_id}", P("calls:write")).with(json!({"to": "+14155550123"})).on(Call),
        row("get", "/v1/calls/{call_id}/transcript", P("calls:read")).on(Call),
        row("post", "/v1/calls/{call_id}/transcript", P("calls:write"))
            .with(json!({"segments": []}))
            .on(Call),
        row("post", "/v1/redactions/preview", P("calls:read")).with(json!({"text": "nothing"})),
        row("post", "/v1/calls/{call_id}/media-keys", P("media_keys:issue")).with(json!({})).on(Call),
        row("post", "/v1/calls/{call_id}/media-keys/rotate", P("media_keys:issue")).with(json!({})).on(Call),
        row("post", "/v1/calls/{call_id}/live-grants", P("live_space:monitor"))
            .with(json!({"mode": "monitor"}))
            .on(Call),
        row("put", "/v1/calls/{call_id}/recording", P("calls:write")).with(json!("no audio")).on(Call),
        row("get", "/v1/calls/{call_id}/recording", P("recordings:read")).on(Call),
        row("delete", "/v1/calls/{call_id}/recording", P("recordings:delete")).on(Call),
        row("delete", "/v1/calls/{call_id}/recording/upload", P("calls:write")).on(Call),
        row("get", "/v1/availability", P("availability:read")),
        row("get", "/v1/availability/history", P("availability:read"))
            .asking("?since=2026-03-01T00:00:00Z&until=2026-03-02T00:00:00Z"),
        row("put", "/v1/availability/me", P("availability:set")).with(json!({"status": "away"})),
        row("post", "/v1/availability/me/heartbeat", P("availability:set")),
        row("get", "/v1/availability/{user_id}", P("availability:read")).on(Member),
        row("put", "/v1/availability/{user_id}", P("availability:manage"))
            .with(json!({"capacity": 2}))
            .on(Member),
        row("post", "/v1/calls/{call_id}/escalations", P("escalations:create"))
            .with(json!({"reason": "refused", "priority": 1}))
            .on(Call),
        row("get", "/v1/escalations", P("escalations:read")),
        row("get", "/v1/escalations/settings", P("availability:manage")),
        row("put", "/v1/escalations/settings", P("availability:manage")).with(json!({"offer_seconds": 30})),
        row("post", "/v1/escalations/claim-next", P("escalations:claim")),
        row("get", "/v1/escalations/{escalation_id}", P("escalations:read")).on(Escalation),
        row("post", "/v1/escalations/{escalation_id}/claim", P("escalations:claim")).on(Escalation),
        row("post", "/v1/escalations/{escalation_id}/renew", P("escalations:claim"))
            .with(json!({"lease_token": "rcl_refused"}))
            .on(Escalation),
        row("post", "/v1/escalations/{escalation_id}/release", P("escalations:claim"))
            .with(json!({"lease_token": "rcl_refused"}))
            .on(Escalation),
        row("post", "/v1/escalations/{escalation_id}/resolve", P("escalations:claim"))
            .with(json!({"lease_token": "rcl_refused"}))
            .on(Escalation),
        row("post", "/v1/escalations/{escalation_id}/abandon", P("escalations:create")).on(Escalation),
        row("post", "/v1/escalations/{escalation_id}/callback", P("escalations:create")).on(Escalation),
    ]
}
