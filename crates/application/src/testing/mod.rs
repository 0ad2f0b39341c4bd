//! What unit tests put in the place of ports.

mod agents;
mod calls;
mod logs;
mod notary;
mod passkeys;
mod plans;
pub(crate) mod recordings;
mod stream;
mod unit;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use mockall::mock;
use rollcall_domain::{
    ApiKeyId, EmailAddress, OrganizationId, Permission, Role, SessionId, UserId,
    accounts::{Locale, TimeZone, User},
    api_keys::{ApiKey, KeyPrefix, Networks, Scopes},
    attempts::{Allowance, Allowances, TooMany},
    audit::{Action, Origin, Outcome},
    members::{Member, Membership},
    organizations::{Organization, Plan},
    secret::TokenHash,
    sessions::{Lifetimes, Session},
    tokens::{Issuer, KeyPurpose, SigningKey},
    webhooks::Reach,
};
use time::{Duration, OffsetDateTime, macros::datetime};

use crate::{
    Actor, Application, Exports, KeyActor, Limits, Means, Settings,
    api_keys::{CountedUse, FoundKey, KeptBy, KeyHash, KeyUse, KeyUses, ListedKey, Move},
    audit::{
        ApiCalls, Checkpoints, Log, QueueState, Readings, Record, Round, Sequencer, Sequencing, Shard, Turn,
    },
    availability::Lapsed,
    calls::Masking,
    mail::Letter,
    passwords::{Cost, Passwords},
    ports::{
        Attempt, Attempts, Begun, Clock, CredentialId, Credentials, Directory, Entropy, FoundEmailChange,
        FoundInvitation, FoundMfaChallenge, FoundPasskey, FoundPasswordReset, FoundSignup, OpenSession,
        Scope, Settled, Store, StoreError, UnitOfWork, View,
    },
    recordings::Transfers,
    revocations::{self, Feed, Noted, Revocations},
    stream::Streams,
    tokens::{StoredKey, Tokens},
    trace::Door,
};

use self::recordings::InMemory;
pub(crate) use calls::call;
pub(crate) use logs::{Fault, KeptLogs};
pub(crate) use notary::KeptNotary;
pub(crate) use passkeys::{Honest, Waiting};
pub(crate) use plans::{Agrees, Nobody, Off, plans};
pub(crate) use stream::Told;
pub(crate) use unit::MockUnit;

/// The moment that unit tests happen at.
pub(crate) const NOW: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);

/// Bytes that are never the same twice, and always the same in the next run.
#[derive(Debug, Default)]
pub(crate) struct CountingEntropy(AtomicU64);

impl Entropy for CountingEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let count = self.0.fetch_add(1, Ordering::Relaxed) + 1;
            chunk.copy_from_slice(&count.to_le_bytes()[..chunk.len()]);
        }
    }
}

struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> OffsetDateTime {
        NOW
    }
}

type Answer<T> = Result<T, StoreError>;

mock! {
    pub(crate) Directory {}

    #[async_trait]
    impl Directory for Directory {
        async fn credentials(&self, email: &EmailAddress) -> Answer<Option<Credentials>>;
        async fn session(&self, token: TokenHash) -> Answer<Option<OpenSession>>;
        async fn session_afresh(&self, token: TokenHash) -> Answer<Option<OpenSession>>;
        async fn api_key(&self, hashes: &[KeyHash]) -> Answer<Option<FoundKey>>;
        async fn api_key_afresh(&self, hashes: &[KeyHash]) -> Answer<Option<FoundKey>>;
        async fn api_keys_used(&self, uses: &[KeyUse]) -> Answer<()>;
        async fn api_keys_counted(&self, uses: &[CountedUse]) -> Answer<Vec<ApiKeyId>>;
        async fn api_keys_moved(&self, moves: &[Move]) -> Answer<()>;
        async fn api_keys_by_ring_key(&self, newest: u8, now: OffsetDateTime) -> Answer<Vec<KeptBy>>;
        async fn invitation(&self, token: TokenHash) -> Answer<Option<FoundInvitation>>;
        async fn signup(&self, token: TokenHash) -> Answer<Option<FoundSignup>>;
        async fn password_reset(&self, token: TokenHash) -> Answer<Option<FoundPasswordReset>>;
        async fn email_change(&self, token: TokenHash) -> Answer<Option<FoundEmailChange>>;
        async fn passkey(&self, credential: &CredentialId) -> Answer<Option<FoundPasskey>>;
        async fn mfa_challenge(&self, token: TokenHash) -> Answer<Option<FoundMfaChallenge>>;
        async fn session_seen(&self, session: SessionId, token: Option<TokenHash>, at: OffsetDateTime) -> Answer<()>;
    }
}

