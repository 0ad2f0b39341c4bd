//! Everything of an organization, to be taken along: part by part, as it was at one moment. But persons (members, whoever is invited,
//! agents, the witness, and whoever is in the audit log) are as they are when they are written, so that nobody is in it who had been
//! forgotten by then.

use rollcall_domain::{
    ApiKeyId, CallId, InvitationId, OrganizationId, Permission, UserId,
    audit::{Action, AuditTarget},
    calls::{Call, Transcript},
    members::Member,
    organizations::Organization,
    plans::Plans,
    policy::Target,
    recordings::Recording,
};
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use crate::{
    Actor, Application, Error, Page, PageRequest, Principal,
    api_keys::ListedKey,
    audit::{EventKey, KeptEvent, KeptLeaf, witness},
    availability::ListedAgent,
    bulkhead::Running,
    calls::{CallFilter, CallKey},
    escalations::{EscalationFilter, EscalationKey, ShownEscalation},
    invitations::ListedInvitation,
    members::{MemberFilter, MemberKey},
    ports::{Scope, View},
    recordings,
    security::{KeptDeadline, ShownSecurity},
    webhooks,
};

/// How many entries are read at a time: all that is in memory of them.
const PAGE: u16 = 500;
/// How many recordings: of each the names of all segments are read, which are kilobytes of a long one.
const RECORDINGS_PAGE: u16 = 50;
/// The longest that an export may take: as long as it runs, it holds a connection, and the database keeps old versions
/// of rows for it.
const LONGEST: Duration = Duration::HOUR;

/// An export that is running. Dropped, it ends.
pub struct OrganizationExport {
    app: Application,
    principal: Principal,
    organization: OrganizationId,
    view: Box<dyn View>,
    begun_at: OffsetDateTime,
    next: Next,
    counts: ExportCounts,
    _running: Running,
}

/// What comes next.
#[derive(Debug, Clone, Copy)]
enum Next {
    Begin,
    Security,
    Webhook,
    Witness,
    Members(Option<MemberKey>),
    Invitations(Option<InvitationId>),
    ApiKeys(Option<ApiKeyId>),
    Deadlines(Option<UserId>),
    Agents(Option<UserId>),
    Calls(Option<CallKey>),
    Transcripts(Option<CallId>),
    Recordings(Option<CallId>),
    Escalations(Option<EscalationKey>),
    AuditEvents(Option<EventKey>),
    End,
    Nothing,
}

/// A part of an export.
#[derive(Debug)]
pub enum OrganizationExportPart {
    /// The first: the organization itself.
    Begin(Organization),
    /// Its security controls.
    Security(Box<ShownSecurity>),
    /// Where the platform is told what becomes of escalated calls, if anywhere, without its secret.
    Webhook(Option<webhooks::ShownWebhook>),
    /// Who is sent the checkpoints of its audit log, if anybody, without the secret that a webhook is signed with.
    Witness(Option<witness::ShownWitness>),
    /// Members.
    Members(Vec<Member>),
    /// Invitations, in whatever state.
    Invitations(Vec<ListedInvitation>),
    /// API keys, those that have ended among them, without what opens them.
    ApiKeys(Vec<ListedKey>),
    /// By when people need, or needed, a second factor; also those who have left.
    Deadlines(Vec<KeptDeadline>),
    /// Human agents, as they are at this moment.
    Agents(Vec<ListedAgent>),
    /// Calls, the latest first.
    Calls(Vec<Call>),
    /// Transcripts of calls, as they are kept.
    Transcripts(Vec<(CallId, Transcript)>),
    /// Recordings of calls, without what is heard in them.
    Recordings(Vec<Recording>),
    /// Calls that wait for a human agent, or did, the latest first.
    Escalations(Vec<ShownEscalation>),
    /// Events of the audit log, the oldest first.
    AuditEvents(Vec<KeptEvent>),
    /// The last: how much there was.
    End(ExportCounts),
}

/// How much was exported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExportCounts {
    /// Webhooks for escalated calls.
    pub webhooks: u64,
    /// Witnesses of the audit log.
    pub witnesses: u64,
    /// Members.
    pub members: u64,
    /// Invitations.
    pub invitations: u64,
    /// API keys.
    pub api_keys: u64,
    /// Deadlines for second factors.
    pub deadlines: u64,
    /// Human agents.
    pub agents: u64,
    /// Calls.
    pub calls: u64,
    /// Transcripts.
    pub transcripts: u64,
    /// Recordings.
    pub recordings: u64,
    /// Escalations.
    pub escalations: u64,
    /// Events of the audit log.
    pub audit_events: u64,
}

/// Begins an export of the organization that the actor is at work in. That it was asked for is in the audit log before
/// anything is given out.
///
/// # Errors
/// [`Error::PermissionDenied`], [`Error::ElevationRequired`], [`Error::ExportRunning`] when the organization or the actor has one already, and
/// [`Error::Busy`] when too many run.
pub async fn export(app: &Application, actor: &Actor) -> Result<OrganizationExport, Error> {
    let begun = begin(app, actor).await;
    let target = actor.organization().map_or(AuditTarget::Nothing, AuditTarget::Organization);
    app.refusals_recorded(actor, Action::OrganizationExported, target, begun).await
}

