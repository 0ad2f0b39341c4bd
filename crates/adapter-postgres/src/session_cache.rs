//! Sessions and API keys that were looked up a moment ago, so that checking one again costs no visit to the database.
//!
//! Three things keep what is remembered true. A change made by this node forgets what it touches before it is
//! acknowledged. A change made by another node is heard of by a notification that its commit sends. And what is
//! remembered is only believed for [`TRUST`] after the database has last shown, on the connection that brings the
//! notifications, that nothing is missing: so whatever becomes of that connection, no session outlives its end by more.

use std::{
    collections::HashMap,
    convert::Infallible,
    hash::Hash,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use quick_cache::sync::Cache;
use rollcall_application::{
    ErrorChain,
    api_keys::{FoundKey, KeyHash},
    ports::OpenSession,
};
use rollcall_domain::secret::TokenHash;
use sqlx::{
    Executor,
    postgres::{PgConnectOptions, PgListener, PgNotification, PgPoolOptions},
};
use time::OffsetDateTime;
use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout},
};
use uuid::Uuid;

use crate::stream::{STREAM, StreamHeard};

/// The channel that the triggers of migrations 3 and 11 speak on.
const CHANNEL: &str = "rollcall_sessions";
/// How often the database is asked to show that nothing is missing.
const ASK_EVERY: Duration = Duration::from_millis(250);
/// How long what is remembered is believed after the database was last asked.
pub(crate) const TRUST: Duration = Duration::from_millis(750);
/// The longest wait for a connection to hear of changes on,
const PATIENCE: Duration = Duration::from_secs(5);
/// and the pause before another try.
const PAUSE: Duration = Duration::from_millis(250);
/// How long a session or a key is remembered at the most.
const LIFETIME: Duration = Duration::from_secs(60);
/// The most sessions, and the most keys, that are remembered: some 60 MB each.
const MOST: usize = 100_000;
/// How many changes are kept in mind before the old ones among them are looked for.
const TIDY_AT: usize = 4_096;

/// When something was looked up or changed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// Counts the changes that this node has heard of.
    turn: u64,
    /// On the clock of the cache.
    at: Duration,
}

/// Sessions and API keys that were looked up a moment ago.
pub(crate) struct SessionCache {
    sessions: Cache<TokenHash, Arc<Remembered<OpenSession>>>,
    keys: Cache<KeyHash, Arc<Remembered<FoundKey>>>,
    changes: RwLock<Changes>,
    turn: AtomicU64,
    /// What was looked up before this turn is not believed: changes were missed in between.
    missed: AtomicU64,
    /// Until when what is remembered is believed, in microseconds of the clock below.
    trusted: AtomicU64,
    /// Told of each change that is heard of.
    pub(crate) change_heard: Notify,
    /// What is heard of on the same connection besides: where something was told live.
    pub(crate) stream: StreamHeard,
    /// Whether changes are heard of, for the log.
    hears: AtomicBool,
    began: Instant,
}

struct Remembered<T> {
    found: T,
    /// When looking it up began.
    since: Moment,
}

/// When the sessions of an account or an organization, or an API key, last changed. What was looked up before is not believed, so
/// forgetting is one entry here, however many sessions there are.
struct Changes {
    last: HashMap<Uuid, Moment>,
    tidy_at: usize,
}

impl Default for SessionCache {
    fn default() -> Self {
        Self {
            sessions: Cache::new(MOST),
            keys: Cache::new(MOST),
            changes: RwLock::new(Changes { last: HashMap::new(), tidy_at: TIDY_AT }),
            turn: AtomicU64::new(1),
            missed: AtomicU64::new(0),
            trusted: AtomicU64::new(0),
            change_heard: Notify::new(),
            stream: StreamHeard::default(),
            hears: AtomicBool::new(false),
            began: Instant::now(),
        }
    }
}

impl SessionCache {
    /// The session that a token opens, if it is remembered and can be believed.
    pub(crate) fn find(&self, token: &TokenHash) -> Option<OpenSession> {
        self.find_at(token, self.began.elapsed())
    }

