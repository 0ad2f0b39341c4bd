use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};
use rollcall_application::{
    Error, FieldError,
    invitations::{self, Accept, NewAccount},
};
use rollcall_domain::secret::{Password, Secret};
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::objects::SignedInObject;
use crate::{
    api::Api,
    body::{Fields, Json},
    client::Client,
    credential::Caller,
    device_cookie::DeviceTokens,
    problem::Result,
};

/// The token from the mail; and for an address without an account, what one is made of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AcceptInvitationRequest {
    /// From the link in the mail.
    #[schema(example = "3x8h5c1vw0k9m2n7p4q6r8t1y3z5a7b9c2d4e6f8g0h2j4k6m8n1")]
    token: String,
    /// 1 to 100 characters.
    #[schema(example = "Ada Lovelace")]
    name: Option<String>,
    /// 15 to 1,000 characters of any kind.
    #[schema(example = "correct horse battery staple")]
    password: Option<String>,
}

/// Accepts an invitation and signs in to its organization.
///
/// Whoever already has an account must be signed in to it.
#[utoipa::path(post, path = "/v1/invitations/accept", tag = "Invitations", security((), ("session" = [])),
    request_body = AcceptInvitationRequest,
    responses((status = 201, description = "Accepted and signed in", body = SignedInObject)))]
pub(super) async fn accept_invitation(
    State(api): State<Api>,
    caller: Option<Caller>,
    client: Client,
    headers: HeaderMap,
    Json(request): Json<AcceptInvitationRequest>,
) -> Result<Response> {
    let mut fields = Fields::default();
    let name = fields.parse_if_given("name", request.name.as_deref());
    let password = request.password.as_deref().map(Password::chosen);
    let password = password.and_then(|password| fields.check("password", password));
    fields.result()?;
    let new_account = match (name, password) {
        (Some(name), Some(password)) => Some(NewAccount { name, password }),
        (None, None) => None,
        (None, Some(_)) => return Err(missing("name").into()),
        (Some(_), None) => return Err(missing("password").into()),
    };
    let actor = caller.as_ref().map(|Caller(actor)| actor);
    let command = Accept { token: Secret::new(request.token), new_account };
    let signed_in = invitations::accept(&api.app, actor, &client.origin(), command).await?;
    let cookie = api.settings.cookie;
    let device = DeviceTokens::of(&headers, cookie).given(&signed_in, cookie);
    Ok((StatusCode::CREATED, device, axum::Json(SignedInObject::from(signed_in))).into_response())
}

fn missing(field: &str) -> Error {
    Error::Invalid(vec![FieldError::new(field, "is needed for a new account")])
}
