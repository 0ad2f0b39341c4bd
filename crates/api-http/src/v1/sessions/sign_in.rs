use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};
use rollcall_application::sessions::{self, Admitted, Challenge, SignIn, SignedIn};
use rollcall_domain::{OrganizationId, second_factors::Method, secret::Password};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::super::objects::SignedInObject;
use crate::{
    api::Api,
    body::{Fields, Json},
    client::Client,
    device_cookie::DeviceTokens,
    problem::Result,
};

/// What somebody signs in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignInRequest {
    #[schema(example = "grace@navy.example")]
    email: String,
    #[schema(example = "correct horse battery staple")]
    password: String,
    /// The organization to work in; the one used last if left out.
    #[schema(example = "org_01h455vb4pex5vsknk084sn02q")]
    organization_id: Option<String>,
}

/// Somebody is signed in.
#[derive(Serialize, ToSchema)]
pub(super) struct SignInAnswer {
    #[schema(example = "authenticated")]
    status: &'static str,
    #[serde(flatten)]
    signed_in: SignedInObject,
}

impl From<SignedIn> for SignInAnswer {
    fn from(signed_in: SignedIn) -> Self {
        Self { status: "authenticated", signed_in: signed_in.into() }
    }
}

/// The password is right, and a second factor is asked for.
#[derive(Serialize, ToSchema)]
pub(super) struct ChallengeAnswer {
    #[schema(example = "mfa_required")]
    status: &'static str,
    /// Names the attempt in `POST /v1/sessions/mfa`, and is good for nothing else.
    #[schema(example = "rcm_3x8h5c1vw0k9m2n7p4q6r8t1y3z5a7b9c2d4e6f8g0h2j4k6m8n1")]
    challenge: String,
    /// What the account can be asked for.
    #[schema(example = json!(["totp", "recovery_code"]))]
    methods: Vec<&'static str>,
    /// Until when.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:09:05Z", value_type = String)]
    expires_at: OffsetDateTime,
}

impl From<Challenge> for ChallengeAnswer {
    fn from(challenge: Challenge) -> Self {
        Self {
            status: "mfa_required",
            challenge: challenge.token.expose().to_owned(),
            methods: challenge.methods.into_iter().map(Method::as_str).collect(),
            expires_at: challenge.expires_at,
        }
    }
}

/// Signs in with an email address and a password.
///
/// An unknown address and a wrong password are answered alike, and too many of them 429. The answer sets a cookie that identifies
/// the device: password guessing elsewhere then does not use up the attempts of this device.
///
/// Where a second factor is on, the right password alone creates no session: the answer is 200 with a challenge for `POST
/// /v1/sessions/mfa`.
#[utoipa::path(post, path = "/v1/sessions", tag = "Sign-up and sessions", security(()), request_body = SignInRequest,
    responses((status = 201, description = "Signed in", body = SignInAnswer),
        (status = 200, description = "A second factor is asked for", body = ChallengeAnswer)))]
pub(super) async fn sign_in(
    State(api): State<Api>,
    client: Client,
    headers: HeaderMap,
    Json(request): Json<SignInRequest>,
) -> Result<Response> {
    let mut fields = Fields::default();
    let email = fields.parse("email", &request.email);
    let password = fields.check("password", Password::checked(&request.password));
    let (Some(email), Some(password)) = (email, password) else { return Err(fields.into_error().into()) };
    let organization = wanted(request.organization_id);
    let cookie = api.settings.cookie;
    let known = DeviceTokens::of(&headers, cookie);
    let command = SignIn { email, password, organization, devices: known.0.clone() };
    match sessions::sign_in(&api.app, &client.origin(), command).await? {
        Admitted::SignedIn(signed_in) => {
            let device = known.given(&signed_in, cookie);
            Ok((StatusCode::CREATED, device, axum::Json(SignInAnswer::from(*signed_in))).into_response())
        }
        Admitted::Challenged(challenge) => Ok(axum::Json(ChallengeAnswer::from(challenge)).into_response()),
    }
}

/// Where somebody wants to work. An id of another kind names nothing that exists, just as the one given for it does; whether that is
/// told comes later.
pub(super) fn wanted(organization: Option<String>) -> Option<OrganizationId> {
    organization.map(|id| id.parse().unwrap_or_else(|_| OrganizationId::from_parts(0, &[0; 10])))
}
