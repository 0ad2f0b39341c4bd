//! Signing up, and one's own account.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod change_password;
mod complete_sign_up;
mod confirm_email_change;
mod delete;
mod export;
mod list_organizations;
mod request_email_change;
mod request_password_reset;
mod reset_password;
mod show;
mod sign_up;
mod update;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(sign_up::sign_up))
        .routes(routes!(complete_sign_up::complete_sign_up))
        .routes(routes!(show::show_me, update::update_me, delete::delete_me))
        .routes(routes!(list_organizations::list_my_organizations))
        .routes(routes!(change_password::change_my_password))
        .routes(routes!(request_email_change::request_email_change))
        .routes(routes!(confirm_email_change::confirm_email_change))
        .routes(routes!(export::export_me))
        .routes(routes!(request_password_reset::request_password_reset))
        .routes(routes!(reset_password::reset_password))
}