    fn find_at(&self, token: &TokenHash, now: Duration) -> Option<OpenSession> {
        self.believed(&self.sessions, token, now, |OpenSession { session, .. }| {
            [Some(session.user.uuid()), session.organization.map(|organization| organization.uuid())]
        })
        .map(|(mut found, since_then)| {
            let since_then = time::Duration::try_from(since_then).unwrap_or(time::Duration::MAX);
            found.mfa_deadline = found.mfa_deadline.map(|deadline| deadline.after(since_then));
            found
        })
    }

    /// The API key that a secret opens, if it is remembered and can be believed. When it ends is for whoever asks to look at.
    pub(crate) fn find_key(&self, secret: &KeyHash) -> Option<FoundKey> {
        self.believed(&self.keys, secret, self.began.elapsed(), |FoundKey { key, organization, .. }| {
            [Some(key.id.uuid()), Some(organization.id.uuid())]
        })
        .map(|(found, _)| found)
    }

    /// What is remembered of something that depends on the things with these ids, and since when.
    fn believed<K: Eq + Hash, T: Clone>(
        &self,
        cache: &Cache<K, Arc<Remembered<T>>>,
        key: &K,
        now: Duration,
        depends_on: impl FnOnce(&T) -> [Option<Uuid>; 2],
    ) -> Option<(T, Duration)> {
        if micros(now) >= self.trusted.load(Ordering::Acquire) {
            return None;
        }
        let remembered = cache.get(key)?;
        let Remembered { found, since } = &*remembered;
        let changes = self.changes.read().unwrap_or_else(PoisonError::into_inner);
        let changed = |id: Uuid| changes.last.get(&id).is_some_and(|change| change.turn > since.turn);
        let believed = now < since.at + LIFETIME
            && since.turn >= self.missed.load(Ordering::Acquire)
            && !depends_on(found).into_iter().flatten().any(changed);
        believed.then(|| (found.clone(), now - since.at))
    }

    /// This moment: to be asked for before a session is looked up.
    pub(crate) fn moment(&self) -> Moment {
        // The time first, and for a change last: what was looked up before a change in turn is never younger than it.
        let at = self.began.elapsed();
        Moment { turn: self.turn.load(Ordering::Acquire), at }
    }

    /// Remembers a session whose looking up began at `since`.
    pub(crate) fn remember(&self, token: TokenHash, since: Moment, found: &OpenSession) {
        self.sessions.insert(token, Arc::new(Remembered { found: found.clone(), since }));
    }

    /// Remembers an API key whose looking up began at `since`.
    pub(crate) fn remember_key(&self, secret: KeyHash, since: Moment, found: &FoundKey) {
        self.keys.insert(secret, Arc::new(Remembered { found: found.clone(), since }));
    }

    /// Notes that a session was used, as the database has just done.
    pub(crate) fn seen(&self, token: TokenHash, at: OffsetDateTime) {
        if let Some(remembered) = self.sessions.get(&token) {
            let mut found = remembered.found.clone();
            found.session.last_seen_at = found.session.last_seen_at.max(at);
            self.remember(token, remembered.since, &found);
        }
    }

    /// Forgets the sessions of accounts and organizations, the API keys of organizations, and single API keys.
    pub(crate) fn forget(&self, changed: impl IntoIterator<Item = Uuid>) {
        let mut changes = self.changes.write().unwrap_or_else(PoisonError::into_inner);
        for id in changed {
            let turn = self.turn.fetch_add(1, Ordering::AcqRel) + 1;
            changes.last.insert(id, Moment { turn, at: self.began.elapsed() });
        }
        let at = self.began.elapsed();
        if changes.last.len() >= changes.tidy_at {
            // What was looked up before such a change has outlived its time by now.
            changes.last.retain(|_, change| change.at + LIFETIME > at);
            changes.tidy_at = TIDY_AT.max(changes.last.len() * 2);
        }
    }

    /// Forgets everything: changes may have been missed.
    fn forget_all(&self) {
        self.missed.store(self.turn.fetch_add(1, Ordering::AcqRel) + 1, Ordering::Release);
    }

