use axum::extract::State;
use rollcall_application::webhooks;
use rollcall_domain::Permission;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{api::Api, body::NoFields, credential::Caller, problem::Result};

/// What is on its way once more.
#[derive(Serialize, ToSchema)]
pub(super) struct Resent {
    /// How many events.
    #[schema(example = 3)]
    deliveries: u64,
}

/// Sends what was given up once more, to where the webhook leads now, as if it had never been tried.
#[utoipa::path(post, path = "/v1/escalations/webhook/resend", tag = "Live events",
    responses((status = 200, description = "What is on its way once more", body = Resent)))]
pub(super) async fn resend_webhook(
    State(api): State<Api>,
    Caller(actor): Caller<{ Permission::SecurityManage as u8 }>,
    NoFields: NoFields,
) -> Result<axum::Json<Resent>> {
    let deliveries = webhooks::resend(&api.app, &actor).await?;
    Ok(axum::Json(Resent { deliveries }))
}
