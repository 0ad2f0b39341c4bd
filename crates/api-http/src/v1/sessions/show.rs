use axum::{extract::State, response::Response};
use rollcall_application::{Actor, KeyActor, Principal};
use rollcall_domain::{ApiKeyId, PermissionSet, Role, sessions::ELEVATION};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::super::objects::{OrganizationObject, SessionObject, UserObject};
use crate::{
    api::Api,
    credential::Anybody,
    etag::{IfNoneMatch, by_content},
};

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

/// Which API key is at work, where, and what it may do there.
#[derive(Serialize, ToSchema)]
pub(super) struct CurrentKey {
    /// A key needs none.
    session: Option<SessionObject>,
    api_key: KeyAtWork,
    organization: OrganizationObject,
    /// A key has none.
    #[schema(value_type = Option<String>)]
    role: Option<Role>,
    /// The scopes of the key.
    #[schema(value_type = Vec<String>, example = json!(["calls:read", "calls:write"]))]
    permissions: PermissionSet,
    /// Nobody proves who they are by a key.
    authenticated_at: Option<String>,
    /// Nor can they.
    elevated_until: Option<String>,
}

/// The key itself.
#[derive(Serialize, ToSchema)]
pub(super) struct KeyAtWork {
    #[schema(value_type = String, example = "key_01h455vb4pex5vsknk084sn02q")]
    id: ApiKeyId,
    #[schema(example = "Call importer")]
    name: String,
    #[schema(example = "rck_0Gk3wQ9xLm2T")]
    prefix: String,
    #[schema(value_type = Vec<String>, example = json!(["calls:read", "calls:write"]))]
    scopes: PermissionSet,
    /// When it expires; null when it does not.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = "2027-01-02T03:04:05Z", value_type = Option<String>)]
    expires_at: Option<OffsetDateTime>,
}

/// A person, or an API key.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Current {
    Person(CurrentSession),
    Key(CurrentKey),
}

/// Shows who is signed in, or which API key is used, in which organization and with which permissions.
#[utoipa::path(get, path = "/v1/session", tag = "Sign-up and sessions",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])),
    responses((status = 200, description = "The session", body = Current, headers(("ETag" = String)))))]
pub(super) async fn show_session(
    State(api): State<Api>,
    Anybody(principal): Anybody,
    known: IfNoneMatch,
) -> Response {
    let shown = match &principal {
        Principal::Person(actor) => Current::Person(person(&api, actor)),
        Principal::Key(key) => Current::Key(program(key)),
    };
    by_content(&known, &shown)
}

pub(super) fn person(api: &Api, actor: &Actor) -> CurrentSession {
    let session = &actor.session;
    let elevated_until = session.authenticated_at + ELEVATION;
    CurrentSession {
        session: SessionObject { id: session.id, token: None, expires_at: session.expires_at },
        user: (&*actor.user).into(),
        organization: actor.place.as_ref().map(|(organization, _)| (&**organization).into()),
        role: actor.place.as_ref().map(|(_, role)| *role),
        permissions: actor.grant().permissions(),
        authenticated_at: session.authenticated_at,
        elevated_until: Some(elevated_until).filter(|_| actor.require_elevation(api.app.now()).is_ok()),
        mfa_enrolment_required: actor.must_enrol(),
        mfa_deadline_at: actor.mfa_deadline.map(|deadline| deadline.at),
    }
}

fn program(KeyActor { key, organization, .. }: &KeyActor) -> CurrentKey {
    CurrentKey {
        session: None,
        api_key: KeyAtWork {
            id: key.id,
            name: key.name.to_string(),
            prefix: key.prefix.to_string(),
            scopes: key.scopes.permissions(),
            expires_at: key.expires_at,
        },
        organization: (&**organization).into(),
        role: None,
        permissions: key.scopes.permissions(),
        authenticated_at: None,
        elevated_until: None,
    }
}
