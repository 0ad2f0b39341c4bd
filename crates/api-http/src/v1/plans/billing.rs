use axum::extract::State;
use rollcall_application::plans;
use rollcall_domain::Permission;

use super::object::BillingObject;
use crate::{api::Api, credential::Caller, problem::Result};

/// Shows what the organization pays for, uses, and could have.
#[utoipa::path(get, path = "/v1/billing", tag = "Plans",
    responses((status = 200, description = "The billing page", body = BillingObject)))]
pub(super) async fn show_billing(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::BillingRead as u8 }>,
) -> Result<axum::Json<BillingObject>> {
    let bill = plans::billing(&api.app, &actor).await?;
    Ok(axum::Json(BillingObject::new(bill, &api.app.settings.plans)))
}