/// Makes sure that there would be an export. Nothing is given out, so it is no event.
///
/// # Errors
/// [`Error::PermissionDenied`] and [`Error::ElevationRequired`].
pub async fn permit_export(app: &Application, actor: &Actor) -> Result<(), Error> {
    let looked =
        actor.permit(Permission::OrganizationExport).and_then(|_| actor.require_elevation(app.now()));
    let target = actor.organization().map_or(AuditTarget::Nothing, AuditTarget::Organization);
    app.refusals_recorded(actor, Action::OrganizationExported, target, looked).await
}

async fn begin(app: &Application, actor: &Actor) -> Result<OrganizationExport, Error> {
    let seat = actor.permit(Permission::OrganizationExport)?;
    let begun_at = app.now();
    actor.require_elevation(begun_at)?;
    let running = app.exports.begin(seat.organization, Some(actor.user_id()), Error::ExportRunning)?;
    let mut unit = app.store.begin(seat.scope()).await?;
    seat.permit_on(unit.as_mut(), Permission::OrganizationExport, Target::Organization).await?;
    let target = AuditTarget::Organization(seat.organization);
    let event = app.event_by(actor, Action::OrganizationExported, target);
    let asked = event.id;
    unit.commit(app.record(event)).await?;
    let view = app.store.view_for_long(seat.scope(), asked).await?;
    let (app, principal, organization) = (app.clone(), Principal::Person(actor.clone()), seat.organization);
    let (next, counts) = (Next::Begin, ExportCounts::default());
    Ok(OrganizationExport { app, principal, organization, view, begun_at, next, counts, _running: running })
}

impl OrganizationExport {
    /// The next part; none after the last.
    ///
    /// # Errors
    /// Whoever has lost the right to it, or the session, while it runs gets no more (attack 9): then as [`export`], or
    /// [`Error::Unauthenticated`]. [`Error::Unavailable`] when it takes longer than an hour. There are no more parts
    /// then.
    pub async fn next(&mut self) -> Result<Option<OrganizationExportPart>, Error> {
        let part = match self.still_permitted().await {
            Ok(()) => self.read().await,
            Err(refusal) => Err(refusal),
        };
        if part.is_err() {
            self.next = Next::Nothing;
        }
        let target = AuditTarget::Organization(self.organization);
        self.app.refusals_recorded(&self.principal, Action::OrganizationExported, target, part).await
    }

    /// The moment as of which everything but persons is shown.
    pub fn exported_at(&self) -> OffsetDateTime {
        self.begun_at
    }

    /// The plans that there are, which say what of the security controls can be had.
    pub fn plans(&self) -> &Plans {
        &self.app.settings.plans
    }

    /// Looks once more, outside of the view, which does not see what has changed since it began. (Exclusive, as the view
    /// cannot be shared.)
    async fn still_permitted(&mut self) -> Result<(), Error> {
        if self.begun_at + LONGEST <= self.app.now() {
            return Err(Error::Unavailable("an export took longer than it may".into()));
        }
        self.principal.begin_again(&self.app, Permission::OrganizationExport).await.map(drop)
    }

