use axum::extract::State;
use rollcall_application::{PageRequest, api_keys};
use rollcall_domain::Permission;

use super::object::ApiKeyObject;
use crate::{
    api::Api,
    credential::Caller,
    cursor::{List, PageOf, PageQuery},
    problem::Result,
    query::Query,
};

/// Lists the API keys, including expired and revoked ones, newest first.
#[utoipa::path(get, path = "/v1/api-keys", tag = "API keys", params(PageQuery),
    responses((status = 200, description = "A page of keys", body = PageOf<ApiKeyObject>)))]
pub(super) async fn list_api_keys(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::ApiKeysRead as u8 }>,
    Query(query): Query<PageQuery>,
) -> Result<PageOf<ApiKeyObject>> {
    let list = List::new(&api, &actor, "api_keys", &());
    let page = PageRequest { limit: query.limit.0, after: list.read(query.cursor.as_deref())? };
    let page = api_keys::list(&api.app, &actor, &page).await?;
    Ok(PageOf {
        data: page.entries.into_iter().map(ApiKeyObject::from).collect(),
        next_cursor: list.write(page.next),
    })
}
