//! Everything that use cases work with.

use std::sync::Arc;

use rollcall_domain::{
    EventId,
    attempts::Allowances,
    audit::{Action, AuditActor, AuditTarget, Event, Origin, Outcome},
    id::{Id, Kind},
    plans::Plans,
    second_factors::TotpIssuer,
    sessions::Lifetimes,
    webhooks::Reach,
};
use time::OffsetDateTime;

use crate::{
    Asks, Bulkhead, Error, Failure,
    api_keys::KeyUses,
    audit::{ApiCalls, AuditIntake, Checkpoints, Readings, Record, Sequencing},
    availability::{Lapsed, Pulse},
    calls::Masking,
    keyring::Keyring,
    members::Teams,
    operator::Tenants,
    passwords::Passwords,
    plans::Billing,
    ports::{Attempts, Ceremonies, Clock, Directory, Entropy, Scope, WebAuthn},
    recordings::{Objects, Transfers, Uploads},
    revocations::Feed,
    sessions::LiveSessions,
    stream::Streams,
    tokens::Tokens,
    trace::Door,
};

/// The ports and settings that use cases work with. Cloning it is cheap.
#[derive(Clone)]
pub struct Application {
    /// What is kept.
    pub store: Door,
    /// Look-ups across organizations.
    pub directory: Arc<dyn Directory>,
    /// Pages of whole teams.
    pub teams: Arc<dyn Teams>,
    /// Counts of attempts to prove who one is.
    pub attempts: Arc<dyn Attempts>,
    /// Challenges that wait for a device's answer.
    pub ceremonies: Arc<dyn Ceremonies>,
    /// What asks devices, and checks their answers; none where the service is reached under no domain name.
    pub webauthn: Option<Arc<dyn WebAuthn>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// Keys for what must come back unchanged, and for what is kept but must not be read.
    pub keyring: Keyring,
    /// Hashing of passwords.
    pub passwords: Passwords,
    /// Signing of access tokens.
    pub tokens: Tokens,
    /// What authenticator apps call this service.
    pub totp_issuer: TotpIssuer,
    /// What is not good any more, for services that remember.
    pub feed: Feed,
    /// The live streams that are open on this node.
    pub streams: Streams,
    /// The order of audit events.
    pub sequencing: Sequencing,
    /// Signing of checkpoints of audit logs.
    pub checkpoints: Checkpoints,
    /// What this node keeps in mind of API keys in use.
    pub key_uses: KeyUses,
    /// What this node has written down of who looks into audit logs.
    pub readings: Readings,
    /// Calls made with API keys that are not in an audit log yet.
    pub api_calls: ApiCalls,
    /// Takes what programs do and report into the audit logs.
    pub audit_intake: Arc<dyn AuditIntake>,
    /// The organizations, as the platform's staff see them.
    pub tenants: Arc<dyn Tenants>,
    /// Collects the money.
    pub billing: Arc<dyn Billing>,
    /// Where the segments of recordings lie.
    pub objects: Arc<dyn Objects>,
    /// What is noted of uploads while they go on.
    pub uploads: Arc<dyn Uploads>,
    /// Masking of transcripts.
    pub masking: Masking,
    /// The recordings that come and go.
    pub transfers: Transfers,
    /// The exports that run.
    pub exports: Bulkhead,
    /// Those of audit logs: they hold no connection while they run, and take no places of the others.
    pub log_exports: Bulkhead,
    /// The bulk invitations that run, each of which takes a connection over and over.
    pub bulk_invitations: Bulkhead,
    /// What agents' devices say all the time.
    pub pulse: Arc<dyn Pulse>,
    /// What of agents has run out.
    pub lapsed: Lapsed,
    /// What the configuration says.
    pub settings: Settings,
}

/// What the configuration says to use cases.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How long sessions live.
    pub sessions: Lifetimes,
    /// How much mail is sent on request, and how fast passwords can be guessed; no limits when none.
    pub limits: Option<Limits>,
    /// How far webhooks may lead.
    pub webhooks: Reach,
    /// What each plan has.
    pub plans: Plans,
    /// The most bytes of a recording.
    pub recording_limit: u64,
    /// How many days the platform's own log keeps what identifies persons.
    pub platform_log_days: u32,
}

