use axum::{body::Body, extract::State, response::IntoResponse};
use http::{Method, header};
use rollcall_application::{
    Actor, ErrorChain,
    accounts::{self, ExportedAccount, PendingEmailChange, PendingPasswordReset},
    audit::OwnEvent,
};
use rollcall_domain::{EventId, OrganizationId, availability::Agent};
use serde::Serialize;
use time::OffsetDateTime;
use tracing::{Instrument, Span};
use utoipa::ToSchema;

use super::{
    super::{second_factors::SecondFactorsObject, security::MfaDeadlineObject, sessions::OwnSessionObject},
    list_organizations::Seat,
    show::Me,
};
use crate::{
    api::Api,
    credential::Caller,
    problem::Result,
    streaming::{Chunks, CutOff, streamed, unread},
};

/// All that is held about a person.
#[derive(Serialize, ToSchema)]
pub(super) struct AccountExport {
    #[serde(flatten)]
    beginning: Beginning,
    /// The sessions, the newest first.
    sessions: Vec<OwnSessionObject>,
    /// What is in audit logs about the person, the oldest first.
    audit_events: Vec<OwnEventObject>,
}

/// The first part of the document.
#[derive(Serialize, ToSchema)]
struct Beginning {
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = String)]
    exported_at: OffsetDateTime,
    account: Me,
    organizations: Vec<Seat>,
    second_factors: SecondFactorsObject,
    /// By when a second factor is needed, in the organizations that have ever asked for one.
    mfa_deadlines: Vec<MfaDeadlineObject>,
    /// What the person is as a human agent, wherever they are one. How that changed is among `audit_events`.
    agents: Vec<OwnAgentObject>,
    /// The requested change of the email address; null when there is none.
    email_change: Option<PendingEmailChangeObject>,
    /// The requested password resets that are still open.
    password_resets: Vec<PendingPasswordResetObject>,
}

/// What somebody is as a human agent.
#[derive(Serialize, ToSchema)]
struct OwnAgentObject {
    #[schema(value_type = String, example = "org_01h455vb4pex5vsknk084sn02q")]
    organization_id: OrganizationId,
    /// What was written down last: `available`, `busy`, `away` or `offline`.
    #[schema(example = "offline")]
    status: &'static str,
    #[schema(example = "chosen")]
    cause: &'static str,
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = String)]
    since: OffsetDateTime,
    #[schema(example = "Back at three")]
    note: Option<String>,
    #[schema(example = 2)]
    capacity: u16,
    #[schema(example = json!(["billing"]))]
    skills: Vec<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:35Z", value_type = Option<String>)]
    last_heartbeat_at: Option<OffsetDateTime>,
}

impl From<&(OrganizationId, Agent)> for OwnAgentObject {
    fn from((organization, agent): &(OrganizationId, Agent)) -> Self {
        Self {
            organization_id: *organization,
            status: agent.shown.as_str(),
            cause: agent.cause.as_str(),
            since: agent.since,
            note: agent.note.as_ref().map(ToString::to_string),
            capacity: agent.capacity.calls(),
            skills: agent.skills.names().to_vec(),
            last_heartbeat_at: agent.last_heartbeat_at,
        }
    }
}

/// A requested change of the email address.
#[derive(Serialize, ToSchema)]
struct PendingEmailChangeObject {
    #[schema(example = "grace@navy.example")]
    new_email: String,
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = String)]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T04:04:05Z", value_type = String)]
    expires_at: OffsetDateTime,
}

/// A requested password reset.
#[derive(Serialize, ToSchema)]
struct PendingPasswordResetObject {
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = String)]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T04:04:05Z", value_type = String)]
    expires_at: OffsetDateTime,
}

/// What an audit log says about a person. What it says about others is left out.
#[derive(Serialize, ToSchema)]
struct OwnEventObject {
    #[schema(value_type = String, example = "evt_01h455vb4pex5vsknk084sn02q")]
    id: EventId,
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = String)]
    occurred_at: OffsetDateTime,
    /// In whose log it is; null for the platform's.
    #[schema(value_type = Option<String>, example = "org_01h455vb4pex5vsknk084sn02q")]
    organization_id: Option<OrganizationId>,
    #[schema(example = "member.role_changed")]
    action: String,
    /// `success` or `refused`.
    #[schema(example = "success")]
    outcome: String,
    /// Whether the person made it happen.
    by_you: bool,
    /// Whether it happened to the person.
    about_you: bool,
    /// What changed about the person.
    changes: Vec<OwnChangeObject>,
    /// What identifies the person, by field.
    #[schema(example = json!({"ip": "192.0.2.7"}))]
    personal: std::collections::BTreeMap<String, String>,
}

