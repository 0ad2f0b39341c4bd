use axum::extract::State;
use rollcall_application::{
    Error, PageRequest,
    calls::{self, CallFilter, CallKey},
};
use rollcall_domain::{CallId, Permission};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::IntoParams;

use super::object::CallObject;
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
pub(super) struct ListCallsQuery {
    /// Only calls that began then or later.
    #[param(format = DateTime, example = "2026-01-01T00:00:00Z")]
    since: Option<String>,
    /// Only calls that began before then.
    #[param(format = DateTime, example = "2026-02-01T00:00:00Z")]
    until: Option<String>,
    /// Only `inbound` or only `outbound` calls.
    #[param(example = "inbound")]
    direction: Option<String>,
    /// Only calls of this agent.
    #[param(example = "agent_7")]
    agent_ref: Option<String>,
    /// Only calls from there, written as it is in the call.
    #[param(example = "+14155550100")]
    from: Option<String>,
    /// Only calls to there, written as it is in the call.
    #[param(example = "+14155550199")]
    to: Option<String>,
    /// Only the call with this id of the platform.
    #[param(example = "CA7f3e2b")]
    external_id: Option<String>,
    /// Only calls whose sound is kept (`true`), or only those whose sound is not (`false`).
    #[param(example = true)]
    recording: Option<bool>,
    /// How many entries the page holds: 1 to 200, 50 if left out.
    #[serde(default)]
    #[param(value_type = Option<u16>, example = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

impl ListCallsQuery {
    /// What decides which calls are in the list.
    fn wanted(&self) -> impl Serialize {
        let Self {
            since,
            until,
            direction,
            agent_ref,
            from,
            to,
            external_id,
            recording,
            limit: _,
            cursor: _,
        } = self;
        (since, until, direction, agent_ref, from, to, external_id, recording)
    }

    fn filter(&self) -> std::result::Result<CallFilter, Error> {
        let mut fields = Fields::default();
        let filter = CallFilter {
            since: self.since.as_deref().and_then(|text| fields.moment("since", text)),
            until: self.until.as_deref().and_then(|text| fields.moment("until", text)),
            direction: fields.parse_if_given("direction", self.direction.as_deref()),
            agent_ref: fields.parse_if_given("agent_ref", self.agent_ref.as_deref()),
            from: fields.parse_if_given("from", self.from.as_deref()),
            to: fields.parse_if_given("to", self.to.as_deref()),
            external_id: fields.parse_if_given("external_id", self.external_id.as_deref()),
            has_recording: self.recording,
        };
        fields.result()?;
        Ok(filter)
    }
}

/// Where a page begins.
#[derive(Serialize, Deserialize)]
struct Key(#[serde(with = "moment")] OffsetDateTime, CallId);

/// Lists the calls, latest first.
#[utoipa::path(get, path = "/v1/calls", tag = "Calls",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])), params(ListCallsQuery),
    responses((status = 200, description = "A page of calls", body = PageOf<CallObject>)))]
pub(super) async fn list_calls(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller<{ Permission::CallsRead as u8 }>,
    Query(query): Query<ListCallsQuery>,
) -> Result<PageOf<CallObject>> {
    let filter = query.filter()?;
    let list = List::new(&api, &principal, "calls", &query.wanted());
    let after = list.read(query.cursor.as_deref())?;
    let after = after.map(|Key(started_at, id)| CallKey { started_at, id });
    let page = PageRequest { limit: query.limit.0, after };
    let page = calls::list(&api.app, &principal, &filter, &page).await?;
    Ok(PageOf {
        data: page.entries.into_iter().map(CallObject::from).collect(),
        next_cursor: list.write(page.next.map(|key| Key(key.started_at, key.id))),
    })
}