    async fn read(&mut self) -> Result<Option<OrganizationExportPart>, Error> {
        let organization = self.organization;
        let (part, next) = match self.next {
            Next::Begin => {
                let organization =
                    self.view.organization_find(organization).await?.ok_or(Error::Unauthenticated)?;
                (OrganizationExportPart::Begin(organization), Next::Security)
            }
            Next::Security => {
                let organization =
                    self.view.organization_find(organization).await?.ok_or(Error::Unauthenticated)?;
                let shown = ShownSecurity::of(self.view.as_mut(), &organization).await?;
                (OrganizationExportPart::Security(Box::new(shown)), Next::Webhook)
            }
            Next::Webhook => {
                let shown =
                    webhooks::ShownWebhook::of(self.view.as_mut(), organization, self.begun_at).await?;
                self.counts.webhooks = shown.is_some().into();
                (OrganizationExportPart::Webhook(shown), Next::Witness)
            }
            Next::Witness => {
                let mut view = self.view_now().await?;
                let shown = witness::ShownWitness::of(view.as_mut(), organization, self.begun_at).await?;
                self.counts.witnesses = shown.is_some().into();
                (OrganizationExportPart::Witness(shown), Next::Members(None))
            }
            Next::Members(after) => {
                let filter = MemberFilter::default();
                let page = self.view_now().await?.members_page(organization, &filter, &page(after)).await?;
                let (members, more) = cut(page, &mut self.counts.members);
                (
                    OrganizationExportPart::Members(members),
                    more.map_or(Next::Invitations(None), |key| Next::Members(Some(key))),
                )
            }
            Next::Invitations(after) => {
                let mut view = self.view_now().await?;
                let page = view.invitations_page(organization, None, self.begun_at, &page(after)).await?;
                let (invitations, more) = cut(page, &mut self.counts.invitations);
                let next = more.map_or(Next::ApiKeys(None), |key| Next::Invitations(Some(key)));
                (OrganizationExportPart::Invitations(invitations), next)
            }
            Next::ApiKeys(after) => {
                let page = self.view.api_keys_page(organization, &page(after)).await?;
                let (keys, more) = cut(page, &mut self.counts.api_keys);
                (
                    OrganizationExportPart::ApiKeys(keys),
                    more.map_or(Next::Deadlines(None), |key| Next::ApiKeys(Some(key))),
                )
            }
            Next::Deadlines(after) => {
                let page = self.view.mfa_deadlines_page(organization, &page(after)).await?;
                let (deadlines, more) = cut(page, &mut self.counts.deadlines);
                let next = more.map_or(Next::Agents(None), |key| Next::Deadlines(Some(key)));
                (OrganizationExportPart::Deadlines(deadlines), next)
            }
            Next::Agents(after) => {
                let mut view = self.view_now().await?;
                let (now, live) = (view.moment().await?, self.app.live());
                let page = view.agents_page(organization, now, live, &page(after)).await?;
                let (agents, more) = cut(page, &mut self.counts.agents);
                (
                    OrganizationExportPart::Agents(agents),
                    more.map_or(Next::Calls(None), |key| Next::Agents(Some(key))),
                )
            }
            Next::Calls(after) => {
                let page = self.view.calls_page(organization, &CallFilter::default(), &page(after)).await?;
                let (calls, more) = cut(page, &mut self.counts.calls);
                (
                    OrganizationExportPart::Calls(calls),
                    more.map_or(Next::Transcripts(None), |key| Next::Calls(Some(key))),
                )
            }
            Next::Transcripts(after) => {
                let page = self.view.transcripts_page(organization, &page(after)).await?;
                let (transcripts, more) = cut(page, &mut self.counts.transcripts);
                let next = more.map_or(Next::Recordings(None), |key| Next::Transcripts(Some(key)));
                (OrganizationExportPart::Transcripts(transcripts), next)
            }
            Next::Recordings(after) => {
                let page = PageRequest { limit: RECORDINGS_PAGE, after };
                let page = recordings::page(&self.app, self.view.as_mut(), organization, &page).await?;
                let (recordings, more) = cut(page, &mut self.counts.recordings);
                let next = more.map_or(Next::Escalations(None), |key| Next::Recordings(Some(key)));
                (OrganizationExportPart::Recordings(recordings), next)
            }
            Next::Escalations(after) => {
                let filter = EscalationFilter::default();
                let now = self.view.moment().await?;
                let page = self.view.escalations_page(organization, filter, now, &page(after)).await?;
                let (escalations, more) = cut(page, &mut self.counts.escalations);
                let next = more.map_or(Next::AuditEvents(None), |key| Next::Escalations(Some(key)));
                (OrganizationExportPart::Escalations(escalations), next)
            }
            Next::AuditEvents(after) => {
                let page = self.view.audit_events_page(organization, &page(after)).await?;
                let (leaves, more) = cut(page, &mut self.counts.audit_events);
                (
                    OrganizationExportPart::AuditEvents(self.with_persons(leaves).await?),
                    more.map_or(Next::End, |key| Next::AuditEvents(Some(key))),
                )
            }
            Next::End => (OrganizationExportPart::End(self.counts), Next::Nothing),
            Next::Nothing => return Ok(None),
        };
        self.next = next;
        Ok(Some(part))
    }

    /// A view of this moment: the one of the export does not know who has been forgotten since it began. (Exclusive, as above.)
    async fn view_now(&mut self) -> Result<Box<dyn View>, Error> {
        Ok(self.app.store.view(Scope::Organization(self.organization)).await?)
    }

    /// Events of the export's view, with what identifies persons in them at this moment.
    async fn with_persons(&mut self, leaves: Vec<KeptLeaf>) -> Result<Vec<KeptEvent>, Error> {
        if leaves.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<EventKey> = leaves.iter().map(|leaf| leaf.key).collect();
        let mut view = self.view_now().await?;
        let mut told = view.audit_events_personal(self.organization, &keys).await?;
        let events = leaves.into_iter().map(|KeptLeaf { key, leaf }| {
            // Nobody is identified in one that has gone meanwhile.
            let personal = told.remove(&key.written).unwrap_or_else(|| Value::Object(Map::new()));
            KeptEvent { leaf, personal }
        });
        Ok(events.collect())
    }
}

fn page<K>(after: Option<K>) -> PageRequest<K> {
    PageRequest { limit: PAGE, after }
}

fn cut<T, K>(page: Page<T, K>, count: &mut u64) -> (Vec<T>, Option<K>) {
    *count += page.entries.len() as u64;
    (page.entries, page.next)
}

#[cfg(test)]
#[path = "export_tests.rs"]
mod tests;