    fn trust_from(&self, asked: Duration) {
        self.trusted.store(micros(asked + TRUST), Ordering::Release);
    }

    /// Hears of changes for as long as it is polled, and begins again whenever the connection is lost.
    pub(crate) async fn keep_true(&self, options: &PgConnectOptions) {
        loop {
            let Err(error) = self.listen(options).await;
            // Told once, however long it lasts.
            if self.hears.swap(false, Ordering::AcqRel) {
                tracing::warn!(
                    error = %ErrorChain(&error),
                    "changes of sessions and API keys are not heard of; they are looked up in the database meanwhile"
                );
            }
            sleep(PAUSE).await;
        }
    }

    async fn listen(&self, options: &PgConnectOptions) -> Result<Infallible, sqlx::Error> {
        // A pool of its own each time: a connection that hangs is not waited for.
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(PATIENCE).max_lifetime(None);
        let mut listener = PgListener::connect_with(&pool.connect_lazy_with(options.clone())).await?;
        // A connection that is made anew without our knowing would have missed what came in between.
        listener.eager_reconnect(false);
        listener.listen_all([CHANNEL, STREAM]).await?;
        self.forget_all();
        self.stream.missed();
        if !self.hears.swap(true, Ordering::AcqRel) {
            tracing::info!("changes of sessions and API keys are heard of");
        }
        loop {
            let asked = Instant::now();
            // The database sends what has been notified before it answers.
            timeout(TRUST, (&mut listener).execute("SELECT"))
                .await
                .map_err(|_| sqlx::Error::PoolTimedOut)??;
            while let Some(notification) = listener.next_buffered() {
                self.notified(&notification);
            }
            self.trust_from(asked - self.began);
            let pause = sleep(ASK_EVERY);
            tokio::pin!(pause);
            loop {
                tokio::select! {
                    heard = listener.try_recv() => match heard? {
                        Some(notification) => self.notified(&notification),
                        None => return Err(sqlx::Error::WorkerCrashed),
                    },
                    () = &mut pause => break,
                }
            }
        }
    }

    fn notified(&self, notification: &PgNotification) {
        match notification.channel() {
            STREAM => self.stream.heard(notification.payload()),
            _ => self.heard(notification.payload()),
        }
    }

    /// Whether changes are heard of: the database has shown a moment ago that nothing is missing.
    pub(crate) fn hears(&self) -> bool {
        micros(self.began.elapsed()) < self.trusted.load(Ordering::Acquire)
    }

    fn heard(&self, payload: &str) {
        match payload.parse() {
            Ok(id) => self.forget([id]),
            // Not from our triggers: whatever it means, looking again is safe.
            Err(_) => self.forget_all(),
        }
        self.change_heard.notify_one();
    }
}

