use axum::{extract::State, response::Response};
use rollcall_application::accounts::{self, Update};
use serde::Deserialize;
use utoipa::ToSchema;

use super::show::Me;
use crate::{
    api::Api,
    body::{Fields, Json, given},
    credential::Caller,
    etag::{IfMatch, IfNoneMatch, versioned},
    problem::Result,
};

/// What is to be changed; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateMeRequest {
    /// 1 to 100 characters.
    #[schema(example = "Grace B. Hopper")]
    #[serde(default, deserialize_with = "given")]
    name: Option<String>,
    /// A language tag (RFC 5646).
    #[schema(example = "en")]
    #[serde(default, deserialize_with = "given")]
    locale: Option<String>,
    /// The name of a zone in the IANA time zone database.
    #[schema(example = "America/New_York")]
    #[serde(default, deserialize_with = "given")]
    time_zone: Option<String>,
}

/// Changes the caller's account.
#[utoipa::path(patch, path = "/v1/me", tag = "Own account", request_body = UpdateMeRequest,
    responses((status = 200, description = "The account as it is now", body = Me, headers(("ETag" = String)))))]
pub(super) async fn update_me(
    State(api): State<Api>,
    Caller(actor): Caller,
    if_match: IfMatch,
    Json(request): Json<UpdateMeRequest>,
) -> Result<Response> {
    let mut fields = Fields::default();
    let name = fields.parse_if_given("name", request.name.as_deref());
    let locale = fields.parse_if_given("locale", request.locale.as_deref());
    let time_zone = fields.parse_if_given("time_zone", request.time_zone.as_deref());
    fields.result()?;
    let precondition = if_match.precondition(actor.user_id());
    let user = accounts::update(&api.app, &actor, Update { name, locale, time_zone, precondition }).await?;
    Ok(versioned(user.id, user.version, &IfNoneMatch::default(), &Me::from(&user)))
}
