//! A transaction that has said what it may touch.

use std::collections::BTreeMap;

use rollcall_application::{
    audit::Record,
    ports::{ClaimedKey, Scope, StoreError, UnitOfWork},
    stream::StreamNotice,
    trace::UnitSpan,
};
use rollcall_domain::{OrganizationId, audit::Outcome};
use sqlx::{AssertSqlSafe, Executor, PgConnection, Postgres};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{connection::Pool, error::store_error, row::moment, store::PgStore, stream::NoticeRows};

/// Names the platform's own log, where there is no organization.
pub(crate) const NO_ORGANIZATION: Uuid = Uuid::nil();

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransactionPurpose {
    /// To change something.
    Change,
    /// To read, all of it as it was at one moment.
    Look,
}

/// A transaction in one scope: a unit of work, or a view.
pub(crate) struct Transaction {
    pub(crate) inner: sqlx::Transaction<'static, Postgres>,
    scope: Scope,
    store: PgStore,
    /// The accounts and organizations whose sessions, and the API keys that, are not what they were, once this is committed.
    changed: Vec<Uuid>,
    /// Whether a letter has been queued.
    letters: bool,
    /// What whoever watches is told, by organization, once this is committed.
    notices: BTreeMap<Uuid, Vec<StreamNotice>>,
    /// The keyed request that it is for, until it is noted that it is done.
    keyed: Option<ClaimedKey>,
    /// Whether something of it is more than a refusal that is written down.
    changes: bool,
    /// Ends with it.
    span: UnitSpan,
}

/// Pieces of the platform's own bookkeeping, by the names that the policies know.
pub(crate) mod task {
    pub(crate) const SIGNUPS: &str = "signups";
    pub(crate) const PASSWORD_RESETS: &str = "password_resets";
    pub(crate) const SIGNING_KEYS: &str = "signing_keys";
    pub(crate) const EMAIL_CHANGES: &str = "email_changes";
    pub(crate) const PASSKEY_CEREMONIES: &str = "passkey_ceremonies";
    pub(crate) const SECOND_FACTORS: &str = "second_factors";
    pub(crate) const OUTBOX: &str = "outbox";
    pub(crate) const IDEMPOTENCY: &str = "idempotency";
    pub(crate) const EXPIRY: &str = "expiry";
    pub(crate) const ATTEMPTS: &str = "attempts";
    pub(crate) const MAILBOX: &str = "mailbox";
    pub(crate) const MFA_NOTICES: &str = "mfa_notices";
    pub(crate) const PURGE: &str = "purge";
    pub(crate) const ERASURES: &str = "erasures";
    pub(crate) const OPERATOR: &str = "operator";
    pub(crate) const RECORDINGS: &str = "recordings";
    pub(crate) const STREAM: &str = "stream";
    pub(crate) const AVAILABILITY: &str = "availability";
    pub(crate) const REVOCATIONS: &str = "revocations";
    pub(crate) const AUDIT: &str = "audit";
    pub(crate) const AUDIT_SKETCHES: &str = "audit_sketches";
    pub(crate) const AUDIT_RETENTION: &str = "audit_retention";
    pub(crate) const DELIVERIES: &str = "deliveries";
}

impl Transaction {
    pub(crate) async fn begin(
        store: &PgStore,
        scope: Scope,
        purpose: TransactionPurpose,
    ) -> Result<Self, StoreError> {
        Self::begin_on(&store.pool, store, scope, purpose).await
    }

