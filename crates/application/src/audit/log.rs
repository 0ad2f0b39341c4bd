//! What of an audit log is shown: the events that are in its tree.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rollcall_domain::{
    EventId, OrganizationId,
    audit::{search::Filter, sketch::Sketch},
};
use serde::{Deserialize, de::IgnoredAny};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::ports::StoreError;

/// An event at its place in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedEvent {
    /// Its place in the log, from 0.
    pub index: u64,
    /// Names the event.
    pub id: EventId,
    /// When it happened.
    pub occurred_at: OffsetDateTime,
    /// Who did it: the kind,
    pub actor_kind: String,
    /// and the id of those who have one.
    pub actor_id: Option<String>,
    /// The session that it was done in.
    pub session: Option<String>,
    /// What was done or tried.
    pub action: String,
    /// On what: the kind,
    pub target_kind: String,
    /// and the id of what has one.
    pub target_id: Option<String>,
    /// How it ended.
    pub outcome: String,
    /// The request that it was done by.
    pub request_id: Option<String>,
    /// What changed: the field, and its value before and after.
    pub changes: Vec<LoggedChange>,
    /// What identifies a person, by field; none where it has been erased.
    pub personal: BTreeMap<String, Option<String>>,
}

/// A value that changed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LoggedChange {
    /// Which value.
    pub field: String,
    /// What it was.
    pub before: Option<String>,
    /// What it is.
    pub after: Option<String>,
}

/// What there is of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogExtent {
    /// The place of the first event that is still kept.
    pub first: u64,
    /// How many events have been in it.
    pub size: u64,
    /// Whether events go into it.
    pub on: bool,
}

/// A stretch of a log in which there may be what is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LikelyStretch {
    /// Which one, from 0.
    pub number: u64,
    /// In which of its sections of [`SECTION`](rollcall_domain::audit::sketch::SECTION) events, from 0, the last first.
    pub sections: Vec<u64>,
}

/// Some events of a log, the last first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogPage {
    /// Those that are like a filter wants them.
    pub events: Vec<LoggedEvent>,
    /// Everything from this place on has been looked at.
    pub down_to: u64,
    /// How many bytes were read.
    pub bytes: usize,
}

/// Reads the log of the scope's organization, as far as it is in the tree.
#[async_trait]
pub trait LogView {
    /// What there is of it; none when it has never been on.
    async fn log_extent(&mut self, organization: OrganizationId) -> Result<Option<LogExtent>, StoreError>;

    /// The last full stretches of [`SKETCHED`](rollcall_domain::audit::sketch::SKETCHED) events, up to and with one and not before
    /// another, in which there may be what is looked for: the last first, at most so many. The end of the log, which is no full
    /// stretch yet, is not among them. A full stretch has a row, which a trigger makes with the tree; whoever takes the row out of the
    /// database hides the stretch from searches, but not from exports, proofs and checks, which do not go by sketches.
    async fn log_stretches(
        &mut self,
        organization: OrganizationId,
        filter: &Filter,
        from: u64,
        up_to: u64,
        at_most: u16,
    ) -> Result<Vec<LikelyStretch>, StoreError>;

    /// The events between two places that match a filter, its words aside, newest first: at most so many events, and at most so
    /// many bytes of them. It goes on as far as it has not looked.
    async fn log_events(
        &mut self,
        organization: OrganizationId,
        filter: &Filter,
        from: u64,
        to: u64,
        at_most: u16,
        most_bytes: usize,
    ) -> Result<LogPage, StoreError>;

    /// One event.
    async fn log_event(
        &mut self,
        organization: OrganizationId,
        id: EventId,
    ) -> Result<Option<LoggedEvent>, StoreError>;
}

/// A stretch of [`SKETCHED`](rollcall_domain::audit::sketch::SKETCHED) events of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Whose log; that of no organization is the platform's.
    pub log: OrganizationId,
    /// Which of its stretches, from 0.
    pub number: u64,
}

