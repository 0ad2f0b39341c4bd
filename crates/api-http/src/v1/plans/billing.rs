use axum::{extract::State, response::Response};
use rollcall_application::plans;
use rollcall_domain::Permission;

use super::object::{BillingObject, tag_name};
use crate::{
    api::Api,
    credential::Caller,
    etag::{IfNoneMatch, versioned},
    problem::Result,
};

/// Shows what the organization pays for and uses, and which plans there are.
#[utoipa::path(get, path = "/v1/billing", tag = "Plans",
    responses((status = 200, description = "The billing page", body = BillingObject, headers(("ETag" = String)))))]
pub(super) async fn show_billing(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::BillingRead as u8 }>,
    known: IfNoneMatch,
) -> Result<Response> {
    let bill = plans::billing(&api.app, &actor).await?;
    let version = bill.version;
    Ok(versioned(tag_name(&actor), version, &known, &BillingObject::new(bill, &api.app.settings.plans)))
}
