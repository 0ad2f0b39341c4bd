//! One's own passkeys.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod add;
mod begin_registration;
mod object;
mod remove;
mod rename;

pub(super) use object::{AskedObject, PasskeyObject, credential};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(begin_registration::begin_passkey_registration))
        .routes(routes!(add::add_passkey))
        .routes(routes!(rename::rename_passkey, remove::remove_passkey))
}
