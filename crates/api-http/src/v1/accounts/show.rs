use axum::response::Response;
use rollcall_domain::{UserId, accounts::User};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{
    credential::Enrollee,
    etag::{IfNoneMatch, versioned},
};

/// One's own account.
#[derive(Serialize, ToSchema)]
pub(super) struct Me {
    #[schema(value_type = String, example = "user_01h455vb4pex5vsknk084sn02q")]
    id: UserId,
    #[schema(example = "grace@navy.example")]
    email: String,
    #[schema(example = "Grace Hopper")]
    name: String,
    /// A language tag (RFC 5646).
    #[schema(example = "en")]
    locale: String,
    /// The name of a zone in the IANA time zone database.
    #[schema(example = "America/New_York")]
    time_zone: String,
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:04:05Z", value_type = String)]
    created_at: OffsetDateTime,
    /// Whether a second factor is on.
    mfa_enabled: bool,
}

impl From<&User> for Me {
    fn from(user: &User) -> Self {
        Self {
            id: user.id,
            email: user.email.to_string(),
            name: user.name.to_string(),
            locale: user.locale.to_string(),
            time_zone: user.time_zone.to_string(),
            created_at: user.created_at,
            mfa_enabled: user.mfa_enabled,
        }
    }
}

/// Shows the caller's account.
#[utoipa::path(get, path = "/v1/me", tag = "Own account",
    responses((status = 200, description = "The account", body = Me, headers(("ETag" = String)))))]
pub(super) async fn show_me(Enrollee(actor): Enrollee, known: IfNoneMatch) -> Response {
    versioned(actor.user.id, actor.user.version, &known, &Me::from(&*actor.user))
}
