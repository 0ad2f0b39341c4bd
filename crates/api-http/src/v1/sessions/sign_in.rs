use axum::extract::State;
use http::StatusCode;
use rollcall_application::sessions::{self, SignIn};
use rollcall_domain::{OrganizationId, secret::Password};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::objects::SignedInObject;
use crate::{
    api::Api,
    body::{Fields, Json},
    client::Client,
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

/// Signs in. An unknown address and a wrong password are answered alike.
#[utoipa::path(post, path = "/v1/sessions", tag = "Sign-up and sessions", security(()), request_body = SignInRequest,
    responses((status = 201, description = "Signed in", body = SignInAnswer)))]
pub(super) async fn sign_in(
    State(api): State<Api>,
    client: Client,
    Json(request): Json<SignInRequest>,
) -> Result<(StatusCode, axum::Json<SignInAnswer>)> {
    let mut fields = Fields::default();
    let email = fields.parse("email", &request.email);
    let password = fields.check("password", Password::checked(&request.password));
    let (Some(email), Some(password)) = (email, password) else { return Err(fields.into_error().into()) };
    // An id of another kind names nothing that exists, just as this one does; whether that is told comes later.
    let nothing = || OrganizationId::from_parts(0, &[0; 10]);
    let organization = request.organization_id.map(|id| id.parse().unwrap_or_else(|_| nothing()));
    let signed_in =
        sessions::sign_in(&api.app, &client.origin(), SignIn { email, password, organization }).await?;
    Ok((
        StatusCode::CREATED,
        axum::Json(SignInAnswer { status: "authenticated", signed_in: signed_in.into() }),
    ))
}
