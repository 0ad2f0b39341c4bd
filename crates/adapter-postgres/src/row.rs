//! From columns to values of the domain.

use std::{fmt::Display, str::FromStr, sync::Arc};

use rollcall_application::ports::{OpenSession, StoreError};
use rollcall_domain::{
    OrganizationId, Role, SessionId, UserId, accounts::User, invitations::Invitation,
    organizations::Organization, security::Deadline, sessions::Session,
};
use time::{OffsetDateTime, UtcOffset};
use uuid::Uuid;

use crate::error::corrupt;

/// The status of an account that the platform's operator has suspended.
pub(crate) const SUSPENDED: &str = "suspended";

/// A text that was a value when it was written.
pub(crate) fn value<T: FromStr<Err: Display>>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(corrupt)
}

/// A count.
pub(crate) fn count<T: TryFrom<i64, Error: Display>>(number: i64) -> Result<T, StoreError> {
    T::try_from(number).map_err(corrupt)
}

/// A moment, in UTC whatever zone the connection has.
pub(crate) fn moment(at: OffsetDateTime) -> OffsetDateTime {
    at.to_offset(UtcOffset::UTC)
}

/// The columns of an account.
pub(crate) struct UserRow {
    pub(crate) user_id: Uuid,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) locale: String,
    pub(crate) time_zone: String,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) mfa_enabled: bool,
    pub(crate) version: i32,
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: UserId::from_uuid(row.user_id),
            email: value(&row.email)?,
            name: value(&row.name)?,
            locale: value(&row.locale)?,
            time_zone: value(&row.time_zone)?,
            created_at: moment(row.created_at),
            mfa_enabled: row.mfa_enabled,
            version: row.version,
        })
    }
}

/// The columns of an organization.
pub(crate) struct OrganizationRow {
    pub(crate) org_id: Uuid,
    pub(crate) name: String,
    pub(crate) slug: String,
    pub(crate) plan: String,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) suspended: bool,
    pub(crate) version: i32,
}

impl TryFrom<OrganizationRow> for Organization {
    type Error = StoreError;

    fn try_from(row: OrganizationRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: OrganizationId::from_uuid(row.org_id),
            name: value(&row.name)?,
            slug: value(&row.slug)?,
            plan: value(&row.plan)?,
            created_at: moment(row.created_at),
            suspended: row.suspended,
            version: row.version,
        })
    }
}

/// The columns of a seat: an organization, and somebody's role in it.
pub(crate) struct SeatRow {
    pub(crate) org_id: Uuid,
    pub(crate) name: String,
    pub(crate) slug: String,
    pub(crate) plan: String,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) suspended: bool,
    pub(crate) version: i32,
    pub(crate) role: String,
}

impl TryFrom<SeatRow> for (Organization, Role) {
    type Error = StoreError;

    fn try_from(
        SeatRow { org_id, name, slug, plan, created_at, suspended, version, role }: SeatRow,
    ) -> Result<Self, StoreError> {
        let organization = OrganizationRow { org_id, name, slug, plan, created_at, suspended, version };
        Ok((organization.try_into()?, value(&role)?))
    }
}

/// The columns of a session with everything that answering a request in it needs.
pub(crate) struct OpenSessionRow {
    pub(crate) session_id: Uuid,
    pub(crate) authenticated_at: OffsetDateTime,
    pub(crate) last_seen_at: OffsetDateTime,
    pub(crate) expires_at: OffsetDateTime,
    pub(crate) user_id: Uuid,
    pub(crate) email: String,
    pub(crate) user_name: String,
    pub(crate) locale: String,
    pub(crate) time_zone: String,
    pub(crate) status: String,
    pub(crate) user_created_at: OffsetDateTime,
    pub(crate) mfa_enabled: bool,
    pub(crate) user_version: i32,
    pub(crate) org_id: Option<Uuid>,
    pub(crate) org_name: Option<String>,
    pub(crate) slug: Option<String>,
    pub(crate) plan: Option<String>,
    pub(crate) org_created_at: Option<OffsetDateTime>,
    pub(crate) org_suspended: Option<bool>,
    pub(crate) org_version: Option<i32>,
    pub(crate) role: Option<String>,
    pub(crate) mfa_deadline_at: Option<OffsetDateTime>,
    pub(crate) mfa_as_of: OffsetDateTime,
}

impl TryFrom<OpenSessionRow> for OpenSession {
    type Error = StoreError;

    fn try_from(row: OpenSessionRow) -> Result<Self, StoreError> {
        let user = UserRow {
            user_id: row.user_id,
            email: row.email,
            name: row.user_name,
            locale: row.locale,
            time_zone: row.time_zone,
            created_at: row.user_created_at,
            mfa_enabled: row.mfa_enabled,
            version: row.user_version,
        };
        let seat = match row.org_id {
            None => None,
            Some(org_id) => {
                let seat = SeatRow {
                    org_id,
                    name: there(row.org_name)?,
                    slug: there(row.slug)?,
                    plan: there(row.plan)?,
                    created_at: there(row.org_created_at)?,
                    suspended: there(row.org_suspended)?,
                    version: there(row.org_version)?,
                    role: there(row.role)?,
                };
                let (organization, role): (Organization, Role) = seat.try_into()?;
                Some((Arc::new(organization), role))
            }
        };
        Ok(Self {
            session: Session {
                id: SessionId::from_uuid(row.session_id),
                user: UserId::from_uuid(row.user_id),
                organization: row.org_id.map(OrganizationId::from_uuid),
                authenticated_at: moment(row.authenticated_at),
                last_seen_at: moment(row.last_seen_at),
                expires_at: moment(row.expires_at),
            },
            user: Arc::new(user.try_into()?),
            suspended: row.status == SUSPENDED,
            seat,
            mfa_deadline: row.mfa_deadline_at.map(|at| Deadline { at: moment(at), left: at - row.mfa_as_of }),
        })
    }
}

/// A column that is there whenever the organization is.
fn there<T>(column: Option<T>) -> Result<T, StoreError> {
    column.ok_or_else(|| corrupt("an organization lacks a column"))
}

/// The columns of an invitation.
pub(crate) struct InvitationRow {
    pub(crate) invitation_id: Uuid,
    pub(crate) email: String,
    pub(crate) role: String,
    pub(crate) state: String,
    pub(crate) invited_by: Option<Uuid>,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) expires_at: OffsetDateTime,
    pub(crate) accepted_at: Option<OffsetDateTime>,
    pub(crate) version: i32,
}

impl TryFrom<InvitationRow> for Invitation {
    type Error = StoreError;

    fn try_from(row: InvitationRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: rollcall_domain::InvitationId::from_uuid(row.invitation_id),
            email: value(&row.email)?,
            role: value(&row.role)?,
            kept_status: value(&row.state)?,
            invited_by: row.invited_by.map(UserId::from_uuid),
            created_at: moment(row.created_at),
            expires_at: moment(row.expires_at),
            accepted_at: row.accepted_at.map(moment),
            version: row.version,
        })
    }
}
