use axum::extract::State;
use rollcall_application::{
    Error,
    second_factors::Presented,
    sessions::{self, Elevate},
};
use rollcall_domain::secret::{Password, Secret};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::super::passkeys::credential;
use crate::{api::Api, body::Json, credential::Enrollee, etag::Untagged, problem::Result};

/// A proof of identity: one of these.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ElevateRequest {
    #[schema(example = "correct horse battery staple")]
    password: Option<String>,
    /// Of the authenticator app, or a recovery code, which is used up.
    #[schema(example = "287082")]
    code: Option<String>,
    /// What `navigator.credentials.get` gives for `POST /v1/session/elevate/options`, as JSON.
    #[schema(value_type = Option<Object>)]
    credential: Option<Map<String, Value>>,
}

/// What somebody proves who they are with.
enum Shown {
    Known(Elevate),
    Passkey(Secret),
}

/// Until when the proof is fresh.
#[derive(Serialize, ToSchema)]
pub(super) struct ElevateAnswer {
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:14:05Z", value_type = String)]
    elevated_until: OffsetDateTime,
}

/// Proves the caller's identity again, for what is especially sensitive.
///
/// The proof is fresh for ten minutes.
#[utoipa::path(post, path = "/v1/session/elevate", tag = "Sign-up and sessions",
    security(("session" = []), ("cookie" = [])), request_body = ElevateRequest,
    responses((status = 200, description = "The proof is fresh", body = ElevateAnswer)))]
pub(super) async fn elevate_session(
    State(api): State<Api>,
    Enrollee(actor): Enrollee,
    _: Untagged,
    Json(request): Json<ElevateRequest>,
) -> Result<axum::Json<ElevateAnswer>> {
    let elevated_until = match shown(request)? {
        Shown::Known(proof) => sessions::elevate(&api.app, &actor, proof).await?,
        Shown::Passkey(credential) => sessions::elevate_with_passkey(&api.app, &actor, &credential).await?,
    };
    Ok(axum::Json(ElevateAnswer { elevated_until }))
}

fn shown(request: ElevateRequest) -> Result<Shown> {
    match (request.password, request.code, request.credential) {
        (Some(password), None, None) => {
            let password =
                Password::checked(&password).map_err(|problem| Error::invalid("password", problem))?;
            Ok(Shown::Known(Elevate::Password(password)))
        }
        (None, Some(code), None) => Ok(Shown::Known(Elevate::SecondFactor(Presented::typed(&code)))),
        (None, None, Some(answer)) => Ok(Shown::Passkey(credential(answer))),
        (None, None, None) => {
            Err(Error::invalid("password", "is missing, and so are code and credential: give one of them")
                .into())
        }
        (Some(_), Some(_), _) => {
            Err(Error::invalid("code", "must not be given together with password").into())
        }
        (_, _, Some(_)) => Err(Error::invalid("credential", "must not be given together with others").into()),
    }
}
