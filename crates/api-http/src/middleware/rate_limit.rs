//! How many requests are answered, told by the `RateLimit` header fields (draft-ietf-httpapi-ratelimit-headers-10).
//!
//! Each node counts for itself: this keeps one client from wearing out a node. What must hold for the
//! whole platform, such as how much mail an organization causes, is counted in the database instead.
//!
//! An API key may have a limit of its own. It is counted when the key is looked at, and told here in place of the service's.

use std::{
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    num::NonZeroU32,
    sync::OnceLock,
    time::Duration,
};

use axum::{extract::Request, response::Response};
use governor::{
    Quota as Rate, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use rollcall_domain::{ApiKeyId, OrganizationId, api_keys::RateLimit, audit::Origin};
use time::OffsetDateTime;

use crate::{
    api::{Api, HttpSettings, Quota, Quotas},
    credential::Credential,
    problem::{Code, Problem},
    service_credential,
};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// Limits that are whole again are forgotten every so many requests.
const TIDY_EVERY: u32 = 4096;

/// Paths that try passwords or tokens, or cause mail to strangers.
const ATTEMPTS: [&str; 30] = [
    "/signup/complete",
    "/invitations/accept",
    "/invitations/accept/here",
    "/v1/signup",
    "/v1/signup/complete",
    "/v1/sessions",
    "/v1/sessions/passkey",
    "/v1/sessions/passkey/options",
    "/v1/sessions/mfa",
    "/v1/invitations/preview",
    "/v1/invitations/accept",
    "/v1/password-resets",
    "/v1/password-resets/complete",
    "/v1/session/elevate",
    "/v1/me/mfa/totp/confirm",
    "/v1/api-keys/report",
    "/v1/me/password",
    "/v1/me/email",
    "/v1/me/email/confirm",
    "/me/email/confirm",
    "/password/reset",
    "/sign-in",
    "/sign-in/passkey",
    "/sign-in/second-factor",
    "/sign-in/second-factor/options",
    "/sign-up",
    "/password/forgotten",
    "/account/password",
    "/account/email",
    "/account/second-factor/app/confirm",
];

/// Paths that services beside Rollcall ask at with their credential. Asking there changes nothing and leaves no event.
pub(super) const SERVICES: [&str; 4] =
    ["/v1/introspect", "/access/v1/evaluation", "/access/v1/evaluations", "/v1/service/revocations"];

/// Never limited.
const HEALTH: &str = "/healthz";

type Limiter<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock, StateInformationMiddleware>;

struct Policy<K: Clone + Eq + std::hash::Hash> {
    name: &'static str,
    quota: Quota,
    limiter: Limiter<K>,
}

/// What has been asked so far.
pub(crate) struct RateLimits {
    requests_by_network: Policy<IpAddr>,
    /// By a hash of it under `key`, which is secret, so that nobody can make up one that collides with another's.
    requests_by_credential: Policy<u64>,
    key: RandomState,
    attempts_by_network: Policy<IpAddr>,
    services_by_network: Policy<IpAddr>,
    since_tidied: std::sync::atomic::AtomicU32,
}

/// How a request stands against a policy.
pub(super) struct Standing {
    name: &'static str,
    quota: Quota,
    remaining: u32,
    /// How long until the allowance is whole again, where it is known.
    whole_in: Option<Duration>,
    wait: Option<Duration>,
}

impl<K: Clone + Eq + std::hash::Hash> Policy<K> {
    fn new(name: &'static str, quota: Quota) -> Self {
        let burst = NonZeroU32::new(quota.requests).unwrap_or(NonZeroU32::MIN);
        let period = Duration::from_secs(u64::from(quota.per_seconds.max(1))) / burst.get();
        // A period is zero only for more requests than nanoseconds.
        let rate = Rate::with_period(period.max(Duration::from_nanos(1))).map(|rate| rate.allow_burst(burst));
        let rate = rate.unwrap_or(Rate::per_second(burst));
        let limiter = RateLimiter::dashmap(rate).with_middleware::<StateInformationMiddleware>();
        Self { name, quota, limiter }
    }

    fn count(&self, key: &K) -> Standing {
        let (remaining, wait) = match self.limiter.check_key(key) {
            Ok(snapshot) => (snapshot.remaining_burst_capacity(), None),
            Err(not_until) => (0, Some(not_until.wait_time_from(DefaultClock::default().now()))),
        };
        Standing { name: self.name, quota: self.quota, remaining, whole_in: None, wait }
    }
}

impl RateLimits {
    pub(crate) fn new(quotas: Quotas) -> Self {
        Self {
            requests_by_network: Policy::new("requests", quotas.requests),
            requests_by_credential: Policy::new("requests", quotas.requests),
            key: RandomState::new(),
            attempts_by_network: Policy::new("attempts", quotas.attempts),
            services_by_network: Policy::new("services", quotas.services),
            since_tidied: std::sync::atomic::AtomicU32::new(0),
        }
    }

    /// Counts a request against the policy that it comes closest to.
    fn count(&self, request: &Request, network: IpAddr, settings: &HttpSettings) -> Standing {
        self.tidy();
        // By network, so that one service does not use up what the others may ask. Whoever guesses at the credential is counted as
        // anybody is.
        if SERVICES.contains(&request.uri().path())
            && service_credential::is_shown(request.headers(), settings)
        {
            return self.services_by_network.count(&network);
        }
        if *request.method() == Method::POST && ATTEMPTS.contains(&request.uri().path()) {
            return self.attempts_by_network.count(&network);
        }
        match Credential::of(request.headers(), settings.cookie).token() {
            // Made-up tokens must not buy a fresh allowance each: the network pays for every request too.
            Some(token) => {
                let network = self.requests_by_network.count(&network);
                let credential = self.requests_by_credential.count(&self.key.hash_one(token.expose()));
                if network.wait.is_some() || network.remaining < credential.remaining {
                    network
                } else {
                    credential
                }
            }
            None => self.requests_by_network.count(&network),
        }
    }

    /// Counts an attempt that has failed; too many of them are a problem.
    pub(crate) fn attempt(&self, network: IpAddr) -> Option<Problem> {
        self.attempts_by_network.count(&network).refusal()
    }

    fn tidy(&self) {
        let count = self.since_tidied.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if count % TIDY_EVERY == TIDY_EVERY - 1 {
            self.requests_by_network.limiter.retain_recent();
            self.requests_by_credential.limiter.retain_recent();
            self.attempts_by_network.limiter.retain_recent();
            self.services_by_network.limiter.retain_recent();
        }
    }
}

/// Counts a request; none where nothing is limited.
pub(super) fn count(api: &Api, request: &Request) -> Option<Standing> {
    let limits = api.limits.as_ref()?;
    // Whoever asks whether the process lives would take a refusal for a no, and restart it. It costs nothing to answer.
    if request.uri().path() == HEALTH {
        return None;
    }
    let network = request.extensions().get().and_then(Origin::network)?;
    Some(limits.count(request, network, &api.settings))
}

/// What becomes known of the API key that a request came with: how it stands against a limit of its own, and whose call it is, if that
/// is kept.
#[derive(Default)]
pub(crate) struct OfKey {
    standing: OnceLock<Standing>,
    caller: OnceLock<CalledBy>,
}

/// Whose call a request is.
pub(crate) struct CalledBy {
    pub(crate) organization: OrganizationId,
    pub(crate) key: ApiKeyId,
    pub(crate) at: OffsetDateTime,
    pub(crate) origin: Origin,
}

impl OfKey {
    pub(super) fn standing(&self) -> Option<&Standing> {
        self.standing.get()
    }

    /// Whose call it is, once that is known and if it is kept.
    pub(super) fn caller(&self) -> Option<&CalledBy> {
        self.caller.get()
    }

    /// Notes whose call it is.
    pub(crate) fn called(&self, caller: CalledBy) {
        // Once in a request.
        let _ = self.caller.set(caller);
    }

    /// Notes how the key stands; with how long to wait, if there was no room for the request.
    pub(crate) fn note(&self, limit: RateLimit, remaining: u32, whole_in: Duration, wait: Option<Duration>) {
        let quota = Quota { requests: limit.requests(), per_seconds: limit.per_seconds() };
        let standing = Standing { name: "api_key", quota, remaining, whole_in: Some(whole_in), wait };
        // Once in a request.
        let _ = self.standing.set(standing);
    }
}

impl Standing {
    /// The limit's name when there have been too many.
    pub(super) fn exceeded(&self) -> Option<&'static str> {
        self.wait.is_some().then_some(self.name)
    }

    /// What is answered instead when there have been too many.
    pub(super) fn refusal(&self) -> Option<Problem> {
        let Quota { requests, per_seconds } = self.quota;
        let detail =
            format!("At most {requests} requests of this kind are answered in {per_seconds} seconds.");
        Some(Problem::new(Code::RateLimited, detail).retry_after(self.wait?.as_secs() + 1))
    }

    /// Tells it in the header fields of an answer, unless the answer tells of a limit that came sooner.
    pub(super) fn tell(&self, response: &mut Response) {
        if response.headers().contains_key(RATE_LIMIT) {
            return;
        }
        let Self { name, quota: Quota { requests, per_seconds }, remaining, whole_in, wait } = *self;
        let missing = u64::from(requests - remaining.min(requests));
        // Seconds until the allowance is whole again.
        let reset = match (wait, whole_in) {
            (Some(wait), _) => wait.as_secs() + 1,
            (None, Some(whole_in)) => whole_in.as_secs(),
            (None, None) => missing * u64::from(per_seconds) / u64::from(requests.max(1)),
        };
        tell_limit(response.headers_mut(), name, (requests, per_seconds.into()), (remaining, reset));
    }
}

/// Tells of a policy, so much in so many seconds, and how one stands against it: what remains, and the seconds until all of it
/// is there again.
pub(crate) fn tell_limit(
    headers: &mut HeaderMap,
    name: &str,
    (quota, per_seconds): (u32, u64),
    (remaining, reset): (u32, u64),
) {
    for (header, value) in [
        (RATE_LIMIT_POLICY, format!("\"{name}\";q={quota};w={per_seconds}")),
        (RATE_LIMIT, format!("\"{name}\";r={remaining};t={reset}")),
    ] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(header, value);
        }
    }
}
