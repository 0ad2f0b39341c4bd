use std::result::Result;

use axum::{extract::State, response::Response};
use http::{HeaderValue, Method, header};
use rollcall_application::{
    ErrorChain,
    organizations::{self, ExportCounts, OrganizationExport, OrganizationExportPart},
};
use rollcall_domain::{OrganizationId, Permission, organizations::Organization, plans::Plans};
use serde::Serialize;
use serde_json::{Value, value::RawValue};
use time::OffsetDateTime;
use tracing::{Instrument, Span};

use super::super::{
    api_keys::ApiKeyObject,
    audit::WitnessObject,
    availability::AgentObject,
    calls::{CallObject, TranscriptObject},
    escalations::EscalationObject,
    invitations::InvitationObject,
    members::MemberObject,
    objects::OrganizationObject,
    recordings::RecordingObject,
    security::{MfaDeadlineObject, SecurityObject},
    webhooks::WebhookObject,
};
use crate::{
    api::Api,
    credential::{Caller, Proven},
    problem::Problem,
    streaming::{Chunks, CutOff, streamed, unread},
};

/// The version of the format. What is added to lines, and new types of lines, leave it as it is.
const FORMAT_VERSION: u8 = 1;

/// A line of an export.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    /// The first.
    Begin {
        format_version: u8,
        organization: OrganizationId,
        #[serde(with = "time::serde::rfc3339")]
        exported_at: OffsetDateTime,
    },
    Organization {
        organization: OrganizationObject,
    },
    Security {
        security: Box<SecurityObject>,
    },
    EscalationWebhook {
        escalation_webhook: WebhookObject,
    },
    AuditWitness {
        audit_witness: WitnessObject,
    },
    Member {
        member: MemberObject,
    },
    Invitation {
        invitation: InvitationObject,
    },
    ApiKey {
        api_key: ApiKeyObject,
    },
    MfaDeadline {
        mfa_deadline: MfaDeadlineObject,
    },
    Agent {
        agent: AgentObject,
    },
    Call {
        call: CallObject,
    },
    Transcript {
        transcript: TranscriptObject,
    },
    Recording {
        recording: RecordingObject,
    },
    Escalation {
        escalation: EscalationObject,
    },
    /// The leaf stands here byte by byte as it is kept, so that it can be proved.
    AuditEvent {
        leaf: &'a RawValue,
        personal: &'a Value,
    },
    /// The last. A file without it was cut off.
    End {
        counts: Counts,
    },
}

#[derive(Serialize)]
struct Counts {
    organization: u8,
    security: u8,
    escalation_webhook: u64,
    audit_witness: u64,
    member: u64,
    invitation: u64,
    api_key: u64,
    mfa_deadline: u64,
    agent: u64,
    call: u64,
    transcript: u64,
    recording: u64,
    escalation: u64,
    audit_event: u64,
}

/// Exports all data of the organization, as it was at one moment, as NDJSON.
///
/// It is one JSON object a line, each with its `type`, in the shape that the API shows. The first line is `begin`, with the
/// version of the format, the organization and the moment. Then come `organization`, `security`, `escalation_webhook` and
/// `audit_witness` (without their secrets), `member`, `invitation`, `api_key`, `mfa_deadline`, `agent`, `call`, `transcript`,
/// `recording` (without its sound, and none that is damaged), `escalation` and `audit_event` (its canonical leaf, and what
/// identifies persons in it). The last line is `end`, with how many of each there were. Without `end` the export was cut off:
/// because the caller lost the right to it, because the client did not read on, or because it took longer than an hour.
///
/// Persons are as they are when they are written (`audit_witness`, `member`, `invitation`, `agent`, and what identifies them in an
/// `audit_event`), so nobody is in it who has been erased since it began.
///
/// An organization can run one export at a time on a node, and so can a person; a second one is answered 409 `export_running`.
/// `HEAD` answers with the header fields and starts no export. Requires a fresh proof of identity (`POST /v1/session/elevate`).
#[utoipa::path(get, path = "/v1/organization/export", tag = "Organization",
    responses((status = 200, description = "The lines", body = String, content_type = "application/x-ndjson",
        headers(("Content-Disposition" = String)))))]