/// A value that changed.
#[derive(Serialize, ToSchema)]
struct OwnChangeObject {
    #[schema(example = "role")]
    field: String,
    #[schema(example = "viewer")]
    before: Option<String>,
    #[schema(example = "member")]
    after: Option<String>,
}

impl From<&ExportedAccount> for Beginning {
    fn from(export: &ExportedAccount) -> Self {
        let email_change =
            export.email_change.as_ref().map(|PendingEmailChange { email, created_at, expires_at }| {
                PendingEmailChangeObject {
                    new_email: email.to_string(),
                    created_at: *created_at,
                    expires_at: *expires_at,
                }
            });
        let reset = |&PendingPasswordReset { created_at, expires_at }: &_| PendingPasswordResetObject {
            created_at,
            expires_at,
        };
        Self {
            exported_at: export.at,
            account: Me::from(&export.user),
            organizations: export.seats.iter().map(Seat::from).collect(),
            second_factors: (&export.second_factors).into(),
            mfa_deadlines: export.mfa_deadlines.iter().copied().map(MfaDeadlineObject::from).collect(),
            agents: export.agents.iter().map(OwnAgentObject::from).collect(),
            email_change,
            password_resets: export.password_resets.iter().map(reset).collect(),
        }
    }
}

impl From<OwnEvent> for OwnEventObject {
    fn from(event: OwnEvent) -> Self {
        let changes = event.changes.into_iter();
        Self {
            id: event.id,
            occurred_at: event.occurred_at,
            organization_id: event.organization,
            action: event.action,
            outcome: event.outcome,
            by_you: event.by_them,
            about_you: event.about_them,
            changes: changes.map(|(field, before, after)| OwnChangeObject { field, before, after }).collect(),
            personal: event.personal,
        }
    }
}

/// Exports everything that is stored about the caller, as one JSON document.
///
/// It is written while it is read: an answer that was cut off is not valid JSON. `HEAD` answers with the header fields and starts
/// no export.
#[utoipa::path(get, path = "/v1/me/export", tag = "Own account",
    responses((status = 200, description = "All that is held about the person", body = AccountExport,
        headers(("Content-Disposition" = String)))))]
pub(super) async fn export_me(
    State(api): State<Api>,
    Caller(actor): Caller,
    method: Method,
) -> Result<impl IntoResponse> {
    let body = if method == Method::HEAD {
        accounts::permit_export(&api.app, &actor).await?;
        unread()
    } else {
        begin(api, actor).await?
    };
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"rollcall-account.json\""),
    ];
    Ok((headers, body))
}

async fn begin(api: Api, actor: Actor) -> Result<Body> {
    let beginning = Beginning::from(&accounts::export(&api.app, &actor).await?);
    let (chunks, body) = streamed(&api.settings);
    let document = Document { api, actor, chunks };
    tokio::spawn(
        async move {
            if let Err(reason) = document.write(&beginning).await {
                tracing::warn!(reason = %ErrorChain(&reason), "an export was cut off");
            }
        }
        .instrument(Span::current()),
    );
    Ok(body)
}

/// An export on its way to whoever reads it.
struct Document {
    api: Api,
    actor: Actor,
    chunks: Chunks,
}

impl Document {
    async fn write(self, beginning: &Beginning) -> std::result::Result<(), CutOff> {
        let mut piece = serde_json::to_vec(beginning)?;
        // The lists become members of the same object.
        piece.pop();
        piece.extend_from_slice(b",\"sessions\":[");
        let (mut after, mut separator) = (None, "");
        loop {
            let page = accounts::export_sessions(&self.api.app, &self.actor, after).await?;
            for own in page.entries {
                piece.extend_from_slice(separator.as_bytes());
                piece.extend(serde_json::to_vec(&OwnSessionObject::seen_from(self.actor.session_id(), own))?);
                separator = ",";
            }
            self.chunks.send(std::mem::take(&mut piece)).await?;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        piece.extend_from_slice(b"],\"audit_events\":[");
        let (mut after, mut separator) = (None, "");
        loop {
            let page = accounts::export_events(&self.api.app, &self.actor, after).await?;
            for event in page.entries {
                piece.extend_from_slice(separator.as_bytes());
                piece.extend(serde_json::to_vec(&OwnEventObject::from(event))?);
                separator = ",";
            }
            after = page.next;
            if after.is_none() {
                piece.extend_from_slice(b"]}");
            }
            self.chunks.send(std::mem::take(&mut piece)).await?;
            if after.is_none() {
                return Ok(self.chunks.end().await?);
            }
        }
    }
}