/// What has been committed, in order: the scope, the actions and outcomes, and the letters.
pub(crate) type Committed = Vec<(Scope, Vec<(Action, Outcome)>, Vec<Letter>)>;

/// What has changed by it, in order: fields, and what they are now.
pub(crate) type Changed = Vec<(&'static str, Option<String>)>;

/// Gives out the units it was given, in order, and notes what they commit. A unit that is asked for beyond them
/// knows nothing but to commit, as recording a refusal does.
#[derive(Clone, Default)]
pub(crate) struct TestStore {
    units: Arc<Mutex<Vec<MockUnit>>>,
    committed: Arc<Mutex<Committed>>,
    changes: Arc<Mutex<Changed>>,
}

impl TestStore {
    pub(crate) fn of(unit: MockUnit) -> Self {
        Self::of_each([unit])
    }

    pub(crate) fn of_each(units: impl Into<Vec<MockUnit>>) -> Self {
        Self { units: Arc::new(Mutex::new(units.into())), ..Self::default() }
    }

    /// What the committed events say has changed, in order: each field with its value after.
    pub(crate) fn changes(&self) -> Changed {
        self.changes.lock().expect("no panic").clone()
    }

    pub(crate) fn committed(&self) -> Committed {
        self.committed.lock().expect("no panic").clone()
    }
}

#[async_trait]
impl Store for TestStore {
    async fn begin(&self, scope: Scope) -> Answer<Box<dyn UnitOfWork>> {
        let mut units = self.units.lock().expect("no panic");
        let mut unit = if units.is_empty() { MockUnit::new() } else { units.remove(0) };
        agents::nothing_of_agents(&mut unit);
        let here = Arc::new(Mutex::new((scope, Committed::new())));
        let note = |here: &mut (Scope, Committed), record: &Record| {
            let events =
                record.entries().map(|entry| (entry.event().action, entry.event().outcome)).collect();
            here.1.push((here.0, events, record.letters().to_vec()));
        };
        let going = here.clone();
        unit.expect_go_on().returning(move |record, scope| {
            let mut here = going.lock().expect("no panic");
            note(&mut here, &record);
            here.0 = scope;
            Ok(())
        });
        let (committed, changes) = (self.committed.clone(), self.changes.clone());
        unit.expect_commit().returning(move |record| {
            let changed = record.entries().flat_map(|entry| &entry.event().changes);
            let changed = changed.map(|change| (change.field, change.after.clone()));
            changes.lock().expect("no panic").extend(changed);
            let mut here = here.lock().expect("no panic");
            note(&mut here, &record);
            committed.lock().expect("no panic").append(&mut here.1);
            Ok(())
        });
        Ok(Box::new(unit))
    }

    async fn view(&self, _: Scope) -> Answer<Box<dyn View>> {
        let mut unit = self.units.lock().expect("no panic").remove(0);
        agents::nothing_of_agents(&mut unit);
        Ok(Box::new(unit))
    }

    async fn view_for_long(&self, scope: Scope) -> Answer<Box<dyn View>> {
        self.view(scope).await
    }
}

/// One of everything.
pub(crate) const ONE_EACH: Limits = {
    let one = Allowance { attempts: 1, each: Duration::MINUTE };
    Limits {
        invitations_per_inviter: 1,
        invitations_per_organization: 1,
        signups_per_address: 1,
        password_resets_per_address: 1,
        email_changes_per_account: 1,
        api_keys_per_organization: 1,
        password_attempts: Allowances { account: one, network: one },
    }
};

/// Lets everybody attempt what they like, whatever came before, and has told whoever it is about.
pub(crate) struct NoCount {
    /// How many there are in a row.
    pub(crate) in_a_row: u32,
}

#[async_trait]
impl Attempts for NoCount {
    async fn begin(
        &self,
        _: &Attempt,
        _: Option<&Allowances>,
        _: OffsetDateTime,
    ) -> Answer<Result<Begun, TooMany>> {
        Ok(Ok(Begun { device_is_known: false, in_a_row: self.in_a_row }))
    }

    async fn settle(
        &self,
        _: &Attempt,
        _: Begun,
        _: Settled,
        _: Option<&Allowances>,
        _: OffsetDateTime,
    ) -> Answer<()> {
        Ok(())
    }

    async fn tell(&self, _: [u8; 32]) -> Answer<bool> {
        Ok(false)
    }

    async fn begin_anew(&self, _: [u8; 32]) -> Answer<()> {
        Ok(())
    }

    async fn forget(&self, _: OffsetDateTime) -> Answer<u64> {
        Ok(0)
    }
}

/// Has nothing to tell.
pub(crate) struct NothingRevoked;

#[async_trait]
impl Revocations for NothingRevoked {
    async fn publish(&self, _: OffsetDateTime) -> Answer<revocations::Position> {
        Ok(revocations::Position::START)
    }

    async fn is_known(&self, position: revocations::Position) -> Answer<bool> {
        Ok(position == revocations::Position::START)
    }

    async fn after(&self, _: i64, _: u16) -> Answer<Vec<Noted>> {
        Ok(Vec::new())
    }

    async fn wait(&self, at_most: std::time::Duration) {
        tokio::time::sleep(at_most).await;
    }

    async fn forget(&self, _: OffsetDateTime) -> Answer<u64> {
        Ok(0)
    }
}

/// Has nothing to sequence.
pub(crate) struct NothingWaits;

#[async_trait]
impl Sequencer for NothingWaits {
    async fn begin(&self, _: Shard, _: Turn) -> Answer<Option<Box<dyn Round>>> {
        Ok(None)
    }

    async fn newest_waiting(&self, _: Log) -> Answer<Option<i64>> {
        Ok(None)
    }

    async fn shards_waiting(&self) -> Answer<Vec<Shard>> {
        Ok(Vec::new())
    }

    async fn state(&self) -> Answer<QueueState> {
        Ok(QueueState::default())
    }

    async fn wait(&self, at_most: std::time::Duration) {
        tokio::time::sleep(at_most).await;
    }

    async fn forget_unoffered(&self, _: OffsetDateTime, _: u32) -> Answer<u64> {
        Ok(0)
    }
}

/// An application on mocks.
pub(crate) fn application(store: &TestStore, directory: MockDirectory) -> Application {
    let entropy: Arc<dyn Entropy> = Arc::new(CountingEntropy::default());
    let cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
    Application {
        store: Door::new(store.clone()),
        directory: Arc::new(directory),
        attempts: Arc::new(NoCount { in_a_row: 1 }),
        ceremonies: Arc::new(Waiting::default()),
        webauthn: None,
        clock: Arc::new(StoppedClock),
        entropy: entropy.clone(),
        keyring: "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".parse().expect("a keyring"),
        passwords: Passwords::new(cost, None, 2, std::time::Duration::from_secs(60), entropy)
            .expect("a cost"),
        tokens: Tokens::new(Issuer {
            name: "https://rollcall.example".to_owned(),
            audience: "platform".to_owned(),
            lifetime: Duration::minutes(5),
        }),
        totp_issuer: "Rollcall".parse().expect("a name"),
        key_uses: KeyUses::default(),
        api_calls: ApiCalls::default(),
        audit_intake: Arc::new(Off),
        tenants: Arc::new(Nobody),
        billing: Arc::new(Agrees),
        feed: Feed::new(Arc::new(NothingRevoked)),
        streams: Streams::new(Arc::new(Told::default()), 100, 100, 2, std::time::Duration::from_secs(15)),
        sequencing: Sequencing::new(Arc::new(NothingWaits)),
        readings: Readings::default(),
        checkpoints: Checkpoints::new("rollcall.example", Arc::new(KeptNotary::default())),
        objects: Arc::new(InMemory::default()),
        uploads: Arc::new(InMemory::default()),
        transfers: Transfers::at_most(2, 2),
        masking: Masking::default(),
        exports: Exports::at_most(1),
        log_exports: Exports::at_most(1),
        pulse: Arc::new(agents::Silence),
        lapsed: Lapsed::default(),
        settings: Settings {
            sessions: Lifetimes { idle: Duration::hours(24), absolute: Duration::days(30) },
            limits: None,
            webhooks: Reach::Public,
            plans: plans(),
            recording_limit: 1 << 30,
            platform_log_days: 365,
        },
    }
}

pub(crate) fn user(number: u8) -> User {
    User {
        id: UserId::from_parts(0, &[number; 10]),
        email: format!("user{number}@example.com").parse().expect("an address"),
        name: format!("User {number}").parse().expect("a name"),
        locale: Locale::default(),
        time_zone: TimeZone::default(),
        created_at: NOW,
        mfa_enabled: false,
        version: 1,
    }
}

pub(crate) fn organization() -> Organization {
    Organization {
        id: OrganizationId::from_parts(0, &[1; 10]),
        name: "Acme".parse().expect("a name"),
        slug: "acme-000000".parse().expect("a slug"),
        plan: Plan::Free,
        created_at: NOW,
        suspended: false,
        version: 1,
    }
}

/// Somebody at work in the [`organization`].
pub(crate) fn actor(number: u8, role: Role) -> Actor {
    let user = user(number);
    let session = Session {
        id: SessionId::from_parts(0, &[number; 10]),
        user: user.id,
        organization: Some(organization().id),
        authenticated_at: NOW,
        last_seen_at: NOW,
        expires_at: NOW + Duration::days(1),
    };
    Actor {
        session,
        user,
        place: Some((organization(), role)),
        mfa_deadline: None,
        means: Means::Session,
        origin: Origin::default(),
    }
}

/// An API key of the [`organization`].
pub(crate) fn api_key(number: u8) -> ApiKey {
    ApiKey {
        id: ApiKeyId::from_parts(0, &[number; 10]),
        prefix: KeyPrefix::from_random([number; 16]),
        name: "CI".parse().expect("a name"),
        scopes: Scopes::new([Permission::CallsRead]).expect("scopes"),
        networks: Networks::default(),
        rate_limit: None,
        created_by: Some(user(1).id),
        created_at: NOW,
        expires_at: None,
        revoked_at: None,
        version: 1,
    }
}

/// A key that was never used.
pub(crate) fn listed_key(key: ApiKey) -> ListedKey {
    ListedKey { key, previous_until: None, secrets: vec![1], last_used_at: None, last_used_ip: None }
}

/// A program that has shown its [`api_key`].
pub(crate) fn key_actor(number: u8) -> KeyActor {
    KeyActor {
        key: api_key(number),
        organization: organization(),
        secrets: vec![1],
        secret_until: None,
        audited: false,
        means: Means::Session,
        standing: None,
        origin: Origin::default(),
    }
}

/// A member of the [`organization`].
pub(crate) fn member(number: u8, role: Role) -> Member {
    let user = user(number);
    Member {
        membership: Membership { user: user.id, role },
        email: user.email.to_string(),
        name: user.name.to_string(),
        status: rollcall_domain::members::MemberStatus::Active,
        joined_at: NOW,
        mfa_enabled: false,
        last_seen_at: None,
        version: 1,
    }
}

/// A view in which there is a signing key for each purpose.
pub(crate) fn with_signing_key() -> MockUnit {
    let mut unit = MockUnit::new();
    let app = application(&TestStore::default(), MockDirectory::new());
    let keys = KeyPurpose::ALL.map(|purpose| {
        StoredKey::generate(&app, |kid, public| SigningKey::first(purpose, kid, public, NOW)).expect("a key")
    });
    unit.expect_signing_keys().returning(move || Ok(keys.to_vec()));
    unit
}
