use axum::extract::State;
use rollcall_application::{
    PageRequest,
    accounts::{self, OrganizationListKey},
};
use rollcall_domain::{OrganizationId, Role, organizations::Organization};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::Api,
    credential::Enrollee,
    cursor::{List, PageOf, PageQuery},
    problem::Result,
    query::Query,
};

/// The caller's membership of an organization.
#[derive(Serialize, ToSchema)]
pub(super) struct Seat {
    organization: SeatOrganization,
    #[schema(value_type = String, example = "owner")]
    role: Role,
}

/// An organization that somebody is in.
#[derive(Serialize, ToSchema)]
pub(super) struct SeatOrganization {
    #[schema(value_type = String, example = "org_01h455vb4pex5vsknk084sn02q")]
    id: OrganizationId,
    #[schema(example = "Acme Voice")]
    name: String,
    #[schema(example = "acme-voice-7k3m9p")]
    slug: String,
}

impl From<&(Organization, Role)> for Seat {
    fn from((organization, role): &(Organization, Role)) -> Self {
        let organization = SeatOrganization {
            id: organization.id,
            name: organization.name.to_string(),
            slug: organization.slug.to_string(),
        };
        Self { organization, role: *role }
    }
}

/// Lists the organizations that the caller belongs to, by name.
#[utoipa::path(get, path = "/v1/me/organizations", tag = "Own account",
    params(PageQuery),
    responses((status = 200, description = "A page of seats", body = PageOf<Seat>)))]
pub(super) async fn list_my_organizations(
    State(api): State<Api>,
    Enrollee(actor): Enrollee,
    Query(query): Query<PageQuery>,
) -> Result<PageOf<Seat>> {
    let list = List::new(&api, &actor, "organizations", &());
    let after = list.read(query.cursor.as_deref())?.map(|(name, id)| OrganizationListKey { name, id });
    let page = PageRequest { limit: query.limit.0, after };
    let page = accounts::list_organizations(&api.app, &actor, &page).await?;
    let data = page.entries.iter().map(Seat::from).collect();
    let next_cursor = list.write(page.next.map(|OrganizationListKey { name, id }| (name, id)));
    Ok(PageOf { data, next_cursor })
}
