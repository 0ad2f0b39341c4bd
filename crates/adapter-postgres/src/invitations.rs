//! Invitations.

use async_trait::async_trait;
use rollcall_application::{
    Page, PageRequest,
    invitations::{Invitations, InvitationsView, ListedInvitation, MailsSent},
    ports::StoreError,
};
use rollcall_domain::{
    InvitationId, OrganizationId, Role, UserId,
    invitations::{Acceptance, Invitation, InvitationStatus},
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    bounds::GREATEST_ID,
    error::{exactly_one, store_error},
    row::{InvitationRow, count, moment, value},
    transaction::Transaction,
};

struct ListedRow {
    invitation_id: Uuid,
    email: String,
    role: String,
    state: String,
    invited_by: Option<Uuid>,
    created_at: OffsetDateTime,
    expires_at: OffsetDateTime,
    accepted_at: Option<OffsetDateTime>,
    version: i32,
    inviter_name: Option<String>,
}

impl TryFrom<ListedRow> for ListedInvitation {
    type Error = StoreError;

    fn try_from(row: ListedRow) -> Result<Self, StoreError> {
        let invitation = InvitationRow {
            invitation_id: row.invitation_id,
            email: row.email,
            role: row.role,
            state: row.state,
            invited_by: row.invited_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
            accepted_at: row.accepted_at,
            version: row.version,
        };
        Ok(Self { invitation: invitation.try_into()?, inviter_name: row.inviter_name })
    }
}

#[async_trait]
impl InvitationsView for Transaction {
    async fn invitation_find(
        &mut self,
        organization: OrganizationId,
        id: InvitationId,
    ) -> Result<Option<ListedInvitation>, StoreError> {
        let row = sqlx::query_as!(
            ListedRow,
            r#"SELECT i.invitation_id, i.email, i.role, i.state, i.invited_by, i.created_at, i.expires_at,
                      i.accepted_at, i.version, u.name AS "inviter_name?"
                 FROM invitations i LEFT JOIN users u ON u.user_id = i.invited_by
                WHERE i.org_id = $1 AND i.invitation_id = $2"#,
            organization.uuid(),
            id.uuid()
        );
        let row = row.fetch_optional(self.connection()).await.map_err(store_error)?;
        row.map(ListedInvitation::try_from).transpose()
    }

    async fn invitations_page(
        &mut self,
        organization: OrganizationId,
        status: Option<InvitationStatus>,
        now: OffsetDateTime,
        page: &PageRequest<InvitationId>,
    ) -> Result<Page<ListedInvitation, InvitationId>, StoreError> {
        let rows = sqlx::query_as!(
            ListedRow,
            r#"SELECT i.invitation_id, i.email, i.role, i.state, i.invited_by, i.created_at, i.expires_at,
                      i.accepted_at, i.version, u.name AS "inviter_name?"
                 FROM invitations i LEFT JOIN users u ON u.user_id = i.invited_by
                WHERE i.org_id = $1
                  AND i.invitation_id < $2
                  AND ($3::text IS NULL
                       OR $3 = CASE WHEN i.state = 'pending' AND i.expires_at <= $4 THEN 'expired' ELSE i.state END)
                ORDER BY i.invitation_id DESC
                LIMIT $5"#,
            organization.uuid(),
            page.after.map_or(GREATEST_ID, |after| after.uuid()),
            status.map(InvitationStatus::as_str),
            now,
            i64::from(page.limit) + 1,
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        let invitations = rows.into_iter().map(ListedInvitation::try_from).collect::<Result<_, _>>()?;
        Ok(Page::cut(invitations, page.limit, |listed: &ListedInvitation| listed.invitation.id))
    }

    async fn invitation_mails_since(
        &mut self,
        organization: OrganizationId,
        inviter: UserId,
        since: OffsetDateTime,
    ) -> Result<MailsSent, StoreError> {
        let row = sqlx::query!(
            r#"SELECT count(*) AS "by_organization!", count(*) FILTER (WHERE sender = $2) AS "by_inviter!",
                      min(created_at) AS first_by_organization,
                      min(created_at) FILTER (WHERE sender = $2) AS first_by_inviter
                 FROM mails WHERE org_id = $1 AND kind = 'invitation' AND created_at > $3"#,
            organization.uuid(),
            inviter.uuid(),
            since
        );
        let row = row.fetch_one(self.connection()).await.map_err(store_error)?;
        Ok(MailsSent {
            by_inviter: count(row.by_inviter)?,
            first_by_inviter: row.first_by_inviter.map(moment),
            by_organization: count(row.by_organization)?,
            first_by_organization: row.first_by_organization.map(moment),
        })
    }
}

#[async_trait]
impl Invitations for Transaction {
    async fn invitation_mails_lock(&mut self, organization: OrganizationId) -> Result<(), StoreError> {
        self.lock_named(&format!("rollcall.invitation_mails:{}", organization.uuid())).await
    }