pub(super) async fn export_organization(
    State(api): State<Api>,
    Proven(Caller(actor)): Proven<Caller<{ Permission::OrganizationExport as u8 }>>,
    method: Method,
) -> Result<Response, Problem> {
    let (disposition, body) = if method == Method::HEAD {
        organizations::permit_export(&api.app, &actor).await?;
        let place = actor.place.as_ref();
        (place.and_then(|(organization, _)| disposition(organization, api.app.now())), unread())
    } else {
        let mut export = organizations::export(&api.app, &actor).await?;
        // The first part before the answer, so that whatever is wrong from the start is told as usual.
        let first = export.next().await?;
        let disposition = match &first {
            Some(OrganizationExportPart::Begin(organization)) => {
                disposition(organization, export.exported_at())
            }
            _ => None,
        };
        let (chunks, body) = streamed(&api.settings);
        tokio::spawn(send(export, first, chunks).instrument(Span::current()));
        (disposition, body)
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(disposition) = disposition {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

/// The name of the file that browsers keep it in.
fn disposition(organization: &Organization, exported_at: OffsetDateTime) -> Option<HeaderValue> {
    let (slug, date) = (&organization.slug, exported_at.date());
    HeaderValue::from_str(&format!("attachment; filename=\"{slug}-{date}.ndjson\"")).ok()
}

/// Sends part after part, until the last or until something is in the way.
async fn send(export: OrganizationExport, first: Option<OrganizationExportPart>, chunks: Chunks) {
    if let Err(reason) = try_send(export, first, chunks).await {
        tracing::warn!(reason = %ErrorChain(&reason), "an export was cut off");
    }
}

async fn try_send(
    mut export: OrganizationExport,
    first: Option<OrganizationExportPart>,
    chunks: Chunks,
) -> Result<(), CutOff> {
    let mut part = first;
    while let Some(current) = part {
        let text = lines(current, export.exported_at(), export.plans())?;
        if !text.is_empty() {
            chunks.send(text).await?;
        }
        part = export.next().await?;
    }
    // Whoever has read to the end may begin another at once.
    drop(export);
    Ok(chunks.end().await?)
}

/// The lines of a part.
fn lines(
    part: OrganizationExportPart,
    exported_at: OffsetDateTime,
    plans: &Plans,
) -> serde_json::Result<Vec<u8>> {
    let mut text = Vec::new();
    let mut line = |line: &Line<'_>| {
        serde_json::to_writer(&mut text, line)?;
        text.push(b'\n');
        Ok(())
    };
    match part {
        OrganizationExportPart::Begin(organization) => {
            line(&Line::Begin {
                format_version: FORMAT_VERSION,
                organization: organization.id,
                exported_at,
            })?;
            line(&Line::Organization { organization: (&organization).into() })?;
        }
        OrganizationExportPart::Security(shown) => {
            line(&Line::Security { security: Box::new(SecurityObject::new(*shown, plans)) })?
        }
        OrganizationExportPart::Webhook(shown) => shown
            .into_iter()
            .try_for_each(|shown| line(&Line::EscalationWebhook { escalation_webhook: shown.into() }))?,
        OrganizationExportPart::Witness(shown) => shown
            .into_iter()
            .try_for_each(|shown| line(&Line::AuditWitness { audit_witness: shown.into() }))?,
        OrganizationExportPart::Members(members) => {
            members.into_iter().try_for_each(|member| line(&Line::Member { member: member.into() }))?;
        }
        OrganizationExportPart::Invitations(invitations) => {
            invitations.into_iter().try_for_each(|listed| {
                line(&Line::Invitation { invitation: InvitationObject::at(exported_at, listed) })
            })?
        }
        OrganizationExportPart::ApiKeys(keys) => {
            keys.into_iter().try_for_each(|listed| line(&Line::ApiKey { api_key: listed.into() }))?;
        }
        OrganizationExportPart::Deadlines(deadlines) => deadlines
            .into_iter()
            .try_for_each(|deadline| line(&Line::MfaDeadline { mfa_deadline: deadline.into() }))?,
        OrganizationExportPart::Agents(agents) => {
            agents.into_iter().try_for_each(|agent| line(&Line::Agent { agent: AgentObject::new(agent) }))?
        }
        OrganizationExportPart::Escalations(escalations) => escalations
            .into_iter()
            .try_for_each(|shown| line(&Line::Escalation { escalation: EscalationObject::new(shown) }))?,
        OrganizationExportPart::Calls(calls) => {
            calls.into_iter().try_for_each(|call| line(&Line::Call { call: call.into() }))?;
        }
        OrganizationExportPart::Transcripts(transcripts) => {
            transcripts.into_iter().try_for_each(|(call, transcript)| {
                line(&Line::Transcript { transcript: TranscriptObject::of(call, transcript) })
            })?
        }
        OrganizationExportPart::Recordings(recordings) => recordings
            .iter()
            .try_for_each(|recording| line(&Line::Recording { recording: recording.into() }))?,
        OrganizationExportPart::AuditEvents(events) => events.iter().try_for_each(|event| {
            line(&Line::AuditEvent { leaf: serde_json::from_str(&event.leaf)?, personal: &event.personal })
        })?,
        OrganizationExportPart::End(ExportCounts {
            webhooks,
            witnesses,
            members,
            invitations,
            api_keys,
            deadlines,
            agents,
            calls,
            transcripts,
            recordings,
            escalations,
            audit_events,
        }) => {
            let counts = Counts {
                organization: 1,
                security: 1,
                escalation_webhook: webhooks,
                audit_witness: witnesses,
                member: members,
                invitation: invitations,
                api_key: api_keys,
                mfa_deadline: deadlines,
                agent: agents,
                call: calls,
                transcript: transcripts,
                recording: recordings,
                escalation: escalations,
                audit_event: audit_events,
            };
            line(&Line::End { counts })?;
        }
    }
    Ok(text)
}
