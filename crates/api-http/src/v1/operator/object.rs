use rollcall_application::operator::Tenant;
use rollcall_domain::OrganizationId;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::super::objects::OrganizationObject;

/// An organization, as the platform's staff see it: nothing of what is in it.
#[derive(Serialize, ToSchema)]
#[schema(as = OperatedOrganization)]
pub(super) struct TenantObject {
    #[serde(flatten)]
    organization: OrganizationObject,
    /// `active`, `suspended` or `deleted`.
    #[schema(example = "active")]
    status: &'static str,
    /// Since when it is suspended.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = json!(null), value_type = Option<String>)]
    suspended_at: Option<OffsetDateTime>,
    /// When it was deleted.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = json!(null), value_type = Option<String>)]
    deleted_at: Option<OffsetDateTime>,
    /// When everything of it is removed, unless it is restored before.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = json!(null), value_type = Option<String>)]
    purge_at: Option<OffsetDateTime>,
}

impl From<Tenant> for TenantObject {
    fn from(Tenant { organization, suspended_at, deleted_at, purge_at }: Tenant) -> Self {
        let status = match (deleted_at, suspended_at) {
            (Some(_), _) => "deleted",
            (None, Some(_)) => "suspended",
            (None, None) => "active",
        };
        Self { organization: (&organization).into(), status, suspended_at, deleted_at, purge_at }
    }
}

/// What an organization is called in entity tags, as the platform's staff see it.
pub(super) fn tag_name(id: OrganizationId) -> String {
    format!("{id}.tenant")
}
