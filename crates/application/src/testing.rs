//! What unit tests put in the place of ports.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use mockall::mock;
use rollcall_domain::{
    ApiKeyId, EmailAddress, InvitationId, OrganizationId, Permission, Role, SessionId, UserId,
    accounts::{EmailChange, Locale, Notice, PasswordReset, Signup, TimeZone, User},
    api_keys::{ApiKey, KeyPrefix, Networks, Scopes},
    attempts::{Allowance, Allowances, TooMany},
    audit::{Action, Origin, Outcome},
    id::{EmailChangeId, NoticeId, PasswordResetId, SignupId},
    invitations::{Acceptance, Invitation, Status},
    members::{Member, Membership},
    organizations::{Deleted, Deletion, Organization, Plan},
    secret::TokenHash,
    sessions::{Lifetimes, Session},
    tokens::{Issuer, KeyPurpose, SigningKey},
};
use time::{Duration, OffsetDateTime, macros::datetime};

use crate::{
    Actor, Application, KeyActor, Limits, Means, Page, PageRequest, Settings,
    accounts::{Accounts, AccountsView, PendingEmailChange, PendingPasswordReset},
    api_keys::{ApiKeys, ApiKeysView, FoundKey, KeyHash, KeyUse, KeyUses, ListedKey},
    audit::{AuditView, EventKey, KeptEvent, OwnEvent, OwnEvents, Position, Record},
    invitations::{Invitations, InvitationsView, ListedInvitation, MailsSent},
    mail::Letter,
    members::{MemberFilter, MemberKey, Members, MembersView, Offboarding},
    organizations::{Exports, Organizations, OrganizationsView, Purged},
    passwords::{Cost, PasswordHash, Passwords},
    ports::{
        Attempt, Attempts, Begun, Clock, Credentials, Directory, Entropy, FoundEmailChange, FoundInvitation,
        FoundPasswordReset, FoundSignup, OpenSession, Scope, Settled, Store, StoreError, UnitOfWork, View,
    },
    sessions::{Live, NewSession, OwnSession, Sessions, SessionsView},
    tokens::{SigningKeys, SigningKeysView, StoredKey, Tokens},
};

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
    pub(crate) Unit {}

    #[async_trait]
    impl AccountsView for Unit {
        async fn user_find(&mut self, user: UserId) -> Answer<Option<User>>;
        async fn seats_of(&mut self, user: UserId) -> Answer<Vec<(Organization, Role)>>;
        async fn password_resets_since(&mut self, email: &EmailAddress, since: OffsetDateTime) -> Answer<u32>;
        async fn seats_with_owners(&mut self, user: UserId) -> Answer<Vec<(Organization, Role, usize)>>;
        async fn email_change_of(&mut self, user: UserId, now: OffsetDateTime) -> Answer<Option<PendingEmailChange>>;
        async fn email_changes_since(&mut self, user: UserId, since: OffsetDateTime) -> Answer<u32>;
        async fn password_resets_of(&mut self, email: &EmailAddress, now: OffsetDateTime) -> Answer<Vec<PendingPasswordReset>>;
        async fn signups_since(&mut self, email: &EmailAddress, since: OffsetDateTime) -> Answer<u32>;
    }

    #[async_trait]
    impl Accounts for Unit {
        async fn user_lock(&mut self, user: UserId) -> Answer<Option<User>>;
        async fn user_add(&mut self, user: &User, password: &PasswordHash) -> Answer<()>;
        async fn user_save(&mut self, user: &User) -> Answer<()>;
        async fn user_set_password(&mut self, user: UserId, password: &PasswordHash) -> Answer<()>;
        async fn user_rehash(&mut self, user: UserId, password: &PasswordHash) -> Answer<()>;
        async fn password_reset_add(&mut self, id: PasswordResetId, reset: &PasswordReset, now: OffsetDateTime) -> Answer<()>;
        async fn password_reset_use(&mut self, id: PasswordResetId) -> Answer<bool>;
        async fn password_resets_forget(&mut self, email: &EmailAddress) -> Answer<()>;
        async fn signup_add(&mut self, id: SignupId, signup: &Signup, now: OffsetDateTime) -> Answer<()>;
        async fn user_set_email(&mut self, user: UserId, email: &EmailAddress) -> Answer<()>;
        async fn user_delete(&mut self, user: UserId) -> Answer<()>;
        async fn invitations_lock_to(&mut self, user: UserId) -> Answer<Vec<(OrganizationId, InvitationId, Role)>>;
        async fn email_change_add(&mut self, id: EmailChangeId, change: &EmailChange, now: OffsetDateTime) -> Answer<()>;
        async fn email_change_use(&mut self, id: EmailChangeId) -> Answer<bool>;
        async fn email_change_take_back(&mut self, user: UserId) -> Answer<()>;
        async fn email_changes_forget(&mut self, email: &EmailAddress) -> Answer<()>;
        async fn notice_add(&mut self, id: NoticeId, notice: &Notice) -> Answer<()>;
        async fn signups_forget(&mut self, email: &EmailAddress) -> Answer<()>;
    }

    #[async_trait]
    impl OrganizationsView for Unit {
        async fn organization_find(&mut self, id: OrganizationId) -> Answer<Option<Organization>>;
    }

    #[async_trait]
    impl Organizations for Unit {
        async fn organization_lock(&mut self, id: OrganizationId) -> Answer<Option<Organization>>;
        async fn organization_lock_out(&mut self, id: OrganizationId) -> Answer<Option<Organization>>;
        async fn organization_lock_deleted(&mut self, id: OrganizationId) -> Answer<Option<Deleted>>;
        async fn organization_add(&mut self, organization: &Organization) -> Answer<()>;
        async fn organization_save(&mut self, organization: &Organization) -> Answer<()>;
        async fn organization_delete(&mut self, id: OrganizationId, deletion: &Deletion) -> Answer<()>;
        async fn organization_restore(&mut self, id: OrganizationId) -> Answer<()>;
        async fn organization_purge(&mut self, id: OrganizationId, now: OffsetDateTime) -> Answer<Option<Purged>>;
    }

    #[async_trait]
    impl MembersView for Unit {
        async fn member_find(&mut self, organization: OrganizationId, user: UserId) -> Answer<Option<Member>>;
        async fn member_has_address(&mut self, organization: OrganizationId, email: &EmailAddress) -> Answer<bool>;
        async fn members_page(&mut self, organization: OrganizationId, filter: &MemberFilter, page: &PageRequest<MemberKey>) -> Answer<Page<Member, MemberKey>>;
        async fn owners_count(&mut self, organization: OrganizationId) -> Answer<usize>;
        async fn owners(&mut self, organization: OrganizationId) -> Answer<Vec<UserId>>;
        async fn offboarding(&mut self, organization: OrganizationId, user: UserId, now: OffsetDateTime) -> Answer<Offboarding>;
    }

    #[async_trait]
    impl Members for Unit {
        async fn team_lock(&mut self, organization: OrganizationId) -> Answer<()>;
        async fn seat_of(&mut self, organization: OrganizationId, user: UserId) -> Answer<Option<(Organization, Role)>>;
        async fn member_add(&mut self, membership: Membership, organization: OrganizationId, at: OffsetDateTime) -> Answer<()>;
        async fn member_set_role(&mut self, organization: OrganizationId, user: UserId, role: Role) -> Answer<()>;
        async fn member_remove(&mut self, organization: OrganizationId, user: UserId) -> Answer<()>;
        async fn member_hold(&mut self, organization: OrganizationId, user: UserId) -> Answer<Option<Role>>;
    }

    #[async_trait]
    impl InvitationsView for Unit {
        async fn invitation_find(&mut self, organization: OrganizationId, id: InvitationId) -> Answer<Option<ListedInvitation>>;
        async fn invitations_page(&mut self, organization: OrganizationId, status: Option<Status>, now: OffsetDateTime, page: &PageRequest<InvitationId>) -> Answer<Page<ListedInvitation, InvitationId>>;
        async fn invitation_mails_since(&mut self, organization: OrganizationId, inviter: UserId, since: OffsetDateTime) -> Answer<MailsSent>;
    }

    #[async_trait]
    impl Invitations for Unit {
        async fn invitation_lock(&mut self, organization: OrganizationId, id: InvitationId) -> Answer<Option<Invitation>>;
        async fn invitation_add(&mut self, organization: OrganizationId, invitation: &Invitation) -> Answer<()>;
        async fn invitation_renew(&mut self, organization: OrganizationId, id: InvitationId, now: OffsetDateTime, expires_at: OffsetDateTime) -> Answer<()>;
        async fn invitation_revoke(&mut self, organization: OrganizationId, id: InvitationId) -> Answer<()>;
        async fn invitations_lock_of(&mut self, organization: OrganizationId, inviter: UserId) -> Answer<Vec<(InvitationId, Role)>>;
        async fn invitation_hand_over(&mut self, organization: OrganizationId, id: InvitationId, to: UserId) -> Answer<()>;
        async fn invitation_accept(&mut self, organization: OrganizationId, acceptance: &Acceptance) -> Answer<()>;
        async fn invitation_pending(&mut self, organization: OrganizationId, email: &EmailAddress, now: OffsetDateTime) -> Answer<bool>;
    }

    #[async_trait]
    impl ApiKeysView for Unit {
        async fn api_key_find(&mut self, organization: OrganizationId, id: ApiKeyId) -> Answer<Option<ListedKey>>;
        async fn api_keys_page(&mut self, organization: OrganizationId, page: &PageRequest<ApiKeyId>) -> Answer<Page<ListedKey, ApiKeyId>>;
        async fn api_keys_count(&mut self, organization: OrganizationId) -> Answer<u64>;
    }

    #[async_trait]
    impl ApiKeys for Unit {
        async fn api_key_lock(&mut self, organization: OrganizationId, id: ApiKeyId) -> Answer<Option<ApiKey>>;
        async fn api_key_hold(&mut self, organization: OrganizationId, id: ApiKeyId) -> Answer<Option<ApiKey>>;
        async fn api_key_add(&mut self, organization: OrganizationId, key: &ApiKey, secret: KeyHash) -> Answer<()>;
        async fn api_key_save(&mut self, organization: OrganizationId, key: &ApiKey) -> Answer<()>;
        async fn api_key_rotate(&mut self, organization: OrganizationId, id: ApiKeyId, secret: KeyHash, present_until: OffsetDateTime) -> Answer<()>;
        async fn api_key_revoke(&mut self, organization: OrganizationId, id: ApiKeyId, at: OffsetDateTime) -> Answer<()>;
        async fn api_keys_hand_over(&mut self, organization: OrganizationId, from: UserId, to: UserId) -> Answer<Vec<ApiKeyId>>;
    }

    #[async_trait]
    impl SessionsView for Unit {
        async fn session_find(&mut self, user: UserId, organization: Option<OrganizationId>, session: SessionId) -> Answer<Option<OpenSession>>;
        async fn sessions_page(&mut self, user: UserId, live: Option<Live>, page: &PageRequest<SessionId>) -> Answer<Page<OwnSession, SessionId>>;
    }

    #[async_trait]
    impl OwnEvents for Unit {
        async fn events_of(&mut self, user: UserId, page: &PageRequest<Position>) -> Answer<Page<OwnEvent, Position>>;
    }

    #[async_trait]
    impl Sessions for Unit {
        async fn session_add(&mut self, session: &NewSession, origin: &Origin) -> Answer<()>;
        async fn sessions_end(&mut self, user: UserId, but: Option<SessionId>) -> Answer<Vec<SessionId>>;
        async fn session_hold(&mut self, session: SessionId) -> Answer<bool>;
        async fn session_prove(&mut self, session: SessionId, at: OffsetDateTime) -> Answer<bool>;
        async fn session_end(&mut self, session: SessionId) -> Answer<bool>;
    }

    #[async_trait]
    impl SigningKeysView for Unit {
        async fn signing_keys(&mut self) -> Answer<Vec<StoredKey>>;
    }

    #[async_trait]
    impl SigningKeys for Unit {
        async fn signing_keys_lock(&mut self, purpose: KeyPurpose) -> Answer<()>;
        async fn signing_key_add(&mut self, key: &StoredKey) -> Answer<()>;
        async fn signing_key_retire(&mut self, purpose: KeyPurpose, retires_at: OffsetDateTime) -> Answer<()>;
    }

    #[async_trait]
    impl AuditView for Unit {
        async fn audit_events_page(&mut self, organization: OrganizationId, page: &PageRequest<EventKey>) -> Answer<Page<KeptEvent, EventKey>>;
    }

    #[async_trait]
    impl UnitOfWork for Unit {
        async fn go_on(&mut self, record: Record, scope: Scope) -> Answer<()>;
        async fn commit(self: Box<Self>, record: Record) -> Answer<()>;
    }
}

