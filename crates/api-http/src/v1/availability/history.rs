use axum::extract::State;
use rollcall_application::availability::{self, Period, Spell};
use rollcall_domain::{Permission, UserId, availability::AgentStatus};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{api::Api, body::Fields, credential::AnyCaller, problem::Result, query::Query};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct HistoryQuery {
    /// Only this agent, who is one or was one.
    #[param(example = "user_01h455vb4pex5vsknk084sn02q")]
    user_id: Option<String>,
    /// From this moment on.
    #[param(format = DateTime, example = "2026-01-01T00:00:00Z")]
    since: String,
    /// Until before this moment, at most 31 days after `since`. What is still to come is not counted.
    #[param(format = DateTime, example = "2026-01-02T00:00:00Z")]
    until: String,
}

/// For how long each was what.
#[derive(Serialize, ToSchema)]
#[schema(as = AvailabilityHistory)]
pub(super) struct HistoryObject {
    data: Vec<HistoryOfAgent>,
}

/// For how long an agent was what. Times in which nobody had heard of them yet are not counted.
#[derive(Serialize, ToSchema)]
pub(super) struct HistoryOfAgent {
    #[schema(value_type = String, example = "user_01h455vb4pex5vsknk084sn02q")]
    user_id: UserId,
    seconds: SecondsObject,
}

/// Seconds in each status.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = AvailabilitySeconds)]
pub(super) struct SecondsObject {
    #[schema(example = 21_600)]
    available: u64,
    #[schema(example = 3_600)]
    busy: u64,
    #[schema(example = 1_800)]
    away: u64,
    #[schema(example = 59_400)]
    offline: u64,
}

impl SecondsObject {
    fn of(&mut self, status: AgentStatus) -> &mut u64 {
        match status {
            AgentStatus::Available => &mut self.available,
            AgentStatus::Busy => &mut self.busy,
            AgentStatus::Away => &mut self.away,
            AgentStatus::Offline => &mut self.offline,
        }
    }
}

/// Shows for how long agents had which status.
///
/// It covers everybody who was an agent in that time, whether or not they still are.
#[utoipa::path(get, path = "/v1/availability/history", tag = "Escalations",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])), params(HistoryQuery),
    responses((status = 200, description = "Seconds in each status, by agent", body = HistoryObject)))]
pub(super) async fn availability_history(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller<{ Permission::AvailabilityRead as u8 }>,
    Query(query): Query<HistoryQuery>,
) -> Result<axum::Json<HistoryObject>> {
    let mut fields = Fields::default();
    let user = fields.parse_if_given("user_id", query.user_id.as_deref());
    let since = fields.moment("since", &query.since);
    let until = fields.moment("until", &query.until);
    let (Some(since), Some(until)) = (since, until) else {
        return Err(fields.into_error().into());
    };
    fields.result()?;
    let spells = availability::history(&api.app, &principal, user, Period { since, until }).await?;
    let mut data: Vec<HistoryOfAgent> = Vec::new();
    for Spell { user, status, seconds } in spells {
        if data.last().is_none_or(|last| last.user_id != user) {
            data.push(HistoryOfAgent { user_id: user, seconds: SecondsObject::default() });
        }
        if let Some(last) = data.last_mut() {
            // Seconds that are never negative, and fit.
            *last.seconds.of(status) = seconds.round().max(0.0) as u64;
        }
    }
    Ok(axum::Json(HistoryObject { data }))
}
