//! Signing in and out.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod begin_passkey_elevation;
mod begin_passkey_sign_in;
mod elevate;
mod list;
mod revoke;
mod second_step;
mod show;
mod sign_in;
mod sign_in_with_passkey;
mod sign_out;
mod switch;

pub(super) use list::OwnSessionObject;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(sign_in::sign_in, list::list_sessions, revoke::revoke_sessions))
        .routes(routes!(second_step::sign_in_second_step))
        .routes(routes!(revoke::revoke_session))
        .routes(routes!(begin_passkey_sign_in::begin_passkey_sign_in))
        .routes(routes!(sign_in_with_passkey::sign_in_with_passkey))
        .routes(routes!(elevate::elevate_session))
        .routes(routes!(begin_passkey_elevation::begin_passkey_elevation))
        .routes(routes!(show::show_session, sign_out::sign_out))
        .routes(routes!(switch::switch_organization))
}
