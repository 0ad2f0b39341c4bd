use axum::extract::State;
use rollcall_application::accounts;
use rollcall_domain::{OrganizationId, Role, organizations::Organization};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{api::Api, credential::Caller, cursor::PageOf, problem::Result};

/// A seat in an organization.
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

/// Lists the organizations that one is in, by name.
#[utoipa::path(get, path = "/v1/me/organizations", tag = "Own account",
    responses((status = 200, description = "The seats", body = PageOf<Seat>)))]
pub(super) async fn list_my_organizations(
    State(api): State<Api>,
    Caller(actor): Caller,
) -> Result<axum::Json<PageOf<Seat>>> {
    let seats = accounts::list_organizations(&api.app, &actor).await?;
    let data = seats.iter().map(Seat::from).collect();
    Ok(axum::Json(PageOf { data, next_cursor: None }))
}
