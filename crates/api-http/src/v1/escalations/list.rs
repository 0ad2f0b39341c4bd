use axum::extract::State;
use rollcall_application::{
    PageRequest,
    escalations::{self, EscalationFilter, EscalationKey},
};
use rollcall_domain::{EscalationId, Permission, escalations::Priority};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::IntoParams;

use super::object::EscalationObject;
use crate::{
    api::Api,
    body::Fields,
    credential::AnyCaller,
    cursor::{Limit, List, PageOf, moment},
    problem::Result,
    query::Query,
};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListEscalationsQuery {
    /// Only those that are `waiting`, `offered`, `claimed`, `resolved`, `abandoned`, `unanswered` or `callback`. Those that wait come in
    /// the order of the queue, all others the latest first.
    #[param(example = "waiting")]
    status: Option<String>,
    /// How many entries the page holds: 1 to 200, 50 if left out.
    #[serde(default)]
    #[param(value_type = Option<u16>, example = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Where a page begins.
#[derive(Serialize, Deserialize)]
struct Key(u8, #[serde(with = "moment")] OffsetDateTime, EscalationId);

/// Lists the escalations: calls that wait for a human agent, or did.
#[utoipa::path(get, path = "/v1/escalations", tag = "Escalations",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])), params(ListEscalationsQuery),
    responses((status = 200, description = "A page of escalations", body = PageOf<EscalationObject>)))]
pub(super) async fn list_escalations(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller<{ Permission::EscalationsRead as u8 }>,
    Query(query): Query<ListEscalationsQuery>,
) -> Result<PageOf<EscalationObject>> {
    let mut fields = Fields::default();
    let filter = EscalationFilter { status: fields.parse_if_given("status", query.status.as_deref()) };
    fields.result()?;
    let list = List::new(&api, &principal, "escalations", &query.status);
    let after = list.read(query.cursor.as_deref())?.and_then(|Key(priority, created_at, id)| {
        Some(EscalationKey { priority: Priority::new(priority.into()).ok()?, created_at, id })
    });
    let page = PageRequest { limit: query.limit.0, after };
    let page = escalations::list(&api.app, &principal, filter, &page).await?;
    Ok(PageOf {
        data: page.entries.into_iter().map(EscalationObject::new).collect(),
        next_cursor: list.write(
            page.next
                .map(|EscalationKey { priority, created_at, id }| Key(priority.number(), created_at, id)),
        ),
    })
}
