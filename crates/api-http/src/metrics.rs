//! What is counted, in the text format of Prometheus.

use std::{sync::Mutex, time::Duration};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::Registry,
};
use rollcall_application::ports::MOST_COUNTED;

/// Bounds of the histogram of answering times, in seconds.
const BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Methods that are told apart. Whatever else clients invent counts together.
pub(crate) const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// What is counted.
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram>,
    /// Whether everything is there that this node needs, 1 or 0.
    pub ready: Gauge,
    /// Mails that wait to be sent, up to [`MOST_COUNTED`].
    pub outbox_queued: Gauge,
    /// Mails that were given up, up to [`MOST_COUNTED`].
    pub outbox_dead: Gauge,
    /// How long the oldest mail has waited, in seconds.
    pub outbox_oldest_seconds: Gauge,
    /// Audit events that wait for their places, up to [`MOST_COUNTED`].
    pub audit_queued: Gauge,
    /// How long the oldest of them has waited, in seconds.
    pub audit_oldest_seconds: Gauge,
    /// Audit events that this node has given their places.
    pub audit_sequenced: Counter,
    /// Audit logs whose trees are not what was kept of them.
    pub audit_broken: Gauge,
    /// How often this node has refused to sign a checkpoint of an audit log.
    pub audit_checkpoints_refused: Counter,
    /// Live streams that are open on this node.
    pub streams_open: Gauge,
    /// The most that there may be.
    pub streams_limit: Gauge,
    /// How often this node has told somebody who watches to look again.
    pub stream_resyncs: Counter,
    /// Calls that wait for a human agent.
    pub escalations_waiting: Gauge,
    /// How long the one has waited that has waited for longest, in seconds.
    pub escalations_oldest_seconds: Gauge,
    /// For how long something of agents has been due that nobody has written down, in seconds.
    pub agents_overdue_seconds: Gauge,
    /// Offers that this node has seen run out.
    pub offers_lapsed: Counter,
    /// Leases that this node has seen run out.
    pub leases_lapsed: Counter,
    /// What waits to be sent to webhooks, up to [`MOST_COUNTED`].
    pub webhooks_queued: Gauge,
    /// What was given up, and is kept, up to [`MOST_COUNTED`].
    pub webhooks_given_up: Gauge,
    /// For how long the delivery has been due that has been due for longest, in seconds.
    pub webhooks_overdue_seconds: Gauge,
    /// For how long the organization has been waiting to be purged that has been waiting for longest, in seconds.
    pub purge_overdue_seconds: Gauge,
    /// For how long something of somebody whose account has ended has been waiting to be erased, in seconds.
    pub erasure_overdue_seconds: Gauge,
    /// Recordings of which something is left that is to be removed, up to [`MOST_COUNTED`].
    pub recording_remains: Gauge,
    /// Connections of this node's pool.
    pub database_connections: Family<ConnectionLabels, Gauge>,
    /// The most that there may be.
    pub database_connections_limit: Gauge,
    /// What this node's keyring did not open when it was last looked at.
    pub keyring_unopened: Family<KeptLabels, Gauge>,
    /// What has become of this node's spans.
    pub trace_spans: Family<SpanLabels, Counter>,
    limited: Family<LimitLabels, Counter>,
}

/// What a number is of that is not counted further than so far.
fn bounded(what: &str) -> String {
    format!("{what}; no more than {MOST_COUNTED} are counted")
}

/// Which connections of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ConnectionLabels {
    /// `used`, or `idle` for those that are open and free.
    pub state: &'static str,
}

/// What the keyring keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct KeptLabels {
    /// `sealed` for what outlives the key that has sealed it, `api_keys` for those that work, or `signing_keys` for those that sign.
    pub kept: &'static str,
}