/// What came of a stretch whose turn it was to be sketched.
#[derive(Debug)]
pub struct SketchAttempt {
    /// The stretch.
    pub stretch: Stretch,
    /// Whether it is sketched now. If not, it is found again.
    pub sketched: Result<(), StoreError>,
}

/// Sketches stretches of logs, so that searches pass over those in which there is nothing.
#[async_trait]
pub trait Sketches: Send + Sync {
    /// Sketches the first stretch behind `after` that has no sketch yet; none if all have one. No two nodes work on the same stretch.
    async fn sketch_next(&self, after: Option<Stretch>) -> Result<Option<SketchAttempt>, StoreError>;
}

/// What is read of a leaf.
#[derive(Deserialize)]
struct Leaf {
    id: EventId,
    at: String,
    actor: Reference,
    target: Reference,
    action: String,
    outcome: String,
    session: Option<String>,
    request_id: Option<String>,
    changes: Vec<LoggedChange>,
    personal: BTreeMap<String, IgnoredAny>,
}

#[derive(Deserialize)]
struct Reference {
    kind: String,
    id: Option<String>,
}

/// A leaf is none.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableLeaf {
    /// It is not JSON of that kind.
    #[error("a leaf cannot be read")]
    Json(#[from] serde_json::Error),
    /// Its time is none.
    #[error("the time of a leaf cannot be read")]
    Time(#[from] time::error::Parse),
}

impl LoggedEvent {
    /// The event that a leaf is of, at its place, with what is kept of those whom it is about.
    ///
    /// # Errors
    /// [`UnreadableLeaf`].
    pub fn read(
        index: u64,
        leaf: &[u8],
        mut personal: BTreeMap<String, String>,
    ) -> Result<Self, UnreadableLeaf> {
        let leaf: Leaf = serde_json::from_slice(leaf)?;
        Ok(Self {
            index,
            id: leaf.id,
            occurred_at: OffsetDateTime::parse(&leaf.at, &Rfc3339)?,
            actor_kind: leaf.actor.kind,
            actor_id: leaf.actor.id,
            session: leaf.session,
            action: leaf.action,
            target_kind: leaf.target.kind,
            target_id: leaf.target.id,
            outcome: leaf.outcome,
            request_id: leaf.request_id,
            changes: leaf.changes,
            // What the leaf has promised and nobody keeps is erased.
            personal: leaf
                .personal
                .into_keys()
                .map(|field| {
                    let value = personal.remove(&field);
                    (field, value)
                })
                .collect(),
        })
    }

    /// Everything in it that words are looked for in. What has been erased is not there.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let own = [Some(self.action.as_str()), self.actor_id.as_deref(), self.target_id.as_deref()];
        let more = [self.session.as_deref(), self.request_id.as_deref()];
        let changes = self.changes.iter().flat_map(|change| {
            [Some(change.field.as_str()), change.before.as_deref(), change.after.as_deref()]
        });
        let personal = self.personal.values().map(Option::as_deref);
        own.into_iter().chain(more).chain(changes).chain(personal).flatten()
    }

    /// Adds it to a sketch.
    pub fn add_to(&self, sketch: &mut Sketch) {
        let mut sketched = sketch.event(self.index);
        sketched.add_text(&self.id.to_string());
        self.texts().for_each(|text| sketched.add_text(text));
        sketched.add_actor(&self.actor_kind, self.actor_id.as_deref());
        sketched.add_action(&self.action);
        sketched.add_outcome(&self.outcome);
        if let Some(target) = &self.target_id {
            sketched.add_target(target);
        }
    }

    /// Whether it holds what a filter's words ask for.
    pub(crate) fn holds_words_of(&self, filter: &Filter) -> bool {
        let Some(words) = &filter.words else { return true };
        let id = self.id.to_string();
        words.are_in(std::iter::once(id.as_str()).chain(self.texts()))
    }
}
