use axum::{body::Body, extract::State, response::Response};
use bytes::Bytes;
use futures_util::stream;
use http::HeaderMap;
use rollcall_application::{
    Application, Asks, Error,
    stream::{self as live, StreamMessage, StreamPlace, Watcher},
};
use rollcall_domain::OrganizationId;

use crate::{
    api::Api,
    credential::{AnyCaller, Credential},
    problem::Result,
    query::NoQuery,
    sse::{answer, event, last_event_id},
};

/// How long a client waits before it comes back, in milliseconds.
const RETRY: &str = "retry: 1000\n";

/// Streams what happens in the organization, as Server-Sent Events.
///
/// It lasts for as long as the session or the API key is valid. Events are `availability.changed`, `escalation.*`, `member.*`,
/// `invitation.*` and `security.changed`, each sent to whoever has the permission to read such things at that moment
/// (`availability:read`, `escalations:read`, `team:read`, `security:read`). The data is an object, `{"id", "type", "occurred_at",
/// "actor": {"id", "type"}, "target": {"id", "type"}, "changes": [{"field", "before", "after"}]}`: enough to know what to fetch
/// again.
///
/// `Last-Event-ID` resumes the stream, for an hour. A stream that cannot be resumed begins with `resync`, upon which everything
/// that is shown must be fetched again. It is also sent to a reader who has gained permissions, and to one who reads too slowly,
/// whose stream then ends. Comments show that the stream is alive.
#[utoipa::path(get, path = "/v1/stream", tag = "Live events",
    security(("session" = []), ("access_token" = []), ("cookie" = []), ("api_key" = [])),
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was heard")),
    responses((status = 200, description = "The events", body = String, content_type = "text/event-stream")))]
pub(super) async fn watch(
    State(api): State<Api>,
    headers: HeaderMap,
    AnyCaller(principal): AnyCaller,
    NoQuery: NoQuery,
) -> Result<Response> {
    let credential = Credential::of(&headers, api.settings.cookie);
    // Whoever has got this far has shown something.
    let shown = credential.token().ok_or(Error::Unauthenticated)?;
    let watcher = live::open(&api.app, &principal, shown, last_event_id(&headers)).await?;
    let organization = principal.organization().ok_or(Error::Unauthenticated)?;
    // Ten thousand of them are told of one event: what each of them takes along is small.
    let told = stream::unfold(Some((watcher, api)), move |watching: Option<(Watcher, Api)>| async move {
        let (mut watcher, api) = watching?;
        match watcher.next().await {
            Ok(told) => Some((Ok(written(&told?, &api.app, organization)), Some((watcher, api)))),
            // The connection is closed for this, and the client comes back.
            Err(error) => Some((Err(error), None)),
        }
    });
    Ok(answer(Body::from_stream(told)))
}

fn written(told: &StreamMessage, app: &Application, organization: OrganizationId) -> Bytes {
    let name = |place: StreamPlace| place.name(&app.keyring, organization, app.entropy.as_ref());
    match told {
        // A name without an event is remembered by the client all the same.
        StreamMessage::Began(place) => format!("{RETRY}id: {}\n\n", name(*place)).into(),
        StreamMessage::Event(frame) => {
            frame.wire(|kept| event(&name(frame.place()), &kept.kind, &kept.data).into())
        }
        StreamMessage::Resync(place) => event(&name(*place), "resync", "{}").into(),
        StreamMessage::Alive(Some(place)) => format!(":\nid: {}\n\n", name(*place)).into(),
        StreamMessage::Alive(None) => Bytes::from_static(b":\n\n"),
    }
}