/// Which spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct SpanLabels {
    /// `sent`, `dropped` for those that there was no room for, or `failed` for those that the collector has not taken.
    pub outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabels {
    limit: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: String,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("rollcall");
        let requests = Family::default();
        let seconds = Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> Histogram);
        let (queued, dead, oldest) = (Gauge::default(), Gauge::default(), Gauge::default());
        let ready = Gauge::default();
        registry.register("ready", "Whether this node is ready, as /readyz says it: 1 or 0", ready.clone());
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register("http_request_seconds", "Time until the answer began", seconds.clone());
        registry.register("outbox_queued", bounded("Mails that wait to be sent"), queued.clone());
        registry.register("outbox_dead", bounded("Mails that were given up and are kept"), dead.clone());
        registry.register("outbox_oldest_seconds", "How long the oldest mail has waited", oldest.clone());
        let (audit_queued, audit_oldest) = (Gauge::default(), Gauge::default());
        let (audit_sequenced, audit_broken) = (Counter::default(), Gauge::default());
        let events = bounded("Audit events that wait for their places");
        registry.register("audit_queued", events, audit_queued.clone());
        registry.register(
            "audit_oldest_seconds",
            "How long the oldest audit event has waited for its place",
            audit_oldest.clone(),
        );
        registry.register(
            "audit_sequenced",
            "Audit events given their places by this node",
            audit_sequenced.clone(),
        );
        registry.register("audit_broken", "Audit logs whose trees have been changed", audit_broken.clone());
        let audit_refused = Counter::default();
        registry.register(
            "audit_checkpoints_refused",
            "Checkpoints that were not signed because an audit log does not continue what was signed of it",
            audit_refused.clone(),
        );
        let (streams_open, streams_limit, stream_resyncs) =
            (Gauge::default(), Gauge::default(), Counter::default());
        registry.register("streams_open", "Live streams that are open on this node", streams_open.clone());
        registry.register(
            "streams_limit",
            "The most live streams that may be open on this node",
            streams_limit.clone(),
        );
        registry.register(
            "stream_resyncs",
            "How often this node has told somebody who watches to look again",
            stream_resyncs.clone(),
        );
        let (waiting, oldest_waiting, overdue) = (Gauge::default(), Gauge::default(), Gauge::default());
        registry.register("escalations_waiting", "Calls that wait for a human agent", waiting.clone());
        registry.register(
            "escalations_oldest_seconds",
            "How long the call has waited for an agent that has waited for longest",
            oldest_waiting.clone(),
        );
        registry.register(
            "agents_overdue_seconds",
            "For how long something of agents has been due that nobody has written down",
            overdue.clone(),
        );
        let (offers_lapsed, leases_lapsed) = (Counter::default(), Counter::default());
        registry.register("offers_lapsed", "Offers of calls that nobody has taken", offers_lapsed.clone());
        registry.register("leases_lapsed", "Leases on calls that nobody has renewed", leases_lapsed.clone());
        let (webhooks_queued, webhooks_overdue) = (Gauge::default(), Gauge::default());
        let deliveries = bounded("What waits to be sent to webhooks");
        registry.register("webhooks_queued", deliveries, webhooks_queued.clone());
        let webhooks_given_up = Gauge::default();
        let of_them = bounded("What was to be sent to webhooks and witnesses, was given up, and is kept");
        registry.register("webhooks_given_up", of_them, webhooks_given_up.clone());
        registry.register(
            "webhooks_overdue_seconds",
            "For how long the delivery to a webhook has been due that has been due for longest",
            webhooks_overdue.clone(),
        );
        let (purge_overdue, recording_remains) = (Gauge::default(), Gauge::default());
        registry.register(
            "purge_overdue_seconds",
            "For how long the organization has been waiting to be purged that has been waiting for longest",
            purge_overdue.clone(),
        );
        let erasure_overdue = Gauge::default();
        registry.register(
            "erasure_overdue_seconds",
            "For how long something of somebody whose account has ended has been waiting to be erased",
            erasure_overdue.clone(),
        );
        registry.register(
            "recording_remains",
            bounded("Recordings of which something is left that is to be removed"),
            recording_remains.clone(),
        );
        let (connections, connections_limit) =
            (Family::<ConnectionLabels, Gauge>::default(), Gauge::default());
        registry.register("database_connections", "Connections of this node's pool", connections.clone());
        registry.register(
            "database_connections_limit",
            "The most connections that this node's pool may have",
            connections_limit.clone(),
        );
        let unopened = Family::<KeptLabels, Gauge>::default();
        registry.register("keyring_unopened", "What this node's keyring does not open", unopened.clone());
        let (trace_spans, limited) =
            (Family::<SpanLabels, Counter>::default(), Family::<LimitLabels, Counter>::default());
        registry.register("trace_spans", "What has become of this node's spans", trace_spans.clone());
        registry.register("requests_limited", "Requests refused by a limit", limited.clone());
        // Told from the beginning, so that what is counted first is seen to rise.
        for limit in ["requests", "attempts", "services", "api_key"] {
            drop(limited.get_or_create(&LimitLabels { limit }));
        }
        for kept in ["sealed", "api_keys", "signing_keys"] {
            drop(unopened.get_or_create(&KeptLabels { kept }));
        }
        for outcome in ["sent", "dropped", "failed"] {
            drop(trace_spans.get_or_create(&SpanLabels { outcome }));
        }
        Self {
            registry: Mutex::new(registry),
            requests,
            seconds,
            ready,
            outbox_queued: queued,
            outbox_dead: dead,
            outbox_oldest_seconds: oldest,
            audit_queued,
            audit_oldest_seconds: audit_oldest,
            audit_sequenced,
            audit_broken,
            audit_checkpoints_refused: audit_refused,
            streams_open,
            streams_limit,
            stream_resyncs,
            escalations_waiting: waiting,
            escalations_oldest_seconds: oldest_waiting,
            agents_overdue_seconds: overdue,
            offers_lapsed,
            leases_lapsed,
            webhooks_queued,
            webhooks_given_up,
            webhooks_overdue_seconds: webhooks_overdue,
            purge_overdue_seconds: purge_overdue,
            erasure_overdue_seconds: erasure_overdue,
            recording_remains,
            database_connections: connections,
            database_connections_limit: connections_limit,
            keyring_unopened: unopened,
            trace_spans,
            limited,
        }
    }
}

impl Metrics {
    /// Counts a request. Paths that are no route count together, or a scanner would fill the memory.
    pub(crate) fn request(&self, method: &str, route: &str, status: u16, elapsed: Duration) {
        let route = if route.is_empty() { "none" } else { route };
        let method = METHODS.into_iter().find(|known| *known == method).unwrap_or("other");
        let labels = RouteLabels { method, route: route.to_owned() };
        self.seconds.get_or_create(&labels).observe(elapsed.as_secs_f64());
        let RouteLabels { method, route } = labels;
        self.requests.get_or_create(&RequestLabels { method, route, status }).inc();
    }

    /// Counts a request that a limit has refused.
    pub(crate) fn limited(&self, limit: &'static str) {
        self.limited.get_or_create(&LimitLabels { limit }).inc();
    }

    /// Tells which build this is, by labels and their values.
    pub fn tell_build(&self, labels: Vec<(&'static str, String)>) {
        self.register(|registry| registry.register("build", "Which build this is", Info::new(labels)));
    }

    /// Adds what another part of the service counts.
    pub fn register(&self, add: impl FnOnce(&mut Registry)) {
        // A panic while registering leaves a registry that is as good as before.
        add(&mut self.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }

    /// All of it as text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &registry);
        text
    }
}
