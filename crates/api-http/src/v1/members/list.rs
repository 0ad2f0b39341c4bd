use axum::extract::State;
use rollcall_application::{
    Error, PageRequest,
    members::{self, MemberFilter, MemberKey},
};
use rollcall_domain::{
    Permission, Role, UserId,
    members::{MemberSearch, MemberStatus},
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::IntoParams;

use super::object::MemberObject;
use crate::{
    api::Api,
    credential::AnyCaller,
    cursor::{Limit, List, PageOf, moment},
    problem::Result,
    query::Query,
};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListMembersQuery {
    /// Only members in this role.
    #[param(value_type = Option<String>, example = "admin")]
    role: Option<Role>,
    /// Only `active` or only `suspended` members.
    #[param(example = "active")]
    status: Option<String>,
    /// Only members whose name or address holds this, whatever its case; at most 100 characters.
    #[param(example = "grace")]
    q: Option<String>,
    /// How many entries the page holds: 1 to 200, 50 if left out.
    #[serde(default)]
    #[param(value_type = Option<u16>, example = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Where a page begins.
#[derive(Serialize, Deserialize)]
struct Key(#[serde(with = "moment")] OffsetDateTime, UserId);

/// Lists the members, in the order in which they joined.
#[utoipa::path(get, path = "/v1/members", tag = "Team",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])), params(ListMembersQuery),
    responses((status = 200, description = "A page of members", body = PageOf<MemberObject>)))]
pub(super) async fn list_members(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller<{ Permission::TeamRead as u8 }>,
    Query(query): Query<ListMembersQuery>,
) -> Result<PageOf<MemberObject>> {
    let status = query.status.as_deref().map(str::parse::<MemberStatus>).transpose();
    let status = status.map_err(|problem| Error::invalid("status", problem))?;
    let search = query.q.filter(|search| !search.is_empty());
    let search = search.map(|search| search.parse::<MemberSearch>()).transpose();
    let search = search.map_err(|problem| Error::invalid("q", problem))?;
    let filter = MemberFilter { role: query.role, status, search };
    let list = List::new(
        &api,
        &principal,
        "members",
        &(filter.role, query.status, filter.search.as_ref().map(MemberSearch::as_str)),
    );
    let after = list.read(query.cursor.as_deref())?;
    let after = after.map(|Key(joined_at, user)| MemberKey { joined_at, user });
    let page = PageRequest { limit: query.limit.0, after };
    let page = members::list(&api.app, &principal, &filter, &page).await?;
    Ok(PageOf {
        data: page.entries.into_iter().map(MemberObject::from).collect(),
        next_cursor: list.write(page.next.map(|key| Key(key.joined_at, key.user))),
    })
}
