use axum::{extract::State, response::Response};
use http::HeaderMap;
use rollcall_domain::{PermissionSet, Role, sessions::ELEVATION};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::super::objects::{OrganizationObject, SessionObject, UserObject};
use crate::{api::Api, credential::Enrollee, etag::by_content};

/// Who is signed in, where, and what they may do there.
#[derive(Serialize, ToSchema)]
pub(super) struct CurrentSession {
    session: SessionObject,
    user: UserObject,
    /// Where the session works; null for somebody who is in no organization.
    organization: Option<OrganizationObject>,
    #[schema(value_type = Option<String>, example = "admin")]
    role: Option<Role>,
    #[schema(value_type = Vec<String>, example = json!(["organization:read", "team:read"]))]
    permissions: PermissionSet,
    /// When the person last proved who they are.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = String)]
    authenticated_at: OffsetDateTime,
    /// Until when that proof is fresh enough for what is especially sensitive; null when it is not.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = "2026-01-02T03:14:05Z", value_type = Option<String>)]
    elevated_until: Option<OffsetDateTime>,
    /// Whether a second factor has to be set up before anything else, but leaving, can be done here. There are no permissions
    /// until then.
    mfa_enrolment_required: bool,
    /// By when the organization asks for one; null for whoever has one, or needs none.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = "2026-01-09T03:04:05Z", value_type = Option<String>)]
    mfa_deadline_at: Option<OffsetDateTime>,
}

/// Shows who is signed in, where, and what they may do there.
#[utoipa::path(get, path = "/v1/session", tag = "Sign-up and sessions",
    responses((status = 200, description = "The session", body = CurrentSession, headers(("ETag" = String)))))]
pub(super) async fn show_session(
    State(api): State<Api>,
    Enrollee(actor): Enrollee,
    headers: HeaderMap,
) -> Response {
    let session = &actor.session;
    let elevated_until = session.authenticated_at + ELEVATION;
    let shown = CurrentSession {
        session: SessionObject { id: session.id, token: None, expires_at: session.expires_at },
        user: (&actor.user).into(),
        organization: actor.place.as_ref().map(|(organization, _)| organization.into()),
        role: actor.place.as_ref().map(|(_, role)| *role),
        permissions: actor.grant().permissions(),
        authenticated_at: session.authenticated_at,
        elevated_until: Some(elevated_until).filter(|_| actor.require_elevation(api.app.now()).is_ok()),
        mfa_enrolment_required: actor.must_enrol(),
        mfa_deadline_at: actor.mfa_deadline.map(|deadline| deadline.at),
    };
    by_content(&headers, &shown)
}