mock! {
    pub(crate) Directory {}

    #[async_trait]
    impl Directory for Directory {
        async fn credentials(&self, email: &EmailAddress) -> Answer<Option<Credentials>>;
        async fn session(&self, token: TokenHash) -> Answer<Option<OpenSession>>;
        async fn api_key(&self, hashes: &[KeyHash]) -> Answer<Option<FoundKey>>;
        async fn api_keys_used(&self, uses: &[KeyUse]) -> Answer<()>;
        async fn invitation(&self, token: TokenHash) -> Answer<Option<FoundInvitation>>;
        async fn signup(&self, token: TokenHash) -> Answer<Option<FoundSignup>>;
        async fn password_reset(&self, token: TokenHash) -> Answer<Option<FoundPasswordReset>>;
        async fn email_change(&self, token: TokenHash) -> Answer<Option<FoundEmailChange>>;
        async fn session_seen(&self, session: SessionId, token: Option<TokenHash>, at: OffsetDateTime) -> Answer<()>;
    }
}

/// What has been committed, in order: the scope, the actions and outcomes, and the letters.
pub(crate) type Committed = Vec<(Scope, Vec<(Action, Outcome)>, Vec<Letter>)>;

/// Gives out the units it was given, in order, and notes what they commit. A unit that is asked for beyond them
/// knows nothing but to commit, as recording a refusal does.
#[derive(Clone, Default)]
pub(crate) struct TestStore {
    units: Arc<Mutex<Vec<MockUnit>>>,
    committed: Arc<Mutex<Committed>>,
}