    async fn invitation_lock(
        &mut self,
        organization: OrganizationId,
        id: InvitationId,
    ) -> Result<Option<Invitation>, StoreError> {
        let row = sqlx::query_as!(
            InvitationRow,
            "SELECT i.invitation_id, i.email, i.role, i.state, i.invited_by, i.created_at, i.expires_at, i.accepted_at,
                    i.version
               FROM invitations i JOIN organizations o ON o.org_id = i.org_id
              WHERE i.org_id = $1 AND i.invitation_id = $2 AND o.deleted_at IS NULL
                FOR UPDATE OF i FOR KEY SHARE OF o",
            organization.uuid(),
            id.uuid()
        );
        row.fetch_optional(self.connection())
            .await
            .map_err(store_error)?
            .map(Invitation::try_from)
            .transpose()
    }

    async fn invitation_add(
        &mut self,
        organization: OrganizationId,
        invitation: &Invitation,
    ) -> Result<(), StoreError> {
        // One that ran out makes room for it.
        let insert = sqlx::query!(
            "WITH room AS (
                 UPDATE invitations SET state = 'expired', token_hash = NULL, version = version + 1
                  WHERE org_id = $1 AND email_key = $4 AND state = 'pending' AND expires_at <= $8
              RETURNING 1)
             INSERT INTO invitations (org_id, invitation_id, email, email_key, role, state, invited_by, created_at,
                                      expires_at, version)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 FROM (SELECT count(*) FROM room) made",
            organization.uuid(),
            invitation.id.uuid(),
            invitation.email.as_str(),
            invitation.email.key(),
            invitation.role.as_str(),
            invitation.kept_status.as_str(),
            invitation.invited_by.map(|user| user.uuid()),
            invitation.created_at,
            invitation.expires_at,
            invitation.version,
        );
        insert.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }

    async fn invitation_renew(
        &mut self,
        organization: OrganizationId,
        id: InvitationId,
        now: OffsetDateTime,
        expires_at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let update = sqlx::query!(
            "UPDATE invitations SET expires_at = $3, token_hash = NULL, version = version + 1
              WHERE org_id = $1 AND invitation_id = $2",
            organization.uuid(),
            id.uuid(),
            expires_at,
        );
        exactly_one(update.execute(self.connection()).await)?;
        let supersede = sqlx::query!(
            "UPDATE mails SET state = 'moot', settled_at = $3 WHERE org_id = $1 AND subject = $2 AND state = 'queued'",
            organization.uuid(),
            id.uuid(),
            now,
        );
        supersede.execute(self.connection()).await.map_err(store_error)?;
        Ok(())
    }

    async fn invitation_revoke(
        &mut self,
        organization: OrganizationId,
        id: InvitationId,
    ) -> Result<(), StoreError> {
        let update = sqlx::query!(
            "UPDATE invitations SET state = 'revoked', token_hash = NULL, version = version + 1
              WHERE org_id = $1 AND invitation_id = $2",
            organization.uuid(),
            id.uuid(),
        );
        exactly_one(update.execute(self.connection()).await)
    }

    async fn invitations_lock_of(
        &mut self,
        organization: OrganizationId,
        inviter: UserId,
    ) -> Result<Vec<(InvitationId, Role)>, StoreError> {
        let rows = sqlx::query!(
            "SELECT invitation_id, role FROM invitations
              WHERE org_id = $1 AND invited_by = $2 AND state = 'pending'
              ORDER BY invitation_id
                FOR UPDATE",
            organization.uuid(),
            inviter.uuid(),
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(store_error)?;
        rows.into_iter()
            .map(|row| Ok((InvitationId::from_uuid(row.invitation_id), value(&row.role)?)))
            .collect()
    }

    async fn invitation_hand_over(
        &mut self,
        organization: OrganizationId,
        id: InvitationId,
        to: UserId,
    ) -> Result<(), StoreError> {
        let update = sqlx::query!(
            "UPDATE invitations SET invited_by = $3, version = version + 1 WHERE org_id = $1 AND invitation_id = $2",
            organization.uuid(),
            id.uuid(),
            to.uuid(),
        );
        exactly_one(update.execute(self.connection()).await)
    }

    async fn invitation_accept(
        &mut self,
        organization: OrganizationId,
        acceptance: &Acceptance,
    ) -> Result<(), StoreError> {
        let update = sqlx::query!(
            "UPDATE invitations SET state = 'accepted', accepted_at = $3, token_hash = NULL, version = version + 1
              WHERE org_id = $1 AND invitation_id = $2",
            organization.uuid(),
            acceptance.invitation().uuid(),
            acceptance.at(),
        );
        exactly_one(update.execute(self.connection()).await)
    }
}