    /// The same on connections to another copy of the database.
    pub(crate) async fn begin_on(
        pool: &Pool,
        store: &PgStore,
        scope: Scope,
        purpose: TransactionPurpose,
    ) -> Result<Self, StoreError> {
        let inner = begin_with(pool, purpose, &declaration(scope)).await?;
        Ok(Self {
            inner,
            scope,
            store: store.clone(),
            changed: Vec::new(),
            letters: false,
            notices: BTreeMap::new(),
            keyed: ClaimedKey::current().filter(|_| purpose == TransactionPurpose::Change),
            changes: false,
            span: UnitSpan::of_current(),
        })
    }

    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        &mut self.inner
    }

    /// Says that it may touch something else for a moment.
    pub(crate) async fn declare(&mut self, settings: String) -> Result<(), StoreError> {
        self.inner.execute(AssertSqlSafe(settings)).await.map_err(store_error).map(drop)
    }

    /// Says once more what it may touch.
    pub(crate) async fn declare_again(&mut self) -> Result<(), StoreError> {
        self.declare(declaration(self.scope)).await
    }

    /// Now, on the clock that all nodes share.
    pub(crate) async fn shared_now(&mut self) -> Result<OffsetDateTime, StoreError> {
        if let Some(moment) = self.store.moment() {
            return Ok(moment);
        }
        // Not `now()`: that is when the transaction began, before it had to wait for anybody.
        let now = sqlx::query_scalar!(r#"SELECT clock_timestamp() AS "now!""#);
        now.fetch_one(self.connection()).await.map(moment).map_err(store_error)
    }

    /// Waits until nobody else holds the lock of this name, and holds it until the end. Two names that are told apart by too little are
    /// one lock: they wait for each other, and no more.
    pub(crate) async fn lock_named(&mut self, name: &str) -> Result<(), StoreError> {
        let lock = sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", name);
        lock.execute(self.connection()).await.map_err(store_error).map(drop)
    }

    /// Notes that what sessions of an account or of an organization, or an API key, are checked against changes.
    pub(crate) fn sessions_change(&mut self, whose: Uuid) {
        self.changed.push(whose);
    }

    /// The organization of the scope, if it is in one.
    pub(crate) fn organization(&self) -> Option<OrganizationId> {
        self.scope.organization()
    }

    /// The account of the scope, if it is about one.
    pub(crate) fn account(&self) -> Option<Uuid> {
        self.scope.user().map(|user| user.uuid())
    }

    /// Writes what a record holds to where the scope belongs.
    async fn write_down(&mut self, record: &Record) -> Result<(), StoreError> {
        let organization = self.scope.organization();
        crate::record::write(&mut self.inner, organization, record, self.store.entropy.as_ref()).await?;
        self.letters |= !record.letters().is_empty();
        self.changes |= record.entries().any(|entry| entry.event().outcome == Outcome::Success);
        if let Some(organization) = organization {
            let notices: Vec<_> =
                record.entries().filter_map(|entry| StreamNotice::of(entry.event())).collect();
            if !notices.is_empty() {
                self.notices.entry(organization.uuid()).or_default().extend(notices);
            }
        }
        Ok(())
    }

    /// Notes that the keyed request which this is for is done, so that it lasts with the change or not at all. Whoever was taken for dead
    /// meanwhile does nothing: somebody else may be at it.
    async fn note_done(&mut self) -> Result<(), StoreError> {
        let Some(claimed) = self.keyed.take().filter(|_| self.changes) else { return Ok(()) };
        self.declare(settings(None, None, task::IDEMPOTENCY)).await?;
        if !crate::idempotency::done(&mut self.inner, &claimed).await? {
            return Err(StoreError::Unavailable("the request was taken for dead".into()));
        }
        self.declare_again().await
    }

    /// Tells whoever is told. What whoever watches is told comes last: from there on whatever else is told in these organizations
    /// waits until this is over. What is queued for others needs no order, and is queued before.
    async fn tell(&mut self) -> Result<(), StoreError> {
        let notices = std::mem::take(&mut self.notices).into_iter();
        let told: Vec<_> =
            notices.map(|(organization, notices)| (organization, NoticeRows::from(notices))).collect();
        let mut here = self.scope.organization().map(|scope| scope.uuid());
        for (organization, told) in told.iter().filter(|(_, told)| told.is_for_subscribers()) {
            self.go_to(&mut here, *organization).await?;
            crate::webhooks::queue(&mut self.inner, *organization, told).await?;
        }
        for (organization, told) in &told {
            self.go_to(&mut here, *organization).await?;
            crate::stream::tell(&mut self.inner, *organization, told).await?;
        }
        Ok(())
    }

    /// Says that it may touch another organization, if it is not the one that it is in.
    async fn go_to(&mut self, here: &mut Option<Uuid>, organization: Uuid) -> Result<(), StoreError> {
        if here.replace(organization) != Some(organization) {
            self.declare(settings(Some(organization), None, "")).await?;
        }
        Ok(())
    }
}

/// The settings by which the policies know a scope.
fn declaration(scope: Scope) -> String {
    let organization = scope.organization().map_or(NO_ORGANIZATION, |organization| organization.uuid());
    let task = match scope {
        Scope::Signups => task::SIGNUPS,
        Scope::PasswordResets => task::PASSWORD_RESETS,
        Scope::SigningKeys => task::SIGNING_KEYS,
        Scope::Organization(_) | Scope::Account(_) | Scope::Seat { .. } | Scope::Platform => "",
    };
    settings(Some(organization), scope.user().map(|user| user.uuid()), task)
}

/// `SET LOCAL` ends with the transaction, however it ends.
pub(crate) fn settings(organization: Option<Uuid>, user: Option<Uuid>, task: &'static str) -> String {
    let text = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    // Ids are written by us, so there is nothing in them that SQL could mistake.
    format!(
        "SET LOCAL rollcall.org_id = '{}'; SET LOCAL rollcall.user_id = '{}'; SET LOCAL rollcall.task = '{task}'",
        text(organization),
        text(user),
    )
}

/// Begins a transaction and says what it may touch.
pub(crate) async fn begin(
    pool: &Pool,
    purpose: TransactionPurpose,
    organization: Option<Uuid>,
    user: Option<Uuid>,
    task: &'static str,
) -> Result<sqlx::Transaction<'static, Postgres>, StoreError> {
    begin_with(pool, purpose, &settings(organization, user, task)).await
}

async fn begin_with(
    pool: &Pool,
    purpose: TransactionPurpose,
    settings: &str,
) -> Result<sqlx::Transaction<'static, Postgres>, StoreError> {
    let mode = match purpose {
        TransactionPurpose::Change => "",
        TransactionPurpose::Look => " ISOLATION LEVEL REPEATABLE READ READ ONLY",
    };
    pool.begin(mode, settings).await
}

/// Begins a transaction for a piece of the platform's own bookkeeping.
pub(crate) async fn begin_task(
    pool: &Pool,
    task: &'static str,
) -> Result<sqlx::Transaction<'static, Postgres>, StoreError> {
    begin(pool, TransactionPurpose::Change, None, None, task).await
}

#[async_trait::async_trait]
impl UnitOfWork for Transaction {
    async fn go_on(&mut self, record: Record, scope: Scope) -> Result<(), StoreError> {
        self.write_down(&record).await?;
        self.declare(declaration(scope)).await?;
        self.scope = scope;
        Ok(())
    }

    async fn commit(mut self: Box<Self>, record: Record) -> Result<(), StoreError> {
        self.write_down(&record).await?;
        self.note_done().await?;
        self.tell().await?;
        let committed = self.inner.commit().await;
        // Also when it seems to have failed: the answer may have been lost on its way.
        self.store.sessions.forget(self.changed);
        committed.map_err(store_error)?;
        self.span.committed();
        self.store.events_written.notify_one();
        if self.letters {
            self.store.letter_queued.notify_one();
        }
        Ok(())
    }
}
