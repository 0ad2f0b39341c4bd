use axum::extract::State;
use rollcall_application::{PageRequest, availability};
use rollcall_domain::{Permission, UserId};
use serde::{Deserialize, Serialize};

use super::object::AgentObject;
use crate::{
    api::Api,
    credential::AnyCaller,
    cursor::{List, PageOf, PageQuery},
    problem::Result,
    query::Query,
};

/// Where a page begins.
#[derive(Serialize, Deserialize)]
struct Key(UserId);

/// Lists the human agents: everybody whose role can take calls, oldest accounts first.
#[utoipa::path(get, path = "/v1/availability", tag = "Escalations",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])), params(PageQuery),
    responses((status = 200, description = "A page of agents", body = PageOf<AgentObject>)))]
pub(super) async fn list_agents(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller<{ Permission::AvailabilityRead as u8 }>,
    Query(query): Query<PageQuery>,
) -> Result<PageOf<AgentObject>> {
    let list = List::new(&api, &principal, "availability", &());
    let after = list.read(query.cursor.as_deref())?.map(|Key(user)| user);
    let page = PageRequest { limit: query.limit.0, after };
    let page = availability::list(&api.app, &principal, &page).await?;
    Ok(PageOf {
        data: page.entries.into_iter().map(AgentObject::new).collect(),
        next_cursor: list.write(page.next.map(Key)),
    })
}
