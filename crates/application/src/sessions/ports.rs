//! What is kept of sessions.

use async_trait::async_trait;
use rollcall_domain::{OrganizationId, SessionId, UserId, audit::Origin, sessions::Session};
use time::OffsetDateTime;

use super::NewSession;
use crate::{
    Page, PageRequest,
    ports::{OpenSession, StoreError},
};

/// A session as its owner sees it.
#[derive(Debug, Clone)]
pub struct OwnSession {
    /// The session.
    pub session: Session,
    /// When it began.
    pub created_at: OffsetDateTime,
    /// From where it began; none where that is not known.
    pub ip: Option<String>,
    /// What the client that it began with calls itself; none where it does not say.
    pub user_agent: Option<String>,
}

/// Which sessions are live: what [`Session::is_live`] says, for a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveSessions {
    /// Those that do not end by this moment,
    pub now: OffsetDateTime,
    /// and were last used after this one.
    pub used_after: OffsetDateTime,
}

/// Reads sessions.
#[async_trait]
pub trait SessionsView {
    /// A page of the sessions of the scope's account, the newest first: all of them, or those that are live.
    async fn sessions_page(
        &mut self,
        user: UserId,
        live: Option<LiveSessions>,
        page: &PageRequest<SessionId>,
    ) -> Result<Page<OwnSession, SessionId>, StoreError>;

    /// A session of the scope's account in the scope's organization, or in none, whether or not it is still live.
    async fn session_find(
        &mut self,
        user: UserId,
        organization: Option<OrganizationId>,
        session: SessionId,
    ) -> Result<Option<OpenSession>, StoreError>;
}

/// Changes sessions.
#[async_trait]
pub trait Sessions {
    /// Adds a session of the scope's account, and notes that its owner is at work from then on.
    async fn session_add(&mut self, session: &NewSession, origin: &Origin) -> Result<(), StoreError>;

    /// Ends the sessions of the scope's account, but for one; gives back which.
    async fn sessions_end(
        &mut self,
        user: UserId,
        but: Option<SessionId>,
    ) -> Result<Vec<SessionId>, StoreError>;

    /// Whether a session in the scope is still there, which stays so until the end of the transaction.
    async fn session_hold(&mut self, session: SessionId) -> Result<bool, StoreError>;

    /// Notes that the owner of a session in the scope has proved once more who they are; gives back whether it is still there.
    async fn session_prove(&mut self, session: SessionId, at: OffsetDateTime) -> Result<bool, StoreError>;

    /// Ends a session in the scope; gives back whether it was there.
    async fn session_end(&mut self, session: SessionId) -> Result<bool, StoreError>;
}