/// How much mail is sent on request, so that Rollcall is no cannon for spam; how fast passwords can be guessed; and how much of
/// some things there can be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Invitation mails that one member may cause in 24 hours.
    pub invitations_per_inviter: u32,
    /// Invitation mails that one organization may cause in 24 hours.
    pub invitations_per_organization: u32,
    /// Sign-up mails to one address in an hour; further requests are answered alike and send nothing.
    pub signups_per_address: u32,
    /// Mails about a forgotten password to one address in an hour; further requests are answered alike and send nothing.
    pub password_resets_per_address: u32,
    /// Attempts with a wrong password.
    pub password_attempts: Allowances,
    /// Mails about another address that one account may cause in an hour.
    pub email_changes_per_account: u32,
    /// API keys of one organization that have not been revoked.
    pub api_keys_per_organization: u32,
}

impl Application {
    /// The current time in UTC, by the clock port.
    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Which sessions are live now.
    pub(crate) fn live(&self) -> LiveSessions {
        let now = self.now();
        LiveSessions { now, used_after: now - self.settings.sessions.idle }
    }

    /// A new id.
    pub fn id<K: Kind>(&self) -> Id<K> {
        self.entropy.id(self.now())
    }

    /// What asks devices, and checks their answers.
    ///
    /// # Errors
    /// [`Error::PasskeysUnavailable`].
    pub(crate) fn webauthn(&self) -> Result<&dyn WebAuthn, Error> {
        self.webauthn.as_deref().ok_or(Error::PasskeysUnavailable)
    }

    /// An event that happens now, and succeeds.
    pub(crate) fn event(
        &self,
        actor: AuditActor,
        origin: &Origin,
        action: Action,
        target: AuditTarget,
    ) -> Event {
        let now = self.now();
        let id: EventId = self.entropy.id(now);
        Event::new(id, now, actor, origin.clone(), action, target)
    }

    /// An event that an actor makes happen now.
    pub(crate) fn event_by(&self, actor: &impl Asks, action: Action, target: AuditTarget) -> Event {
        self.event(actor.for_audit(), actor.origin(), action, target)
    }

    /// The record that holds `event`.
    pub(crate) fn record(&self, event: Event) -> Record {
        Record::of(event, self.entropy.as_ref())
    }

    /// Gives back what a use case came to; a refusal leaves an event of its own where the actor is at work,
    /// as the change that would have left one did not happen.
    pub(crate) async fn refusals_recorded<T>(
        &self,
        actor: &impl Asks,
        action: Action,
        target: AuditTarget,
        result: Result<T, Error>,
    ) -> Result<T, Error> {
        self.failures_recorded(actor, action, target, result.map_err(Failure::from)).await
    }

    /// The same; what somebody is to be told of the refusal goes with its event.
    pub(crate) async fn failures_recorded<T>(
        &self,
        actor: &impl Asks,
        action: Action,
        target: AuditTarget,
        result: Result<T, Failure>,
    ) -> Result<T, Error> {
        let Failure { error, letter } = match result {
            Ok(value) => return Ok(value),
            Err(failure) => failure,
        };
        if error.is_refusal() {
            let scope = actor.organization().map_or(Scope::Platform, Scope::Organization);
            let record = self.refusal(self.event_by(actor, action, target), &error);
            let record = letter.into_iter().fold(record, Record::mail);
            self.store.begin(scope).await?.commit(record).await?;
        }
        Err(error)
    }

    /// Writes down that something was refused.
    pub(crate) async fn record_refusal(
        &self,
        scope: Scope,
        event: Event,
        error: &Error,
    ) -> Result<(), Error> {
        let unit = self.store.begin(scope).await?;
        Ok(unit.commit(self.refusal(event, error)).await?)
    }

    /// The record that something was refused.
    pub(crate) fn refusal(&self, event: Event, error: &Error) -> Record {
        self.record(self.refused(event, error))
    }

    /// The event that something was refused.
    pub(crate) fn refused(&self, event: Event, error: &Error) -> Event {
        event.outcome(Outcome::Refused).change("reason", None, Some(&error.to_string()))
    }
}
