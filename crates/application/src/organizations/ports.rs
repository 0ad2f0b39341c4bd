//! What is kept of organizations.

use async_trait::async_trait;
use rollcall_domain::{
    OrganizationId,
    organizations::{Deleted, Organization, OrganizationDeletion, Plan},
};
use time::OffsetDateTime;

use crate::ports::StoreError;

/// Reads organizations. One that is deleted is not there.
#[async_trait]
pub trait OrganizationsView {
    /// The scope's organization.
    async fn organization_find(&mut self, id: OrganizationId) -> Result<Option<Organization>, StoreError>;
}

/// Changes organizations. One that is deleted is not there, except for what undoes it and what ends it.
#[async_trait]
pub trait Organizations {
    /// The scope's organization, locked until the end of the transaction.
    async fn organization_lock(&mut self, id: OrganizationId) -> Result<Option<Organization>, StoreError>;

    /// The scope's organization, locked until the end of the transaction against all that leads into it as well: whoever is
    /// on their way in, or holds what they are there, is waited for, and whoever comes later waits. Taken before anything
    /// in it is held.
    async fn organization_lock_out(&mut self, id: OrganizationId)
    -> Result<Option<Organization>, StoreError>;

    /// Holds the scope's organization on this plan, neither suspended nor deleted, until the end of the transaction, against whoever
    /// would [lock it out](Self::organization_lock_out). False, and nothing is held, when it is so no longer. Taken before anything in
    /// it is held.
    async fn organization_hold(&mut self, id: OrganizationId, plan: Plan) -> Result<bool, StoreError>;

    /// The scope's organization if it is deleted, locked until the end of the transaction.
    async fn organization_lock_deleted(&mut self, id: OrganizationId) -> Result<Option<Deleted>, StoreError>;

    /// Adds the scope's organization.
    async fn organization_add(&mut self, organization: &Organization) -> Result<(), StoreError>;

    /// Saves the name of the scope's organization, and counts its version up.
    async fn organization_save(&mut self, organization: &Organization) -> Result<(), StoreError>;

    /// Notes since when the scope's organization is suspended, or that it is not any more, and counts its version up.
    async fn organization_suspend(
        &mut self,
        id: OrganizationId,
        since: Option<OffsetDateTime>,
    ) -> Result<(), StoreError>;

    /// Marks the scope's organization as deleted, ends every session and every API key in it, and counts its version up.
    async fn organization_delete(
        &mut self,
        id: OrganizationId,
        deletion: &OrganizationDeletion,
    ) -> Result<(), StoreError>;

    /// Takes the mark of a deletion away again, and counts the version up.
    ///
    /// # Errors
    /// [`StoreError::LastOwner`] when there is no Owner any more, at the commit.
    async fn organization_restore(&mut self, id: OrganizationId) -> Result<(), StoreError>;

    /// Removes an organization of which nothing else is left any more; gives back what has been removed of it in all. None
    /// when it is not to be purged at `now`, when something is left, and when somebody else is at it. Whatever the scope:
    /// the database removes nothing but deleted organizations whose time is over.
    async fn organization_purge(
        &mut self,
        id: OrganizationId,
        now: OffsetDateTime,
    ) -> Result<Option<Purged>, StoreError>;
}

/// How much has been removed of an organization.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purged {
    /// Members. The accounts are persons', and stay.
    pub members: u64,
    /// Invitations, in whatever state.
    pub invitations: u64,
    /// API keys.
    pub api_keys: u64,
    /// Calls.
    pub calls: u64,
    /// Recordings of calls.
    pub recordings: u64,
    /// Letters.
    pub mails: u64,
    /// Events of the audit log.
    pub audit_events: u64,
}
