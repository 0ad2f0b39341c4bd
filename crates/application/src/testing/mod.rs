//! What unit tests put in the place of ports.

mod agents;
mod calls;
mod heard;
mod logs;
mod notary;
mod passkeys;
mod people;
mod plans;
pub(crate) mod recordings;
mod store;
mod stream;
mod unit;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use mockall::mock;
use rollcall_domain::{
    ApiKeyId, EmailAddress, OrganizationId, SessionId, UserId,
    attempts::{Allowance, Allowances, TooMany},
    members::Member,
    secret::TokenHash,
    sessions::Lifetimes,
    tokens::{KeyPurpose, SigningKey, TokenIssuer},
    webhooks::Reach,
};
use time::{Duration, OffsetDateTime, macros::datetime};

use crate::{
    Application, Bulkhead, Limits, Page, PageRequest, Settings,
    api_keys::{FoundKey, KeptBy, KeyHash, KeyUses, Move, UsedKey},
    audit::{ApiCalls, Checkpoints, Log, QueueState, Readings, Round, Sequencer, Sequencing, Shard, Turn},
    availability::Lapsed,
    calls::Masking,
    members::{FoundSeat, MemberKey, Teams},
    passwords::{Cost, Passwords},
    ports::{
        AttemptKeys, AttemptOutcome, Attempts, Begun, Clock, CredentialId, Credentials, Directory, Entropy,
        FoundEmailChange, FoundInvitation, FoundMfaChallenge, FoundPasskey, FoundPasswordReset, FoundSignup,
        OpenSession, StoreError,
    },
    recordings::Transfers,
    revocations::{self, Feed, PlacedRevocation, Revocations},
    stream::Streams,
    tokens::{StoredKey, Tokens},
    trace::Door,
};

use self::recordings::InMemory;
pub(crate) use calls::call;
pub(crate) use heard::LogHeard;
pub(crate) use logs::{Fault, KeptLogs};
pub(crate) use notary::KeptNotary;
pub(crate) use passkeys::{CeremoniesInMemory, Honest};
pub(crate) use people::{actor, api_key, found_session, key_actor, listed_key, member, organization, user};
pub(crate) use plans::{Agrees, Nobody, Off, plans};
pub(crate) use store::TestStore;
pub(crate) use stream::StreamInMemory;
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
        async fn seat(&self, organization: OrganizationId, user: UserId) -> Answer<Option<FoundSeat>>;
        async fn api_keys_used(&self, used: &[UsedKey]) -> Answer<Vec<ApiKeyId>>;
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

mock! {
    pub(crate) Teams {}

    #[async_trait]
    impl Teams for Teams {
        async fn page(&self, organization: OrganizationId, page: &PageRequest<MemberKey>) -> Answer<Page<Member, MemberKey>>;
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
        _: &AttemptKeys,
        _: Option<&Allowances>,
        _: OffsetDateTime,
    ) -> Answer<Result<Begun, TooMany>> {
        Ok(Ok(Begun { device_is_known: false, in_a_row: self.in_a_row }))
    }

    async fn settle(
        &self,
        _: &AttemptKeys,
        _: Begun,
        _: AttemptOutcome,
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
    async fn publish(&self, _: OffsetDateTime) -> Answer<revocations::FeedPosition> {
        Ok(revocations::FeedPosition::START)
    }

    async fn is_known(&self, position: revocations::FeedPosition) -> Answer<bool> {
        Ok(position == revocations::FeedPosition::START)
    }

    async fn after(&self, _: i64, _: u16) -> Answer<Vec<PlacedRevocation>> {
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
        teams: Arc::new(MockTeams::new()),
        attempts: Arc::new(NoCount { in_a_row: 1 }),
        ceremonies: Arc::new(CeremoniesInMemory::default()),
        webauthn: None,
        clock: Arc::new(StoppedClock),
        entropy: entropy.clone(),
        keyring: "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".parse().expect("a keyring"),
        passwords: Passwords::new(cost, None, 2, std::time::Duration::from_secs(60), entropy)
            .expect("a cost"),
        tokens: Tokens::new(TokenIssuer {
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
        streams: Streams::new(
            Arc::new(StreamInMemory::default()),
            100,
            100,
            2,
            std::time::Duration::from_secs(15),
        ),
        sequencing: Sequencing::new(Arc::new(NothingWaits)),
        readings: Readings::default(),
        checkpoints: Checkpoints::new("rollcall.example", Arc::new(KeptNotary::default())),
        objects: Arc::new(InMemory::default()),
        uploads: Arc::new(InMemory::default()),
        transfers: Transfers::new(2, 2, Duration::seconds(30)),
        masking: Masking::default(),
        exports: Bulkhead::at_most(1),
        log_exports: Bulkhead::at_most(1),
        bulk_invitations: Bulkhead::at_most(1),
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
