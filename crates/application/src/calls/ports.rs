//! What is kept of calls.

use async_trait::async_trait;
use rollcall_domain::{
    ApiKeyId, CallId, OrganizationId, Permission, SessionId, UserId,
    calls::{AgentRef, Call, Direction, ExternalId, MediaKeyId, MediaKeys, Party, Transcript},
    policy::Grant,
};
use time::OffsetDateTime;

use super::MadeAs;
use crate::{Page, PageRequest, Principal, Sealed, ports::StoreError};

/// Which calls are wanted: those to which everything applies that is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// Those that began then or later.
    pub since: Option<OffsetDateTime>,
    /// Those that began before then.
    pub until: Option<OffsetDateTime>,
    /// Who has called whom.
    pub direction: Option<Direction>,
    /// Who spoke for the organization.
    pub agent_ref: Option<AgentRef>,
    /// Who called.
    pub from: Option<Party>,
    /// Who was called.
    pub to: Option<Party>,
    /// What the platform calls it.
    pub external_id: Option<ExternalId>,
    /// Whether their sound is kept.
    pub has_recording: Option<bool>,
}

/// A call's place among the others: the latest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallKey {
    /// When it began.
    pub started_at: OffsetDateTime,
    /// Which one, among those that began at the same moment.
    pub id: CallId,
}

impl CallKey {
    /// The place of a call.
    pub const fn of(call: &Call) -> Self {
        Self { started_at: call.facts.times.started_at(), id: call.id }
    }
}

/// Reads the calls of the scope's organization.
#[async_trait]
pub trait CallsView {
    /// A call.
    async fn call_find(
        &mut self,
        organization: OrganizationId,
        id: CallId,
    ) -> Result<Option<Call>, StoreError>;

    /// A page of the calls that fit, the latest first.
    async fn calls_page(
        &mut self,
        organization: OrganizationId,
        filter: &CallFilter,
        page: &PageRequest<CallKey>,
    ) -> Result<Page<Call, CallKey>, StoreError>;

    /// Whether anybody has ever been given a media key of a call. Such a call stays encrypted from end to end, whatever is switched.
    async fn call_is_keyed(&mut self, organization: OrganizationId, id: CallId) -> Result<bool, StoreError>;
}

/// Changes the calls of the scope's organization.
#[async_trait]
pub trait Calls {
    /// Adds a call, unless there is one that the platform calls the same; gives back whether it did. Whoever adds one at the same
    /// moment is waited for.
    async fn call_add(
        &mut self,
        organization: OrganizationId,
        call: &Call,
        made_as: &MadeAs,
    ) -> Result<bool, StoreError>;

    /// The call that the platform calls so, and what was said when it was added.
    async fn call_known_as(
        &mut self,
        organization: OrganizationId,
        external_id: &ExternalId,
    ) -> Result<Option<(Call, MadeAs)>, StoreError>;

    /// A call, locked until the end of the transaction.
    async fn call_lock(
        &mut self,
        organization: OrganizationId,
        id: CallId,
    ) -> Result<Option<Call>, StoreError>;

    /// Saves what is known about a call, and counts its version up.
    async fn call_save(&mut self, organization: OrganizationId, call: &Call) -> Result<(), StoreError>;
}

/// Reads transcripts of the scope's organization.
#[async_trait]
pub trait TranscriptsView {
    /// The transcript of a call.
    async fn transcript_find(
        &mut self,
        organization: OrganizationId,
        call: CallId,
    ) -> Result<Option<Transcript>, StoreError>;

    /// A page of the transcripts, in the order of their calls' ids. It holds fewer than there could be when they are long.
    async fn transcripts_page(
        &mut self,
        organization: OrganizationId,
        page: &PageRequest<CallId>,
    ) -> Result<Page<(CallId, Transcript), CallId>, StoreError>;
}

/// Changes the transcripts of the scope's organization.
#[async_trait]
pub trait Transcripts {
    /// The version that the transcript of a call is in, if there is one. The call is locked.
    async fn transcript_version(
        &mut self,
        organization: OrganizationId,
        call: CallId,
    ) -> Result<Option<i32>, StoreError>;

    /// Saves the transcript of a call that is locked, in place of the one before.
    async fn transcript_save(
        &mut self,
        organization: OrganizationId,
        call: CallId,
        transcript: &Transcript,
    ) -> Result<(), StoreError>;
}

/// The keys of a call, the base key sealed.
#[derive(Debug, Clone)]
pub struct KeptMediaKeys {
    /// Where they are.
    pub keys: MediaKeys,
    /// The base key of that moment. Those before are not kept.
    pub base: Sealed,
}

/// Who holds a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKeyHolder {
    /// A person, in one of their sessions.
    User(UserId, SessionId),
    /// A program, by its API key.
    Key(ApiKeyId),
}

impl MediaKeyHolder {
    /// Whoever asks.
    pub fn of(principal: &Principal) -> Self {
        match principal {
            Principal::Person(actor) => Self::User(actor.user_id(), actor.session_id()),
            Principal::Key(key) => Self::Key(key.id()),
        }
    }
}

/// Reads who holds keys for the media of calls.
#[async_trait]
pub trait MediaKeyringView {
    /// Whether somebody has fetched a key of an end-to-end encrypted call, in any session: they could hear what is said in it.
    async fn fetched_media_key(
        &mut self,
        organization: OrganizationId,
        call: CallId,
        by: MediaKeyHolder,
    ) -> Result<bool, StoreError>;
}

/// Keeps the keys for the media of calls. The call is locked.
#[async_trait]
pub trait MediaKeyring {
    /// The keys of a call, if it has any.
    async fn media_keys_find(
        &mut self,
        organization: OrganizationId,
        call: CallId,
    ) -> Result<Option<KeptMediaKeys>, StoreError>;

    /// Saves the keys of a call, in place of those before.
    async fn media_keys_save(
        &mut self,
        organization: OrganizationId,
        call: CallId,
        kept: &KeptMediaKeys,
    ) -> Result<(), StoreError>;

    /// Forgets the base key of a call that is over.
    async fn media_keys_forget(
        &mut self,
        organization: OrganizationId,
        call: CallId,
    ) -> Result<(), StoreError>;

    /// Notes that somebody has got a key, and what it took.
    async fn media_key_holder_add(
        &mut self,
        organization: OrganizationId,
        call: CallId,
        id: MediaKeyId,
        holder: MediaKeyHolder,
        permission: Permission,
        at: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// For each holder of a key of this generation, the permission that it took, and what they hold in the organization at `now`:
    /// nothing once the session or API key secret that they came with has ended.
    async fn media_key_holders(
        &mut self,
        organization: OrganizationId,
        call: CallId,
        generation: u32,
        now: OffsetDateTime,
    ) -> Result<Vec<(Permission, Grant)>, StoreError>;
}
