use axum::extract::State;
use rollcall_application::{
    PageRequest,
    members::MemberKey,
    security::{self, Affected},
};
use rollcall_domain::{Permission, Role, UserId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::super::objects::UserObject;
use crate::{
    api::Api,
    credential::Caller,
    cursor::{List, PageOf, PageQuery, moment},
    problem::Result,
    query::Query,
};

/// A member who has no second factor.
#[derive(Serialize, ToSchema)]
pub(super) struct MemberWithoutMfa {
    user: UserObject,
    #[schema(value_type = String, example = "member")]
    role: Role,
    /// By when they need one while second factors are asked for; null before they ever were. It is kept while they are not.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(format = DateTime, example = "2026-01-09T03:04:05Z", value_type = Option<String>)]
    deadline_at: Option<OffsetDateTime>,
}

impl From<Affected> for MemberWithoutMfa {
    fn from(Affected { membership, email, name, deadline_at }: Affected) -> Self {
        Self { user: UserObject { id: membership.user, email, name }, role: membership.role, deadline_at }
    }
}

/// Where a page begins.
#[derive(Serialize, Deserialize)]
struct Key(#[serde(with = "moment")] OffsetDateTime, UserId);

/// Lists the members without a second factor: whom it would affect to require one.
///
/// They are in the order in which they joined.
#[utoipa::path(get, path = "/v1/security/mfa-impact", tag = "Organization", params(PageQuery),
    responses((status = 200, description = "A page of members", body = PageOf<MemberWithoutMfa>)))]
pub(super) async fn list_mfa_impact(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::SecurityRead as u8 }>,
    Query(query): Query<PageQuery>,
) -> Result<PageOf<MemberWithoutMfa>> {
    let list = List::new(&api, &actor, "mfa-impact", &());
    let after = list.read(query.cursor.as_deref())?;
    let after = after.map(|Key(joined_at, user)| MemberKey { joined_at, user });
    let page = PageRequest { limit: query.limit.0, after };
    let page = security::impact(&api.app, &actor, &page).await?;
    Ok(PageOf {
        data: page.entries.into_iter().map(MemberWithoutMfa::from).collect(),
        next_cursor: list.write(page.next.map(|key| Key(key.joined_at, key.user))),
    })
}
