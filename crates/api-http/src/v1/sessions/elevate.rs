use axum::extract::State;
use rollcall_application::sessions::{self, Elevate};
use rollcall_domain::secret::Password;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{
    api::Api,
    body::{Fields, Json},
    credential::Enrollee,
    problem::Result,
};

/// A proof of who one is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ElevateRequest {
    #[schema(example = "correct horse battery staple")]
    password: String,
}

/// Until when the proof is fresh.
#[derive(Serialize, ToSchema)]
pub(super) struct ElevateAnswer {
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:14:05Z", value_type = String)]
    elevated_until: OffsetDateTime,
}

/// Proves once more who one is, for what is especially sensitive. The proof is fresh for ten minutes.
#[utoipa::path(post, path = "/v1/session/elevate", tag = "Sign-up and sessions",
    security(("session" = []), ("cookie" = [])), request_body = ElevateRequest,
    responses((status = 200, description = "The proof is fresh", body = ElevateAnswer)))]
pub(super) async fn elevate_session(
    State(api): State<Api>,
    Enrollee(actor): Enrollee,
    Json(request): Json<ElevateRequest>,
) -> Result<axum::Json<ElevateAnswer>> {
    let mut fields = Fields::default();
    let Some(password) = fields.check("password", Password::checked(&request.password)) else {
        return Err(fields.into_error().into());
    };
    let elevated_until = sessions::elevate(&api.app, &actor, Elevate { password }).await?;
    Ok(axum::Json(ElevateAnswer { elevated_until }))
}
