use axum::{extract::State, response::Response};
use http::HeaderMap;
use rollcall_application::{
    ErrorChain,
    revocations::{self, FeedMessage, Follower, PlacedRevocation},
};
use tracing::{Instrument, Span};

use crate::{
    api::Api,
    problem::Result,
    service_credential::SiblingService,
    sse::{answer, event, last_event_id},
    streaming::{Chunks, CutOff, streamed},
};

/// How long a client waits before it comes back, in milliseconds.
const RETRY: &str = "retry: 250\n\n";

/// Streams what is no longer valid, as Server-Sent Events, within a second of each change.
///
/// Events are `session.ended`, `member.removed`, `member.role_changed`, `user.suspended`, `user.deleted` and
/// `organization.deleted`; their data is an object with the same `type` and the ids of what is affected. An empty comment is sent
/// four times a second: a service that receives none must not rely on anything it has cached. `Last-Event-ID` resumes the stream,
/// for an hour. A stream that cannot be resumed begins with `reset`, upon which the service must discard its cache.
#[utoipa::path(get, path = "/v1/service/revocations", tag = "Decisions", security(("service" = [])),
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was heard")),
    responses((status = 200, description = "The events", body = String, content_type = "text/event-stream")))]
pub(super) async fn follow_revocations(
    State(api): State<Api>,
    _: SiblingService,
    headers: HeaderMap,
) -> Result<Response> {
    let last = last_event_id(&headers).and_then(|id| id.parse().ok());
    let follower = revocations::follow(&api.app, last).await?;
    let (chunks, body) = streamed(&api.settings);
    let sending = async {
        if let Err(error) = send(follower, chunks).await {
            tracing::info!(error = %ErrorChain(&error), "a feed of revocations was cut off");
        }
    };
    tokio::spawn(sending.instrument(Span::current()));
    Ok(answer(body))
}

async fn send(mut follower: Follower, chunks: Chunks) -> std::result::Result<(), CutOff> {
    chunks.send(RETRY).await?;
    while let Some(told) = follower.next().await? {
        let text = match told {
            FeedMessage::Reset(at) => event(&at.to_string(), "reset", "{}"),
            FeedMessage::Revoked(noted) => {
                let events = noted.iter().map(|PlacedRevocation { position, revocation }| {
                    Ok(event(&position.to_string(), revocation.kind(), &serde_json::to_string(revocation)?))
                });
                events.collect::<std::result::Result<String, serde_json::Error>>()?
            }
            FeedMessage::Nothing => ":\n\n".to_owned(),
        };
        chunks.send(text.into_bytes()).await?;
    }
    Ok(chunks.end().await?)
}