fn micros(since_began: Duration) -> u64 {
    u64::try_from(since_began.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{
        OrganizationId, Role, SessionId, UserId,
        accounts::{Locale, TimeZone, User},
        organizations::{Organization, Plan},
        security::Deadline,
        sessions::Session,
    };

    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
    const TOKEN: TokenHash = TokenHash([1; 32]);

    fn user() -> Uuid {
        UserId::from_parts(0, &[1; 10]).uuid()
    }

    fn organization() -> Uuid {
        OrganizationId::from_parts(0, &[2; 10]).uuid()
    }

    fn open_session() -> OpenSession {
        let (user, organization) = (UserId::from_uuid(user()), OrganizationId::from_uuid(organization()));
        OpenSession {
            session: Session {
                id: SessionId::from_parts(0, &[3; 10]),
                user,
                organization: Some(organization),
                authenticated_at: NOW,
                last_seen_at: NOW,
                expires_at: NOW,
            },
            user: Arc::new(User {
                id: user,
                email: "ada@example.com".parse().expect("an address"),
                name: "Ada".parse().expect("a name"),
                locale: Locale::default(),
                time_zone: TimeZone::default(),
                created_at: NOW,
                mfa_enabled: false,
                version: 1,
            }),
            suspended: false,
            seat: Some((
                Arc::new(Organization {
                    id: organization,
                    slug: "acme-abc123".parse().expect("a slug"),
                    name: "Acme".parse().expect("a name"),
                    plan: Plan::Free,
                    created_at: NOW,
                    suspended: false,
                    version: 1,
                }),
                Role::Owner,
            )),
            mfa_deadline: None,
        }
    }

    /// A cache that hears of changes, and remembers one session.
    fn cache() -> SessionCache {
        let cache = SessionCache::default();
        cache.trust_from(cache.began.elapsed());
        cache.remember(TOKEN, cache.moment(), &open_session());
        cache
    }

    #[test]
    fn what_is_remembered_is_found_until_it_changes() {
        for changed in [user(), organization()] {
            let cache = cache();
            cache.forget([Uuid::from_u128(7)]);
            assert!(cache.find(&TOKEN).is_some());
            cache.forget([changed]);
            assert!(cache.find(&TOKEN).is_none());
            cache.remember(TOKEN, cache.moment(), &open_session());
            assert!(cache.find(&TOKEN).is_some());
        }
    }

    #[test]
    fn what_changes_while_it_is_looked_up_is_not_remembered() {
        let cache = cache();
        let since = cache.moment();
        cache.forget([user()]);
        cache.remember(TOKEN, since, &open_session());
        assert!(cache.find(&TOKEN).is_none());
        let since = cache.moment();
        cache.forget_all();
        cache.remember(TOKEN, since, &open_session());
        assert!(cache.find(&TOKEN).is_none());
    }

    #[test]
    fn nothing_is_believed_longer_than_the_bound_after_the_database_was_last_asked() {
        let cache = cache();
        cache.trust_from(Duration::from_secs(10));
        assert!(cache.find_at(&TOKEN, Duration::from_secs(10) + TRUST - Duration::from_micros(1)).is_some());
        assert!(cache.find_at(&TOKEN, Duration::from_secs(10) + TRUST).is_none());
        assert!(TRUST < Duration::from_secs(1));
    }

    #[test]
    fn nothing_is_remembered_for_ever_and_changes_are_not_either() {
        let cache = cache();
        cache.trust_from(LIFETIME + LIFETIME);
        assert!(cache.find_at(&TOKEN, LIFETIME / 2).is_some());
        assert!(cache.find_at(&TOKEN, LIFETIME + Duration::from_secs(1)).is_none());
        cache.forget((0..3 * TIDY_AT as u128).map(Uuid::from_u128));
        // None of them is old enough to be dropped.
        assert_eq!(cache.changes.read().expect("no panic").last.len(), 3 * TIDY_AT);
    }

    #[test]
    fn a_deadline_comes_closer_while_a_session_is_remembered() {
        let cache = cache();
        cache.trust_from(LIFETIME);
        let deadline = Deadline { at: NOW, left: time::Duration::seconds(30) };
        let since = cache.moment();
        cache.remember(TOKEN, since, &OpenSession { mfa_deadline: Some(deadline), ..open_session() });
        let over = |after| {
            let found = cache.find_at(&TOKEN, since.at + Duration::from_secs(after)).expect("a session");
            found.mfa_deadline.expect("a deadline").is_over()
        };
        assert!(!over(29) && over(30));
        // Noting a use does not begin the count anew, nor takes time off twice.
        cache.seen(TOKEN, NOW);
        assert!(!over(29) && over(30));
    }

    #[test]
    fn a_use_that_is_noted_is_remembered_and_makes_nothing_true_again() {
        let cache = cache();
        cache.seen(TOKEN, NOW + time::Duration::HOUR);
        assert_eq!(
            cache.find(&TOKEN).map(|found| found.session.last_seen_at),
            Some(NOW + time::Duration::HOUR)
        );
        cache.forget([user()]);
        cache.seen(TOKEN, NOW + time::Duration::DAY);
        assert!(cache.find(&TOKEN).is_none());
    }

    #[test]
    fn a_notification_that_cannot_be_read_forgets_everything() {
        let cache = cache();
        cache.heard("anything");
        assert!(cache.find(&TOKEN).is_none());
    }
}
