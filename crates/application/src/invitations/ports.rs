//! What is kept of invitations.

use async_trait::async_trait;
use rollcall_domain::{
    InvitationId, OrganizationId, Role, UserId,
    invitations::{Acceptance, Invitation, InvitationStatus},
};
use time::OffsetDateTime;

use crate::{Page, PageRequest, ports::StoreError};

/// An invitation as the team sees it.
#[derive(Debug, Clone)]
pub struct ListedInvitation {
    /// The invitation.
    pub invitation: Invitation,
    /// The name of the member who stands behind it, if there still is one.
    pub inviter_name: Option<String>,
}

/// How many invitation mails have been sent on request, and when the first of them was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MailsSent {
    /// By one member.
    pub by_inviter: u32,
    /// The first of those.
    pub first_by_inviter: Option<OffsetDateTime>,
    /// By the whole organization.
    pub by_organization: u32,
    /// The first of those.
    pub first_by_organization: Option<OffsetDateTime>,
}

/// Reads the invitations of the scope's organization.
#[async_trait]
pub trait InvitationsView {
    /// An invitation.
    async fn invitation_find(
        &mut self,
        organization: OrganizationId,
        id: InvitationId,
    ) -> Result<Option<ListedInvitation>, StoreError>;

    /// A page of the invitations that are in a status at `now`, or of all of them; the newest first.
    async fn invitations_page(
        &mut self,
        organization: OrganizationId,
        status: Option<InvitationStatus>,
        now: OffsetDateTime,
        page: &PageRequest<InvitationId>,
    ) -> Result<Page<ListedInvitation, InvitationId>, StoreError>;

    /// How many invitation mails a member, and the organization, have caused since a moment.
    async fn invitation_mails_since(
        &mut self,
        organization: OrganizationId,
        inviter: UserId,
        since: OffsetDateTime,
    ) -> Result<MailsSent, StoreError>;
}

/// Changes the invitations of the scope's organization.
#[async_trait]
pub trait Invitations {
    /// Waits until nobody else of the organization causes an invitation mail, and keeps others waiting until the end of the transaction.
    /// Taken before it is counted how many there were, and before an invitation is locked: whoever adds one may have to wait for it.
    async fn invitation_mails_lock(&mut self, organization: OrganizationId) -> Result<(), StoreError>;

    /// An invitation, locked until the end of the transaction; none in an organization that is deleted, which does not
    /// happen before then either.
    async fn invitation_lock(
        &mut self,
        organization: OrganizationId,
        id: InvitationId,
    ) -> Result<Option<Invitation>, StoreError>;

    /// Adds an invitation. It has no token until its mail is rendered. An earlier one for the same address
    /// that has run out by `invitation.created_at` makes room for it.
    ///
    /// # Errors
    /// [`StoreError::InvitationPending`].
    async fn invitation_add(
        &mut self,
        organization: OrganizationId,
        invitation: &Invitation,
    ) -> Result<(), StoreError>;

    /// Opens an invitation anew until `expires_at`; the token it had is worth nothing from then on, and a mail that
    /// still waits to bring it one does not go out.
    async fn invitation_renew(
        &mut self,
        organization: OrganizationId,
        id: InvitationId,
        now: OffsetDateTime,
        expires_at: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// Takes an invitation back; its token is worth nothing from then on.
    async fn invitation_revoke(
        &mut self,
        organization: OrganizationId,
        id: InvitationId,
    ) -> Result<(), StoreError>;

    /// The open invitations that a member stands behind, and the roles they offer, locked until the end of the transaction.
    async fn invitations_lock_of(
        &mut self,
        organization: OrganizationId,
        inviter: UserId,
    ) -> Result<Vec<(InvitationId, Role)>, StoreError>;

    /// Puts another member behind an invitation.
    async fn invitation_hand_over(
        &mut self,
        organization: OrganizationId,
        id: InvitationId,
        to: UserId,
    ) -> Result<(), StoreError>;

    /// Notes that an invitation has been accepted; its token is worth nothing from then on.
    async fn invitation_accept(
        &mut self,
        organization: OrganizationId,
        acceptance: &Acceptance,
    ) -> Result<(), StoreError>;
}
