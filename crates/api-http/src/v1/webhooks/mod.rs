//! Where it is told what becomes of escalated calls.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod health;
mod object;
mod remove;
mod resend;
mod set;
mod show;

pub(super) use health::HealthObject;
pub(super) use object::WebhookObject;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(show::show_webhook, set::set_webhook, remove::remove_webhook))
        .routes(routes!(resend::resend_webhook))
}