impl TestStore {
    pub(crate) fn of(unit: MockUnit) -> Self {
        Self::of_each([unit])
    }

    pub(crate) fn of_each(units: impl Into<Vec<MockUnit>>) -> Self {
        Self { units: Arc::new(Mutex::new(units.into())), committed: Arc::default() }
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
        let committed = self.committed.clone();
        unit.expect_commit().returning(move |record| {
            let mut here = here.lock().expect("no panic");
            note(&mut here, &record);
            committed.lock().expect("no panic").append(&mut here.1);
            Ok(())
        });
        Ok(Box::new(unit))
    }

    async fn view(&self, _: Scope) -> Answer<Box<dyn View>> {
        Ok(Box::new(self.units.lock().expect("no panic").remove(0)))
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

/// Lets everybody attempt what they like.
pub(crate) struct NoCount;

#[async_trait]
impl Attempts for NoCount {
    async fn begin(
        &self,
        _: &Attempt,
        _: Option<&Allowances>,
        _: OffsetDateTime,
    ) -> Answer<Result<Begun, TooMany>> {
        Ok(Ok(Begun { in_a_row: 1, device_is_known: false }))
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

    async fn begin_anew(&self, _: [u8; 32]) -> Answer<()> {
        Ok(())
    }

    async fn forget(&self, _: OffsetDateTime) -> Answer<u64> {
        Ok(0)
    }
}

/// An application on mocks.
pub(crate) fn application(store: &TestStore, directory: MockDirectory) -> Application {
    let entropy: Arc<dyn Entropy> = Arc::new(CountingEntropy::default());
    let cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
    Application {
        store: Arc::new(store.clone()),
        directory: Arc::new(directory),
        attempts: Arc::new(NoCount),
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
        key_uses: KeyUses::default(),
        exports: Exports::at_most(1),
        settings: Settings {
            sessions: Lifetimes { idle: Duration::hours(24), absolute: Duration::days(30) },
            limits: None,
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
    ListedKey { key, previous_until: None, last_used_at: None, last_used_ip: None }
}

/// A program that has shown its [`api_key`].
pub(crate) fn key_actor(number: u8) -> KeyActor {
    KeyActor {
        key: api_key(number),
        organization: organization(),
        secret_until: None,
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

/// A view in which there is a signing key.
pub(crate) fn with_signing_key() -> MockUnit {
    let mut unit = MockUnit::new();
    let app = application(&TestStore::default(), MockDirectory::new());
    let key =
        StoredKey::generate(&app, |kid, public| SigningKey::first(KeyPurpose::AccessToken, kid, public, NOW))
            .expect("a key");
    unit.expect_signing_keys().returning(move || Ok(vec![key.clone()]));
    unit
}
