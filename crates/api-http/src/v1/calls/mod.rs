//! Calls.

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

mod create;
mod grant_live;
mod issue_media_key;
mod list;
mod media_key;
mod object;
mod preview_redaction;
mod rotate_media_key;
mod show;
mod show_transcript;
mod store_transcript;
mod transcript;
mod update;

pub(super) use object::CallObject;
pub(super) use transcript::TranscriptObject;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list_calls, create::create_call))
        .routes(routes!(show::show_call, update::update_call))
        .routes(routes!(show_transcript::show_transcript, store_transcript::store_transcript))
        .routes(routes!(preview_redaction::preview_redaction))
        .routes(routes!(issue_media_key::issue_media_key))
        .routes(routes!(rotate_media_key::rotate_media_key))
        .routes(routes!(grant_live::grant_live))
}
