//! What is kept of sessions.

use async_trait::async_trait;
use rollcall_domain::{SessionId, audit::Origin};

use super::NewSession;
use crate::ports::StoreError;

/// Changes sessions.
#[async_trait]
pub trait Sessions {
    /// Adds a session of the scope's account, and notes that its owner is at work from then on.
    async fn session_add(&mut self, session: &NewSession, origin: &Origin) -> Result<(), StoreError>;

    /// Ends a session in the scope; gives back whether it was there.
    async fn session_end(&mut self, session: SessionId) -> Result<bool, StoreError>;
}
