//! An event as it is kept, whoever has told of it.

use std::collections::BTreeMap;

use rollcall_audit_proof::{Change, Commitment, Leaf, Reference, SALT_BYTES, Salt, VERSION};
use rollcall_domain::{
    ApiKeyId, EmailAddress, EventId, OrganizationId,
    audit::reports::{REPORTED_BY, Report},
    audit::{AuditActor, Origin},
};
use time::OffsetDateTime;

use super::{Entry, record::instant};
use crate::{Error, ports::Entropy};

/// An event as it is kept: its canonical form, and beside it what is searched and what can be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLine {
    /// Names the event.
    pub id: EventId,
    /// When it happened.
    pub occurred_at: OffsetDateTime,
    /// The kind of whoever did it,
    pub actor_kind: &'static str,
    /// and who.
    pub actor_id: Option<String>,
    /// What was done or tried.
    pub action: String,
    /// The kind of thing that it was done to,
    pub target_kind: String,
    /// and which one.
    pub target_id: Option<String>,
    /// How it ended.
    pub outcome: &'static str,
    /// The request that it came with.
    pub request_id: Option<String>,
    /// The canonical bytes.
    pub leaf: Vec<u8>,
    /// What identifies a person, with the salt of each.
    pub personal: BTreeMap<String, (String, Salt)>,
}

impl EventLine {
    /// An event of Rollcall's own, in an organization's log.
    ///
    /// # Errors
    /// None in practice.
    pub fn of(entry: &Entry, log: OrganizationId) -> Result<Self, Error> {
        let event = entry.event();
        let (actor_kind, actor_id, _) = event.actor.parts();
        let (target_kind, target_id) = event.target.parts();
        let personal = entry.personal().iter().map(|(field, kept)| ((*field).to_owned(), kept.clone()));
        Ok(Self {
            id: event.id,
            occurred_at: event.occurred_at,
            actor_kind,
            actor_id,
            action: event.action.as_str().to_owned(),
            target_kind: target_kind.to_owned(),
            target_id,
            outcome: event.outcome.as_str(),
            request_id: event.origin.request_id.as_deref().map(str::to_owned),
            leaf: entry.leaf(Some(log)).map_err(Error::Internal)?,
            personal: personal.collect(),
        })
    }

    /// What a program has reported with an API key. The key is in the event, where it cannot be mistaken for whoever acted.
    ///
    /// # Errors
    /// None in practice.
    pub fn reported(
        report: &Report,
        key: ApiKeyId,
        origin: &Origin,
        log: OrganizationId,
        entropy: &dyn Entropy,
    ) -> Result<Self, Error> {
        let personal: BTreeMap<String, (String, Salt)> = report
            .personal
            .iter()
            .map(|(field, value)| {
                let mut salt = [0; SALT_BYTES];
                entropy.fill(&mut salt);
                // Addresses stand in the log in the form in which they are compared, so that no spelling escapes being erased.
                let address: Result<EmailAddress, _> = value.as_str().parse();
                let value =
                    address.map_or_else(|_| value.as_str().to_owned(), |address| address.key().to_owned());
                (field.as_str().to_owned(), (value, salt))
            })
            .collect();
        let (actor_kind, actor_id, _) = AuditActor::from(report.by).parts();
        let (log, id, key) = (log.to_string(), report.id.to_string(), key.to_string());
        let at = instant(report.occurred_at).map_err(Error::Internal)?;
        let by = Change { field: REPORTED_BY, before: None, after: Some(&key) };
        let changes = report.changes.iter().map(|(field, before, after)| Change {
            field: field.as_str(),
            before: before.as_ref().map(|value| value.as_str()),
            after: after.as_ref().map(|value| value.as_str()),
        });
        let leaf = Leaf {
            v: VERSION,
            log: &log,
            id: &id,
            at: &at,
            actor: Reference { kind: actor_kind, id: actor_id.as_deref() },
            session: None,
            action: report.action.as_str(),
            target: Reference { kind: report.target_kind.as_str(), id: Some(report.target_id.as_str()) },
            outcome: report.outcome.as_str(),
            request_id: origin.request_id.as_deref(),
            changes: changes.chain([by]).collect(),
            personal: personal
                .iter()
                .map(|(field, (value, salt))| (field.as_str(), Commitment::to(field, value, salt)))
                .collect(),
        };
        let leaf = leaf.encode().map_err(|error| Error::Internal(Box::new(error)))?;
        Ok(Self {
            id: report.id,
            occurred_at: report.occurred_at,
            actor_kind,
            actor_id,
            action: report.action.as_str().to_owned(),
            target_kind: report.target_kind.as_str().to_owned(),
            target_id: Some(report.target_id.as_str().to_owned()),
            outcome: report.outcome.as_str(),
            request_id: origin.request_id.as_deref().map(str::to_owned),
            leaf,
            personal,
        })
    }
}
