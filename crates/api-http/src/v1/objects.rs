//! Objects that several endpoints show.

use rollcall_application::sessions::SignedIn;
use rollcall_domain::{OrganizationId, Role, SessionId, UserId, accounts::User, organizations::Organization};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// A person, as colleagues see them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserObject {
    #[schema(value_type = String, example = "user_01h455vb4pex5vsknk084sn02q")]
    pub(crate) id: UserId,
    #[schema(example = "grace@navy.example")]
    pub(crate) email: String,
    #[schema(example = "Grace Hopper")]
    pub(crate) name: String,
}

impl From<&User> for UserObject {
    fn from(user: &User) -> Self {
        Self { id: user.id, email: user.email.as_str().to_owned(), name: user.name.as_str().to_owned() }
    }
}

/// An organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Organization)]
pub(crate) struct OrganizationObject {
    #[schema(value_type = String, example = "org_01h455vb4pex5vsknk084sn02q")]
    id: OrganizationId,
    #[schema(example = "Acme Voice")]
    name: String,
    /// The name's form for URLs. It stays when the organization is renamed.
    #[schema(example = "acme-voice-7k3m9p")]
    slug: String,
    #[schema(example = "free")]
    plan: &'static str,
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = String)]
    created_at: OffsetDateTime,
}

impl From<&Organization> for OrganizationObject {
    fn from(organization: &Organization) -> Self {
        Self {
            id: organization.id,
            name: organization.name.as_str().to_owned(),
            slug: organization.slug.as_str().to_owned(),
            plan: organization.plan.as_str(),
            created_at: organization.created_at,
        }
    }
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionObject {
    #[schema(value_type = String, example = "sess_01h455vb4pex5vsknk084sn02q")]
    pub(crate) id: SessionId,
    /// The session's token, shown when it begins and null ever after.
    #[schema(example = "rcs_3x8h5c1vw0k9m2n7p4q6r8t1y3z5a7b9c2d4e6f8g0h2j4k6m8n1")]
    pub(crate) token: Option<String>,
    /// When the session ends, however much it is used.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-02-01T03:04:05Z", value_type = String)]
    pub(crate) expires_at: OffsetDateTime,
}

/// Somebody who has just been signed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignedIn)]
pub(crate) struct SignedInObject {
    session: SessionObject,
    user: UserObject,
    /// Where the session works; null for somebody who is in no organization.
    organization: Option<OrganizationObject>,
    /// The role there.
    #[schema(value_type = Option<String>, example = "owner")]
    role: Option<Role>,
}

impl From<SignedIn> for SignedInObject {
    fn from(signed_in: SignedIn) -> Self {
        Self {
            session: SessionObject {
                id: signed_in.session.id,
                token: Some(signed_in.token.expose().to_owned()),
                expires_at: signed_in.session.expires_at,
            },
            user: (&signed_in.user).into(),
            organization: signed_in.place.as_ref().map(|(organization, _)| organization.into()),
            role: signed_in.place.map(|(_, role)| role),
        }
    }
}
