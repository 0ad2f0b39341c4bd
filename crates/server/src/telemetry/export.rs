//! Spans on their way to the collector: a queue that is bounded, and one task that empties it. Whoever ends a span waits for nobody.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use opentelemetry::Context;
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanExporter, SpanProcessor},
};
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    task::JoinHandle,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

/// The most spans that wait; what comes when there are so many is dropped.
const WAITING: usize = 8192;
/// The most spans of one request to the collector.
const BATCH: usize = 512;
/// How long a span waits for others.
const WAIT: Duration = Duration::from_secs(1);
/// The longest that a batch may take, repeats included.
const EXPORT: Duration = Duration::from_secs(15);

static SENT: AtomicU64 = AtomicU64::new(0);
static DROPPED: AtomicU64 = AtomicU64::new(0);
static FAILED: AtomicU64 = AtomicU64::new(0);

/// What became of the spans of this process. There is one queue of them in a process, as there is one log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SpanCounts {
    /// The collector has taken them.
    pub(crate) sent: u64,
    /// There was no room for them.
    pub(crate) dropped: u64,
    /// The collector has not taken them.
    pub(crate) failed: u64,
}

/// What has become of spans so far.
pub(crate) fn span_counts() -> SpanCounts {
    let [sent, dropped, failed] = [&SENT, &DROPPED, &FAILED].map(|counted| counted.load(Ordering::Relaxed));
    SpanCounts { sent, dropped, failed }
}

/// Where spans go in.
#[derive(Debug)]
pub(super) struct Queue(Sender<SpanData>);

/// What takes them out.
pub(super) struct Sending {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// Begins to send.
pub(super) fn start(exporter: impl SpanExporter + 'static) -> (Queue, Sending) {
    let (queue, spans) = channel(WAITING);
    let stop = CancellationToken::new();
    let task = tokio::spawn(send(spans, exporter, stop.clone()));
    (Queue(queue), Sending { stop, task })
}

impl Sending {
    /// Sends what waits, with patience that ends.
    pub(super) async fn finish(self, patience: Duration) {
        self.stop.cancel();
        let abort = self.task.abort_handle();
        if timeout(patience, self.task).await.is_err() {
            abort.abort();
            tracing::warn!("the last spans of traces were not sent: the collector takes too long");
        }
    }
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.0.try_send(span).is_err() {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

async fn send(mut spans: Receiver<SpanData>, exporter: impl SpanExporter, stop: CancellationToken) {
    let mut works = true;
    loop {
        let (batch, is_last) = batch(&mut spans, &stop).await;
        let count = batch.len() as u64;
        if count > 0 {
            let sent = timeout(EXPORT, exporter.export(batch)).await;
            let problem = match sent {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some("it takes too long".to_owned()),
            };
            let counted = if problem.is_none() { &SENT } else { &FAILED };
            counted.fetch_add(count, Ordering::Relaxed);
            // Once, and not for each batch.
            match (works, &problem) {
                (true, Some(problem)) => {
                    tracing::warn!(problem, "the collector does not accept trace spans; they are lost")
                }
                (false, None) => tracing::info!("the collector takes the spans of traces again"),
                _ => {}
            }
            works = problem.is_none();
        }
        if is_last {
            return;
        }
    }
}

/// The next spans, and whether none come after them.
async fn batch(spans: &mut Receiver<SpanData>, stop: &CancellationToken) -> (Vec<SpanData>, bool) {
    let mut batch = Vec::new();
    let mut until = None;
    while batch.len() < BATCH {
        let room = BATCH - batch.len();
        // Whatever waits for nothing comes first: the end is not to be missed.
        tokio::select! {
            biased;
            () = stop.cancelled(), if !spans.is_closed() => spans.close(),
            received = spans.recv_many(&mut batch, room) => {
                if received == 0 {
                    return (batch, true);
                }
                until.get_or_insert_with(|| Instant::now() + WAIT);
            }
            () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => break,
        }
    }
    (batch, false)
}

#[cfg(test)]
mod tests {
    use std::{
        future::pending,
        sync::{Arc, Mutex},
    };

    use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status};
    use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};

    use super::*;

    #[derive(Debug, Clone, Default)]
    struct Collector {
        taken: Arc<Mutex<Vec<usize>>>,
        hangs: bool,
    }

    impl SpanExporter for Collector {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            if self.hangs {
                pending::<()>().await;
            }
            self.taken.lock().expect("not poisoned").push(batch.len());
            Ok(())
        }
    }

    fn span() -> SpanData {
        SpanData {
            span_context: SpanContext::empty_context(),
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: "span".into(),
            start_time: std::time::UNIX_EPOCH,
            end_time: std::time::UNIX_EPOCH,
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: Default::default(),
        }
    }

    #[tokio::test]
    async fn what_waits_at_the_end_is_sent() {
        let collector = Collector::default();
        let (queue, sending) = start(collector.clone());
        for _ in 0..BATCH + 7 {
            queue.on_end(span());
        }
        sending.finish(WAIT).await;
        assert_eq!(*collector.taken.lock().expect("not poisoned"), [BATCH, 7]);
    }

    #[tokio::test]
    async fn a_collector_that_hangs_keeps_nobody_and_what_there_is_no_room_for_is_counted() {
        let (queue, sending) = start(Collector { hangs: true, ..Collector::default() });
        let before = span_counts();
        for _ in 0..WAITING + 5 {
            queue.on_end(span());
        }
        assert!(span_counts().dropped >= before.dropped + 5);
        // It comes back, though the collector never does.
        sending.finish(Duration::from_millis(20)).await;
    }
}
