use axum::{extract::State, response::Response};
use rollcall_application::api_keys::{self, DayOfUse};
use rollcall_domain::Permission;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::Api,
    credential::Caller,
    etag::{IfNoneMatch, by_content},
    id_path::IdPath,
    problem::Result,
};

/// How much an API key was used, by day.
#[derive(Serialize, ToSchema)]
pub(super) struct ApiKeyUse {
    /// The last 30 days, the earliest first, today the last.
    days: Vec<DayObject>,
}

/// How much an API key was used on a day.
#[derive(Serialize, ToSchema)]
#[schema(as = DayOfUse)]
struct DayObject {
    /// The day, by UTC.
    #[schema(example = "2026-01-02")]
    day: String,
    /// How many requests let the key in; up to some seconds are missing.
    #[schema(example = 17)]
    calls: u64,
}

impl From<DayOfUse> for DayObject {
    fn from(DayOfUse { day, calls }: DayOfUse) -> Self {
        Self { day: day.to_string(), calls }
    }
}

/// Shows how often an API key was used on each of the last 30 days.
///
/// The numbers are for orientation, not for billing: a node that crashes loses a few seconds of them.
#[utoipa::path(get, path = "/v1/api-keys/{api_key_id}/use", tag = "API keys",
    params(("api_key_id" = String, Path, example = "key_01h455vb4pex5vsknk084sn02q")),
    responses((status = 200, description = "The days", body = ApiKeyUse, headers(("ETag" = String)))))]
pub(super) async fn show_api_key_use(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::ApiKeysRead as u8 }>,
    IdPath(id): IdPath<rollcall_domain::id::ApiKey>,
    known: IfNoneMatch,
) -> Result<Response> {
    let days = api_keys::days_of_use(&api.app, &actor, id).await?;
    Ok(by_content(&known, &ApiKeyUse { days: days.into_iter().map(DayObject::from).collect() }))
}
