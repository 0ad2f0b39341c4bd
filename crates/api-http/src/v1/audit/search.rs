use axum::extract::State;
use rollcall_application::{PageRequest, audit};
use rollcall_domain::{
    Permission,
    audit::search::{Filter, outcome},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::object::AuditEventObject;
use crate::{
    api::Api,
    body::Fields,
    credential::AnyCaller,
    cursor::{Limit, List, PageOf},
    problem::Result,
    query::Query,
};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchQuery {
    /// Only what somebody did: the id of a user or an API key; or `anonymous`, `operator` or `system`.
    #[param(example = "user_01h455vb4pex5vsknk084sn02q")]
    actor: Option<String>,
    /// Only this action, or all that begin alike: `member.*`.
    #[param(example = "member.*")]
    action: Option<String>,
    /// Only what was done to this, by its id, whichever service gave it.
    #[param(example = "inv_01h455vb4pex5vsknk084sn02q")]
    target: Option<String>,
    /// Only what ended so: `success` or `refused`.
    #[param(example = "refused")]
    outcome: Option<String>,
    /// Only what happened at this moment (RFC 3339) or later.
    #[param(example = "2026-01-01T00:00:00Z")]
    since: Option<String>,
    /// Only what happened before this moment.
    #[param(example = "2026-02-01T00:00:00Z")]
    until: Option<String>,
    /// Only events that hold all of these words, whatever their case, in any of their values but the outcome and the kinds of
    /// actor and target: whole words, at most ten.
    #[param(example = "grace@navy.example")]
    q: Option<String>,
    /// How many entries the page holds: 1 to 200, 50 if left out.
    #[serde(default)]
    #[param(value_type = Option<u16>, example = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Searches the organization's audit log, newest events first.
///
/// Results are in the order of the log, from its end, and cover everything that was committed before the request. A page can hold
/// fewer entries than `limit`, even none, and still have a `next_cursor`: a very large log is searched page by page. Searching is
/// logged itself, once a minute for the same search, without the words that were searched for.
#[utoipa::path(get, path = "/v1/audit/events", tag = "Audit log",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])), params(SearchQuery),
    responses((status = 200, description = "A page of events", body = PageOf<AuditEventObject>)))]
pub(super) async fn list_audit_events(
    State(api): State<Api>,
    AnyCaller(principal): AnyCaller<{ Permission::AuditLogRead as u8 }>,
    Query(query): Query<SearchQuery>,
) -> Result<PageOf<AuditEventObject>> {
    let mut fields = Fields::default();
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let filter = Filter {
        actor: query.actor.as_deref().and_then(|text| fields.parse("actor", text)),
        action: query.action.as_deref().and_then(|text| fields.parse("action", text)),
        target: query.target.as_deref().and_then(|text| fields.parse("target", text)),
        outcome: query.outcome.as_deref().and_then(|text| fields.check("outcome", outcome(text))),
        since: query.since.as_deref().and_then(|text| fields.moment("since", text)),
        until: query.until.as_deref().and_then(|text| fields.moment("until", text)),
        words: given(&query.q).and_then(|text| fields.parse("q", &text)),
    };
    fields.result()?;
    let asked =
        (&query.actor, &query.action, &query.target, &query.outcome, &query.since, &query.until, &query.q);
    let list = List::new(&api, &principal, "audit-events", &asked);
    let page = PageRequest { limit: query.limit.0, after: list.read(query.cursor.as_deref())? };
    let page = audit::search(&api.app, &principal, &filter, &page).await?;
    Ok(PageOf {
        data: page.entries.into_iter().map(AuditEventObject::from).collect(),
        next_cursor: list.write(page.next),
    })
}
