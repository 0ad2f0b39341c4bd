//! Connections: accepted, bounded in how long a client may dawdle, and drained at the end.

use std::{net::SocketAddr, time::Duration};

use axum::{Router, extract::ConnectInfo};
use hyper::{Request, body::Incoming};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::stalled::Stalled;

/// The longest that a client may take to send a request's head (slow senders hold a connection, not a thread).
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest that a client may take nothing of what it is sent.
const STALLED: Duration = Duration::from_secs(30);

/// The most that is read ahead of a connection, or waits to be sent: the largest head of a request, too. Left alone it grows to 400 KiB, and an upload
/// holds it twice.
const BUFFER: usize = 64 * 1024;

/// Serves until `stop` is called for, then lets requests that are being answered go on for `grace`.
pub(crate) async fn serve(listener: TcpListener, routes: Router, stop: CancellationToken, grace: Duration) {
    let connections = GracefulShutdown::new();
    let mut server = auto::Builder::new(TokioExecutor::new()).http1_only();
    server.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(BUFFER);
    loop {
        let (stream, peer) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most likely: waiting lets others close theirs.
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        // Answers are written whole; waiting for more to send with them would only delay them.
        let _ = stream.set_nodelay(true);
        let routes = routes.clone().map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert::<ConnectInfo<SocketAddr>>(ConnectInfo(peer));
            request.map(axum::body::Body::new)
        });
        let stream = TokioIo::new(Stalled::after(STALLED, stream));
        let connection = server.serve_connection(stream, TowerToHyperService::new(routes)).into_owned();
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            // A client that goes away is no event.
            let _ = connection.await;
        });
    }
    drop(listener);
    if tokio::time::timeout(grace, connections.shutdown()).await.is_err() {
        tracing::warn!("some requests were cut off");
    }
}
