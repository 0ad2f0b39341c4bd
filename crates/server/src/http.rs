//! Connections: accepted, bounded in how long a client may dawdle, and drained at the end.

use std::{net::SocketAddr, time::Duration};

use axum::{Router, extract::ConnectInfo};
use hyper::{Request, body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use rollcall_application::ErrorChain;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::stalled::Stalled;

/// The longest that a client may take to send a request's head (slow senders hold a connection, not a thread).
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest that a client may take nothing of what it is sent.
const STALLED: Duration = Duration::from_secs(30);

/// The most that is read ahead of a connection, or waits to be sent: the largest head of a request, too. Left alone it grows to
/// 400 KiB, and an upload holds it twice.
const BUFFER: usize = 64 * 1024;

/// The most that waits in the kernel to be sent over a connection without being on its way. Whoever loses the right to what they
/// are sent gets that all the same, and Linux lets it grow to megabytes. What is on its way is not counted, so nothing is slower
/// over a long path.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 256 * 1024;

/// Serves until `stop` is called for, then lets requests that are being answered go on for `grace`.
pub(crate) async fn serve(listener: TcpListener, routes: Router, stop: CancellationToken, grace: Duration) {
    let connections = GracefulShutdown::new();
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(BUFFER);
    loop {
        let (stream, peer) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most likely: waiting lets others close theirs.
                    tracing::warn!(error = %ErrorChain(&error), "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        prepare(&stream);
        let routes = routes.clone().map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert::<ConnectInfo<SocketAddr>>(ConnectInfo(peer));
            request.map(axum::body::Body::new)
        });
        let stream = TokioIo::new(Stalled::after(STALLED, stream));
        let connection = server.serve_connection(stream, TowerToHyperService::new(routes));
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

/// Sets what holds for a connection. One that has just been closed takes no options, and is noticed when it is read.
fn prepare(stream: &TcpStream) {
    // Answers are written whole; waiting for more to send with them would only delay them.
    let _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT);
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use tokio::{net::TcpSocket, time::timeout};

    use super::*;

    #[tokio::test]
    async fn attack_9_little_waits_for_whoever_takes_nothing() {
        const PIECE: usize = 64 * 1024;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let reader = TcpSocket::new_v4().expect("a socket");
        reader.set_recv_buffer_size(16 * 1024).expect("a small buffer");
        let address = listener.local_addr().expect("an address");
        let (reader, accepted) = tokio::join!(reader.connect(address), listener.accept());
        let ((stream, _), _reader) = (accepted.expect("a connection"), reader.expect("a connection"));
        prepare(&stream);
        let mut written = 0;
        // As long as any more is taken.
        while let Ok(Ok(())) = timeout(Duration::from_millis(200), stream.writable()).await {
            written += stream.try_write(&[0; PIECE]).unwrap_or_default();
        }
        // What waits, what the reader's own buffer holds, and a piece that was begun.
        let most = UNSENT as usize + 2 * PIECE;
        assert!((PIECE..=most).contains(&written), "{written} bytes, and not {most}");
    }
}
