use axum::extract::State;
use rollcall_application::{PageRequest, operator};

use super::object::TenantObject;
use crate::{
    api::Api,
    cursor::{List, PageOf, PageQuery},
    operator_token::Operator,
    problem::Result,
    query::Query,
};

/// Lists all organizations, including deleted ones, newest first.
#[utoipa::path(get, path = "/operator/v1/organizations", tag = "Operator", params(PageQuery), security(("operator" = [])),
    responses((status = 200, description = "A page of organizations", body = PageOf<TenantObject>)))]
pub(super) async fn list_organizations(
    State(api): State<Api>,
    _: Operator,
    Query(query): Query<PageQuery>,
) -> Result<PageOf<TenantObject>> {
    let list = List::of_operator(&api, "operator.organizations");
    let page = PageRequest { limit: query.limit.0, after: list.read(query.cursor.as_deref())? };
    let page = operator::list(&api.app, &page).await?;
    Ok(PageOf {
        data: page.entries.into_iter().map(TenantObject::from).collect(),
        next_cursor: list.write(page.next),
    })
}
