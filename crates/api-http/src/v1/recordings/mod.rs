//! Recordings of calls.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

pub(crate) mod digest;
mod give_up;
mod object;
mod pace;
mod play;
mod remove;
mod upload;

pub(super) use object::RecordingObject;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(upload::upload_recording, play::play_recording, remove::delete_recording))
        .routes(routes!(give_up::give_up_upload))
}
