use axum::extract::State;
use http::StatusCode;
use rollcall_application::{
    Error,
    calls::{self, LiveGrant},
};
use rollcall_domain::{
    Permission,
    calls::{LiveMode, UnknownLiveMode},
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::media_key::MediaKeyObject;
use crate::{api::Api, body::Json, credential::AnyCaller, etag::Untagged, id_path::IdPath, problem::Result};

/// In what way.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GrantLiveRequest {
    /// `monitor`: to hear the call. `whisper`: to speak to whoever speaks for the organization as well. `barge`: to take part.
    #[schema(example = "monitor")]
    mode: String,
}

/// What lets somebody into a call that goes on. It is shown at this moment only.
#[derive(Serialize, ToSchema)]
#[schema(as = LiveGrant)]
pub(super) struct LiveGrantObject {
    /// What the media plane is shown: a JWT of the type `live-grant+jwt`, signed with a key of `/.well-known/jwks.json`, that says
    /// `org`, `call`, `mode` and who (`sub`). Each is for one entrance (`jti`).
    #[schema(example = "eyJ0eXAiOiJsaXZlLWdyYW50K2p3dCIsImFsZyI6IkVkRFNBIn0.e30.c2lnbmF0dXJl")]
    grant: String,
    #[schema(example = "monitor")]
    mode: &'static str,
    /// A minute from now.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(format = DateTime, example = "2026-01-02T03:05:05Z", value_type = String)]
    expires_at: OffsetDateTime,
    /// The key to take part with; null unless end-to-end encryption is on, or the call has had a key already. An API key gets one
    /// only with the scope `media_keys:issue`.
    media_key: Option<MediaKeyObject>,
}

impl From<LiveGrant> for LiveGrantObject {
    fn from(LiveGrant { grant, mode, expires_at, media_key }: LiveGrant) -> Self {
        Self {
            grant: grant.expose().to_owned(),
            mode: mode.as_str(),
            expires_at,
            media_key: media_key.map(MediaKeyObject::from),
        }
    }
}

/// Grants the caller access to a call in progress, if their role allows the mode.
///
/// API keys can only monitor.
#[utoipa::path(post, path = "/v1/calls/{call_id}/live-grants", tag = "Calls",
    security(("session" = []), ("cookie" = []), ("api_key" = [])),
    request_body = GrantLiveRequest,
    params(("call_id" = String, Path, example = "call_01h455vb4pex5vsknk084sn02q")),
    responses((status = 201, description = "The grant", body = LiveGrantObject)))]
pub(super) async fn grant_live(
    State(api): State<Api>,
    // Whoever lacks this one lacks the others, too.
    AnyCaller(principal): AnyCaller<{ Permission::LiveSpaceMonitor as u8 }>,
    _: Untagged,
    IdPath(id): IdPath<rollcall_domain::id::Call>,
    Json(request): Json<GrantLiveRequest>,
) -> Result<(StatusCode, axum::Json<LiveGrantObject>)> {
    let mode: LiveMode =
        request.mode.parse().map_err(|problem: UnknownLiveMode| Error::invalid("mode", problem))?;
    let granted = calls::grant_live(&api.app, &principal, id, mode).await?;
    Ok((StatusCode::CREATED, axum::Json(granted.into())))
}
