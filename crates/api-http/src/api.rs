//! What handlers and middleware work with.

use std::{ops::Deref, sync::Arc, time::Duration};

use ipnet::IpNet;
use rollcall_application::{Application, ports::IdempotencyKeys};
use rollcall_domain::secret::Secret;

use crate::{credential::SessionCookie, metrics::Metrics, middleware::RateLimits, request_ids::RequestIds};

/// What handlers and middleware work with. Every layer and every handler has a clone of its own for each request, so it is one
/// pointer.
#[derive(Clone)]
pub struct Api(Arc<Joined>);

/// The parts of an [`Api`].
pub struct Joined {
    /// The use cases' ports and settings.
    pub app: Application,
    /// Answers to keyed requests.
    pub idempotency: Arc<dyn IdempotencyKeys>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What the configuration says.
    pub settings: HttpSettings,
    pub(crate) limits: Option<RateLimits>,
    pub(crate) request_ids: RequestIds,
}

impl Deref for Api {
    type Target = Joined;

    fn deref(&self) -> &Joined {
        &self.0
    }
}

/// What the configuration says about HTTP.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Scheme, host and port under which browsers reach the service, without a path: `https://rollcall.example`.
    pub public_origin: String,
    /// The cookie that holds a browser's session.
    pub cookie: SessionCookie,
    /// What services beside Rollcall show on their own paths; those are closed when none.
    pub service_token: Option<Secret>,
    /// What the platform's own staff show on their paths; those are closed when none.
    pub operator_token: Option<Secret>,
    /// Networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The most bytes of a request's body.
    pub body_limit: usize,
    /// The most bytes of a transcript.
    pub transcript_limit: usize,
    /// The longest that answering may take.
    pub timeout: Duration,
    /// How slowly recordings may be uploaded.
    pub upload_pace: UploadPace,
    /// How many requests are answered; as many as come when none.
    pub quotas: Option<Quotas>,
    /// Whether browsers are told to come by TLS only (`Strict-Transport-Security`).
    pub hsts: bool,
    /// How the span of a request goes on with a trace that was begun elsewhere, of which it is told by a whole `traceparent` (W3C Trace
    /// Context); traces begin here when none.
    pub continue_trace: Option<fn(&tracing::Span, &str)>,
}

/// How slowly an upload may come.
#[derive(Debug, Clone, Copy)]
pub struct UploadPace {
    /// The longest that nothing may come.
    pub silence: Duration,
    /// The fewest bytes a second, over each minute that they were waited for.
    pub bytes_per_second: u64,
}

/// The most bytes of a batch of events: a thousand of four kilobytes.
const EVENTS_LIMIT: usize = 4 * 1024 * 1024;

impl HttpSettings {
    /// The most bytes of the body of a request to a path.
    pub(crate) fn body_limit_at(&self, path: &str) -> usize {
        let of_transcript = path.starts_with("/v1/calls/") && path.ends_with("/transcript");
        match path {
            _ if of_transcript => self.transcript_limit,
            "/v1/audit/events" => self.body_limit.max(EVENTS_LIMIT),
            _ => self.body_limit,
        }
    }
}

/// How many requests are answered.
#[derive(Debug, Clone, Copy)]
pub struct Quotas {
    /// From one network, or with one credential.
    pub requests: Quota,
    /// From one network, of the kind that tries passwords or tokens or causes mail to strangers.
    pub attempts: Quota,
    /// From one network, with the credential of services on their own paths.
    pub services: Quota,
}

/// A number of requests in a period.
#[derive(Debug, Clone, Copy)]
pub struct Quota {
    /// How many at once; at least 1.
    pub requests: u32,
    /// Seconds until all of them are there again; at least 1.
    pub per_seconds: u32,
}

impl Api {
    /// Joins the parts.
    pub fn new(
        app: Application,
        idempotency: Arc<dyn IdempotencyKeys>,
        metrics: Arc<Metrics>,
        settings: HttpSettings,
    ) -> Self {
        let limits = settings.quotas.map(RateLimits::new);
        let request_ids = RequestIds::new(app.entropy.as_ref());
        Self(Arc::new(Joined { app, idempotency, metrics, settings, limits, request_ids }))
    }
}
