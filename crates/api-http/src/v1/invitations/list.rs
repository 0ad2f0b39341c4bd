use axum::extract::State;
use rollcall_application::{Error, PageRequest, invitations};
use rollcall_domain::{Permission, invitations::InvitationStatus};
use serde::Deserialize;
use utoipa::IntoParams;

use super::object::InvitationObject;
use crate::{
    api::Api,
    credential::Caller,
    cursor::{Limit, List, PageOf},
    problem::Result,
    query::Query,
};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListInvitationsQuery {
    /// Only invitations that are `pending`, `accepted`, `revoked` or `expired`.
    #[param(example = "pending")]
    status: Option<String>,
    /// How many entries the page holds: 1 to 200, 50 if left out.
    #[serde(default)]
    #[param(value_type = Option<u16>, example = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists the invitations, newest first.
#[utoipa::path(get, path = "/v1/invitations", tag = "Invitations", params(ListInvitationsQuery),
    responses((status = 200, description = "A page of invitations", body = PageOf<InvitationObject>)))]
pub(super) async fn list_invitations(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::TeamInvite as u8 }>,
    Query(query): Query<ListInvitationsQuery>,
) -> Result<PageOf<InvitationObject>> {
    let status = query.status.as_deref().map(str::parse::<InvitationStatus>).transpose();
    let status = status.map_err(|problem| Error::invalid("status", problem))?;
    let list = List::new(&api, &actor, "invitations", &query.status);
    let page = PageRequest { limit: query.limit.0, after: list.read(query.cursor.as_deref())? };
    let page = invitations::list(&api.app, &actor, status, &page).await?;
    let now = api.app.now();
    Ok(PageOf {
        data: page.entries.into_iter().map(|invitation| InvitationObject::at(now, invitation)).collect(),
        next_cursor: list.write(page.next),
    })
}
