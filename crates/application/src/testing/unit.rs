//! What unit tests put in the place of a unit of work.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use mockall::mock;
use rollcall_domain::{
    ApiKeyId, CallId, EmailAddress, EscalationId, EventId, InvitationId, OrganizationId, Permission,
    RecordingId, Role, SessionId, UserId,
    accounts::{EmailChange, NoticeRecipient, PasswordReset, Signup, User},
    api_keys::ApiKey,
    audit::Origin,
    audit::search::Filter,
    availability::{Agent, Cause, Skills, StatusChange},
    calls::{Call, ExternalId, MediaKeyId, Transcript},
    escalations::{Escalation, EscalationSettings},
    id::{EmailChangeId, MfaChallengeId, NoticeId, PasskeyId, PasswordResetId, PlanChangeId, SignupId},
    invitations::{Acceptance, Invitation, InvitationStatus},
    members::{Member, Membership},
    organizations::{Deleted, Organization, OrganizationDeletion, Plan},
    passkeys::{Passkey, PasskeyName},
    policy::Grant,
    second_factors::Step,
    secret::TokenHash,
    security::{Control, MfaRule, RuleChange},
    tokens::KeyPurpose,
};
use serde_json::Value;
use time::OffsetDateTime;

use super::Answer;
use crate::{
    Page, PageRequest, Sealed,
    accounts::{Accounts, AccountsView, PendingEmailChange, PendingPasswordReset},
    api_keys::{ApiKeys, ApiKeysView, DayOfUse, KeyHash, ListedKey},
    audit::{
        AuditView, EventKey, KeptCheckpoint, KeptLeaf, KeptTree, LikelyStretch, Log, LogExtent, LogPage,
        LogView, LoggedEvent, OwnEvent, OwnEvents, PlacedEvent, Record, Tile, TileId, TreeView,
        WrittenPosition,
        witness::{KeptWitness, NewDelivery, NewWitness, Witnesses, WitnessesView},
    },
    availability::{Availability, AvailabilityView, ListedAgent, Period, Spell},
    calls::{
        CallFilter, CallKey, Calls, CallsView, KeptMediaKeys, MadeAs, MediaKeyHolder, MediaKeyring,
        MediaKeyringView, Transcripts, TranscriptsView,
    },
    escalations::{EscalationFilter, EscalationKey, Escalations, EscalationsView, ShownEscalation},
    invitations::{Invitations, InvitationsView, ListedInvitation, MailsSent},
    members::{Inviter, MemberFilter, MemberKey, Members, MembersView, Offboarding},
    organizations::{Organizations, OrganizationsView, Purged},
    passkeys::{KeptPasskey, NewPasskey, Passkeys, PasskeysView},
    passwords::PasswordHash,
    plans::{KeptPlanChange, NewPlanChange, PlanChanges, PlanChangesView},
    ports::{AttemptsLookedAt, Credential, OpenSession, Scope, UnitOfWork},
    recordings::{FinishedUpload, KeptRecording, Recordings, RecordingsView},
    second_factors::{NewChallenge, SecondFactors, SecondFactorsView, StoredTotp},
    security::{Affected, KeptControl, KeptDeadline, KeptRule, Notified, Security, SecurityView},
    sessions::{LiveSessions, NewSession, OwnSession, Sessions, SessionsView},
    tokens::{SigningKeys, SigningKeysView, StoredKey},
    webhooks::{
        DeliveriesView, DeliveryHealth, KeptWebhook, NewWebhook, ShownDelivery, Topic, Webhooks, WebhooksView,
    },
};

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
        async fn password_resets_lock(&mut self, email: &EmailAddress) -> Answer<()>;
        async fn signups_lock(&mut self, email: &EmailAddress) -> Answer<()>;
        async fn user_add(&mut self, user: &User, password: &PasswordHash) -> Answer<()>;
        async fn user_save(&mut self, user: &User) -> Answer<()>;
        async fn user_set_password(&mut self, user: UserId, password: &PasswordHash, is_short: bool) -> Answer<()>;
        async fn user_rehash(&mut self, user: UserId, password: &PasswordHash) -> Answer<()>;
        async fn password_reset_add(&mut self, id: PasswordResetId, reset: &PasswordReset, now: OffsetDateTime) -> Answer<()>;
        async fn password_reset_use(&mut self, id: PasswordResetId) -> Answer<bool>;
        async fn password_resets_forget(&mut self, email: &EmailAddress) -> Answer<()>;
        async fn signup_add(&mut self, id: SignupId, signup: &Signup, now: OffsetDateTime) -> Answer<()>;
        async fn user_set_email(&mut self, user: UserId, email: &EmailAddress) -> Answer<()>;
        async fn user_delete(&mut self, user: UserId, now: OffsetDateTime) -> Answer<()>;
        async fn witnessed_lock_by(&mut self, user: UserId) -> Answer<Vec<OrganizationId>>;
        async fn invitations_lock_to(&mut self, user: UserId) -> Answer<Vec<(OrganizationId, InvitationId, Role)>>;
        async fn email_change_add(&mut self, id: EmailChangeId, change: &EmailChange, now: OffsetDateTime) -> Answer<()>;
        async fn email_change_use(&mut self, id: EmailChangeId) -> Answer<bool>;
        async fn email_change_take_back(&mut self, user: UserId) -> Answer<bool>;
        async fn email_changes_forget(&mut self, email: &EmailAddress) -> Answer<()>;
        async fn notice_add(&mut self, id: NoticeId, notice: &NoticeRecipient) -> Answer<()>;
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
        async fn organization_hold(&mut self, id: OrganizationId, plan: Plan) -> Answer<bool>;
        async fn organization_lock_deleted(&mut self, id: OrganizationId) -> Answer<Option<Deleted>>;
        async fn organization_add(&mut self, organization: &Organization) -> Answer<()>;
        async fn organization_save(&mut self, organization: &Organization) -> Answer<()>;
        async fn organization_suspend(&mut self, id: OrganizationId, since: Option<OffsetDateTime>) -> Answer<()>;
        async fn organization_delete(&mut self, id: OrganizationId, deletion: &OrganizationDeletion) -> Answer<()>;
        async fn organization_restore(&mut self, id: OrganizationId) -> Answer<()>;
        async fn organization_purge(&mut self, id: OrganizationId, now: OffsetDateTime) -> Answer<Option<Purged>>;
    }

    #[async_trait]
    impl MembersView for Unit {
        async fn member_find(&mut self, organization: OrganizationId, user: UserId) -> Answer<Option<Member>>;
        async fn member_elsewhere(&mut self, organization: OrganizationId, user: UserId) -> Answer<bool>;
        async fn members_page(&mut self, organization: OrganizationId, filter: &MemberFilter, page: &PageRequest<MemberKey>) -> Answer<Page<Member, MemberKey>>;
        async fn members_count(&mut self, organization: OrganizationId) -> Answer<u64>;
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
        async fn member_hold_inviting(&mut self, organization: OrganizationId, user: UserId, invited: &EmailAddress) -> Answer<Option<Inviter>>;
        async fn member_lock(&mut self, organization: OrganizationId, user: UserId) -> Answer<()>;
    }

    #[async_trait]
    impl AvailabilityView for Unit {
        async fn moment(&mut self) -> Answer<OffsetDateTime>;
        async fn agents_page(&mut self, organization: OrganizationId, now: OffsetDateTime, live: LiveSessions, page: &PageRequest<UserId>) -> Answer<Page<ListedAgent, UserId>>;
        async fn agent_find(&mut self, organization: OrganizationId, user: UserId, now: OffsetDateTime, live: LiveSessions) -> Answer<Option<ListedAgent>>;
        async fn agent_is_known(&mut self, organization: OrganizationId, user: UserId) -> Answer<bool>;
        async fn availability_spells(&mut self, organization: OrganizationId, user: Option<UserId>, period: Period) -> Answer<Vec<Spell>>;
        async fn agents_of(&mut self, user: UserId) -> Answer<Vec<(OrganizationId, Agent)>>;
        async fn agent_kept_out(&mut self, organization: OrganizationId, user: UserId, live: LiveSessions) -> Answer<Option<Cause>>;
        async fn agents_due(&mut self, organization: OrganizationId, now: OffsetDateTime, live: LiveSessions) -> Answer<Vec<UserId>>;
        async fn agents_lapsed(&mut self, organization: OrganizationId, now: OffsetDateTime) -> Answer<Vec<UserId>>;
    }

    #[async_trait]
    impl Availability for Unit {
        async fn agent_add(&mut self, organization: OrganizationId, agent: &Agent) -> Answer<()>;
        async fn agent_lock(&mut self, organization: OrganizationId, user: UserId) -> Answer<Option<Agent>>;
        async fn agent_save(&mut self, organization: OrganizationId, agent: &Agent) -> Answer<()>;
        async fn availability_note(&mut self, organization: OrganizationId, change: &StatusChange, version: i32) -> Answer<()>;
        async fn agents_forget_notes(&mut self, organization: OrganizationId) -> Answer<()>;
        async fn agents_in(&mut self, organization: OrganizationId) -> Answer<Vec<UserId>>;
        async fn agents_signed_out(&mut self, user: UserId, live: LiveSessions) -> Answer<Vec<OrganizationId>>;
    }

    #[async_trait]
    impl EscalationsView for Unit {
        async fn escalation_find(&mut self, organization: OrganizationId, id: EscalationId, now: OffsetDateTime) -> Answer<Option<ShownEscalation>>;
        async fn escalation_holder(&mut self, organization: OrganizationId, id: EscalationId, now: OffsetDateTime) -> Answer<Option<UserId>>;
        async fn escalations_page(&mut self, organization: OrganizationId, filter: EscalationFilter, now: OffsetDateTime, page: &PageRequest<EscalationKey>) -> Answer<Page<ShownEscalation, EscalationKey>>;
        async fn escalation_settings(&mut self, organization: OrganizationId) -> Answer<EscalationSettings>;
    }

    #[async_trait]
    impl Escalations for Unit {
        async fn escalation_add(&mut self, organization: OrganizationId, escalation: &Escalation) -> Answer<()>;
        async fn escalation_of_call_lock(&mut self, organization: OrganizationId, call: CallId) -> Answer<Option<Escalation>>;
        async fn escalation_lock(&mut self, organization: OrganizationId, id: EscalationId) -> Answer<Option<Escalation>>;
        async fn escalation_next_lock(&mut self, organization: OrganizationId, skills: &Skills, now: OffsetDateTime) -> Answer<Option<Escalation>>;
        async fn escalations_held_lock(&mut self, organization: OrganizationId, agent: UserId) -> Answer<Vec<Escalation>>;
        async fn escalations_overdue_lock(&mut self, organization: OrganizationId, now: OffsetDateTime, limit: u16) -> Answer<Vec<Escalation>>;
        async fn escalation_save(&mut self, organization: OrganizationId, escalation: &Escalation) -> Answer<()>;
        async fn escalation_to_offer(&mut self, organization: OrganizationId, now: OffsetDateTime, live: LiveSessions) -> Answer<Option<(EscalationId, UserId)>>;
        async fn escalation_settings_lock(&mut self, organization: OrganizationId) -> Answer<EscalationSettings>;
        async fn escalation_settings_save(&mut self, organization: OrganizationId, settings: &EscalationSettings) -> Answer<()>;
    }

    #[async_trait]
    impl CallsView for Unit {
        async fn call_find(&mut self, organization: OrganizationId, id: CallId) -> Answer<Option<Call>>;
        async fn calls_page(&mut self, organization: OrganizationId, filter: &CallFilter, page: &PageRequest<CallKey>) -> Answer<Page<Call, CallKey>>;
        async fn call_is_keyed(&mut self, organization: OrganizationId, id: CallId) -> Answer<bool>;
    }

    #[async_trait]
    impl Calls for Unit {
        async fn call_add(&mut self, organization: OrganizationId, call: &Call, made_as: &MadeAs) -> Answer<bool>;
        async fn call_known_as(&mut self, organization: OrganizationId, external_id: &ExternalId) -> Answer<Option<(Call, MadeAs)>>;
        async fn call_lock(&mut self, organization: OrganizationId, id: CallId) -> Answer<Option<Call>>;
        async fn call_save(&mut self, organization: OrganizationId, call: &Call) -> Answer<()>;
    }

    #[async_trait]
    impl TranscriptsView for Unit {
        async fn transcript_find(&mut self, organization: OrganizationId, call: CallId) -> Answer<Option<Transcript>>;
        async fn transcripts_page(&mut self, organization: OrganizationId, page: &PageRequest<CallId>) -> Answer<Page<(CallId, Transcript), CallId>>;
    }

    #[async_trait]
    impl Transcripts for Unit {
        async fn transcript_version(&mut self, organization: OrganizationId, call: CallId) -> Answer<Option<i32>>;
        async fn transcript_save(&mut self, organization: OrganizationId, call: CallId, transcript: &Transcript) -> Answer<()>;
    }

    #[async_trait]
    impl MediaKeyringView for Unit {
        async fn fetched_media_key(&mut self, organization: OrganizationId, call: CallId, by: MediaKeyHolder) -> Answer<bool>;
    }

    #[async_trait]
    impl MediaKeyring for Unit {
        async fn media_keys_find(&mut self, organization: OrganizationId, call: CallId) -> Answer<Option<KeptMediaKeys>>;
        async fn media_keys_save(&mut self, organization: OrganizationId, call: CallId, kept: &KeptMediaKeys) -> Answer<()>;
        async fn media_keys_forget(&mut self, organization: OrganizationId, call: CallId) -> Answer<()>;
        async fn media_key_holder_add(&mut self, organization: OrganizationId, call: CallId, id: MediaKeyId, holder: MediaKeyHolder, permission: Permission, at: OffsetDateTime) -> Answer<()>;
        async fn media_key_holders(&mut self, organization: OrganizationId, call: CallId, generation: u32, now: OffsetDateTime) -> Answer<Vec<(Permission, Grant)>>;
    }

    #[async_trait]
    impl InvitationsView for Unit {
        async fn invitation_find(&mut self, organization: OrganizationId, id: InvitationId) -> Answer<Option<ListedInvitation>>;
        async fn invitations_page(&mut self, organization: OrganizationId, status: Option<InvitationStatus>, now: OffsetDateTime, page: &PageRequest<InvitationId>) -> Answer<Page<ListedInvitation, InvitationId>>;
        async fn invitation_mails_since(&mut self, organization: OrganizationId, inviter: UserId, since: OffsetDateTime) -> Answer<MailsSent>;
    }

    #[async_trait]
    impl Invitations for Unit {
        async fn invitation_mails_lock(&mut self, organization: OrganizationId) -> Answer<()>;
        async fn invitation_lock(&mut self, organization: OrganizationId, id: InvitationId) -> Answer<Option<Invitation>>;
        async fn invitation_add(&mut self, organization: OrganizationId, invitation: &Invitation) -> Answer<()>;
        async fn invitation_renew(&mut self, organization: OrganizationId, id: InvitationId, now: OffsetDateTime, expires_at: OffsetDateTime) -> Answer<()>;
        async fn invitation_revoke(&mut self, organization: OrganizationId, id: InvitationId) -> Answer<()>;
        async fn invitations_lock_of(&mut self, organization: OrganizationId, inviter: UserId) -> Answer<Vec<(InvitationId, Role)>>;
        async fn invitation_hand_over(&mut self, organization: OrganizationId, id: InvitationId, to: UserId) -> Answer<()>;
        async fn invitation_accept(&mut self, organization: OrganizationId, acceptance: &Acceptance) -> Answer<()>;
    }

    #[async_trait]
    impl ApiKeysView for Unit {
        async fn api_key_find(&mut self, organization: OrganizationId, id: ApiKeyId) -> Answer<Option<ListedKey>>;
        async fn api_keys_page(&mut self, organization: OrganizationId, page: &PageRequest<ApiKeyId>) -> Answer<Page<ListedKey, ApiKeyId>>;
        async fn api_key_days(&mut self, organization: OrganizationId, id: ApiKeyId) -> Answer<Option<Vec<DayOfUse>>>;
        async fn api_keys_count(&mut self, organization: OrganizationId) -> Answer<u64>;
    }

    #[async_trait]
    impl ApiKeys for Unit {
        async fn api_key_lock(&mut self, organization: OrganizationId, id: ApiKeyId) -> Answer<Option<ApiKey>>;
        async fn api_key_hold(&mut self, organization: OrganizationId, id: ApiKeyId, secrets: &[i64], now: OffsetDateTime) -> Answer<Option<ApiKey>>;
        async fn api_key_add(&mut self, organization: OrganizationId, key: &ApiKey, secret: KeyHash) -> Answer<()>;
        async fn api_key_save(&mut self, organization: OrganizationId, key: &ApiKey) -> Answer<()>;
        async fn api_key_rotate(&mut self, organization: OrganizationId, id: ApiKeyId, secret: KeyHash, present_until: Option<OffsetDateTime>) -> Answer<()>;
        async fn api_key_revoke(&mut self, organization: OrganizationId, id: ApiKeyId, at: OffsetDateTime) -> Answer<()>;
        async fn api_keys_hand_over(&mut self, organization: OrganizationId, from: UserId, to: UserId) -> Answer<Vec<ApiKeyId>>;
    }

    #[async_trait]
    impl SessionsView for Unit {
        async fn session_find(&mut self, user: UserId, organization: Option<OrganizationId>, session: SessionId) -> Answer<Option<OpenSession>>;
        async fn sessions_page(&mut self, user: UserId, live: Option<LiveSessions>, page: &PageRequest<SessionId>) -> Answer<Page<OwnSession, SessionId>>;
    }

    #[async_trait]
    impl SecondFactorsView for Unit {
        async fn totp_find(&mut self, user: UserId) -> Answer<Option<StoredTotp>>;
        async fn recovery_codes_left(&mut self, user: UserId) -> Answer<u32>;
    }

    #[async_trait]
    impl SecondFactors for Unit {
        async fn totp_begin(&mut self, user: UserId, seed: &Sealed, session: SessionId, now: OffsetDateTime, expires_at: OffsetDateTime) -> Answer<()>;
        async fn totp_confirm(&mut self, user: UserId, step: Step, at: OffsetDateTime) -> Answer<bool>;
        async fn totp_use(&mut self, user: UserId, step: Step) -> Answer<bool>;
        async fn totp_remove(&mut self, user: UserId) -> Answer<bool>;
        async fn recovery_codes_replace(&mut self, user: UserId, codes: &[TokenHash], now: OffsetDateTime) -> Answer<()>;
        async fn recovery_code_use(&mut self, user: UserId, code: TokenHash) -> Answer<bool>;
        async fn second_factors_remove(&mut self, user: UserId) -> Answer<()>;
        async fn second_factors_settle(&mut self, user: UserId) -> Answer<bool>;
        async fn password_is_short(&mut self, user: UserId) -> Answer<bool>;
        async fn mfa_challenge_add(&mut self, challenge: &NewChallenge) -> Answer<()>;
        async fn mfa_challenge_hold(&mut self, challenge: MfaChallengeId, now: OffsetDateTime) -> Answer<bool>;
        async fn mfa_challenge_fail(&mut self, challenge: MfaChallengeId) -> Answer<()>;
        async fn mfa_challenge_end(&mut self, challenge: MfaChallengeId) -> Answer<()>;
    }

    #[async_trait]
    impl OwnEvents for Unit {
        async fn events_of(&mut self, user: UserId, page: &PageRequest<WrittenPosition>) -> Answer<Page<OwnEvent, WrittenPosition>>;
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
    impl PasskeysView for Unit {
        async fn passkeys_of(&mut self, user: UserId) -> Answer<Vec<KeptPasskey>>;
    }

    #[async_trait]
    impl Passkeys for Unit {
        async fn passkey_add(&mut self, user: UserId, passkey: &NewPasskey) -> Answer<()>;
        async fn passkey_rename(&mut self, user: UserId, id: PasskeyId, name: &PasskeyName) -> Answer<Option<Passkey>>;
        async fn passkey_remove(&mut self, user: UserId, id: PasskeyId) -> Answer<bool>;
        async fn passkey_use(&mut self, user: UserId, id: PasskeyId, credential: &Credential, at: OffsetDateTime) -> Answer<bool>;
    }

    #[async_trait]
    impl RecordingsView for Unit {
        async fn recording_of(&mut self, organization: OrganizationId, call: CallId) -> Answer<Option<KeptRecording>>;
        async fn recordings_page(&mut self, organization: OrganizationId, page: &PageRequest<CallId>) -> Answer<Page<(CallId, KeptRecording), CallId>>;
    }
    #[async_trait]
    impl Recordings for Unit {
        async fn recording_keep(&mut self, organization: OrganizationId, recording: RecordingId, version: i32, whole: &FinishedUpload) -> Answer<bool>;
        async fn recording_remove(&mut self, organization: OrganizationId, recording: RecordingId) -> Answer<bool>;
        async fn uploads_give_up(&mut self, organization: OrganizationId, call: CallId) -> Answer<Vec<RecordingId>>;
        async fn uploads_end(&mut self, organization: OrganizationId) -> Answer<()>;
    }
    #[async_trait]
    impl SecurityView for Unit {
        async fn controls(&mut self, organization: OrganizationId) -> Answer<Vec<KeptControl>>;
        async fn mfa_rule_find(&mut self, organization: OrganizationId) -> Answer<KeptRule>;
        async fn mfa_impact_page(&mut self, organization: OrganizationId, page: &PageRequest<MemberKey>) -> Answer<Page<Affected, MemberKey>>;
        async fn mfa_deadlines_page(&mut self, organization: OrganizationId, page: &PageRequest<UserId>) -> Answer<Page<KeptDeadline, UserId>>;
        async fn mfa_deadlines_of(&mut self, user: UserId) -> Answer<Vec<KeptDeadline>>;
    }

    #[async_trait]
    impl PlanChangesView for Unit {
        async fn recordings_older(&mut self, organization: OrganizationId, than: OffsetDateTime, at_most: u32) -> Answer<u64>;
        async fn audit_events_older(&mut self, organization: OrganizationId, than: OffsetDateTime, at_most: u32) -> Answer<u64>;
        async fn plan_version(&mut self, organization: OrganizationId) -> Answer<u64>;
        async fn plan_change_is_kept(&mut self, organization: OrganizationId, change: PlanChangeId) -> Answer<bool>;
        async fn plan_changes(&mut self, organization: OrganizationId, limit: u16) -> Answer<Vec<KeptPlanChange>>;
    }

    #[async_trait]
    impl PlanChanges for Unit {
        async fn plan_change_add(&mut self, organization: OrganizationId, change: &NewPlanChange) -> Answer<()>;
    }

    #[async_trait]
    impl Security for Unit {
        async fn control_hold(&mut self, organization: OrganizationId, control: Control) -> Answer<bool>;
        async fn control_save(&mut self, organization: OrganizationId, control: Control, enabled: bool, by: Option<UserId>, at: OffsetDateTime) -> Answer<()>;
        async fn mfa_rule_save(&mut self, organization: OrganizationId, rule: MfaRule, by: UserId, at: OffsetDateTime) -> Answer<()>;
        async fn mfa_deadlines_set(&mut self, organization: OrganizationId, change: &RuleChange) -> Answer<()>;
        async fn mfa_notices_claim(&mut self, organization: OrganizationId, limit: u16) -> Answer<Vec<Notified>>;
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
        async fn audit_events_page(&mut self, organization: OrganizationId, page: &PageRequest<EventKey>) -> Answer<Page<KeptLeaf, EventKey>>;
        async fn audit_events_personal(&mut self, organization: OrganizationId, events: &[EventKey]) -> Answer<BTreeMap<WrittenPosition, Value>>;
    }

    #[async_trait]
    impl LogView for Unit {
        async fn log_extent(&mut self, organization: OrganizationId) -> Answer<Option<LogExtent>>;
        async fn log_stretches(&mut self, organization: OrganizationId, filter: &Filter, from: u64, up_to: u64, at_most: u16) -> Answer<Vec<LikelyStretch>>;
        async fn log_events(&mut self, organization: OrganizationId, filter: &Filter, from: u64, to: u64, at_most: u16, most_bytes: usize) -> Answer<LogPage>;
        async fn log_event(&mut self, organization: OrganizationId, id: EventId) -> Answer<Option<LoggedEvent>>;
    }

    #[async_trait]
    impl WitnessesView for Unit {
        async fn witness_find(&mut self, organization: OrganizationId) -> Answer<Option<KeptWitness>>;
    }

    #[async_trait]
    impl WebhooksView for Unit {
        async fn webhook_find(&mut self, organization: OrganizationId) -> Answer<Option<KeptWebhook>>;
    }

    #[async_trait]
    impl DeliveriesView for Unit {
        async fn deliveries(&mut self, organization: OrganizationId, topic: Topic, at_most: u16) -> Answer<Vec<ShownDelivery>>;
        async fn deliveries_since(&mut self, organization: OrganizationId, topic: Topic, since: OffsetDateTime) -> Answer<u32>;
        async fn health(&mut self, organization: OrganizationId, topic: Topic) -> Answer<DeliveryHealth>;
    }

    #[async_trait]
    impl Webhooks for Unit {
        async fn webhook_lock(&mut self, organization: OrganizationId) -> Answer<Option<KeptWebhook>>;
        async fn webhook_set(&mut self, organization: OrganizationId, webhook: &NewWebhook) -> Answer<()>;
        async fn webhook_remove(&mut self, organization: OrganizationId, at: OffsetDateTime) -> Answer<()>;
        async fn webhook_resend(&mut self, organization: OrganizationId, at: OffsetDateTime) -> Answer<u64>;
    }

    #[async_trait]
    impl AttemptsLookedAt for Unit {
        async fn attempts_tell(&mut self, account: [u8; 32]) -> Answer<bool>;
    }

    #[async_trait]
    impl Witnesses for Unit {
        async fn witness_lock(&mut self, organization: OrganizationId) -> Answer<Option<KeptWitness>>;
        async fn witness_set(&mut self, organization: OrganizationId, witness: &NewWitness) -> Answer<()>;
        async fn witness_remove(&mut self, organization: OrganizationId, at: OffsetDateTime) -> Answer<()>;
        async fn witness_deliver(&mut self, organization: OrganizationId, delivery: &NewDelivery) -> Answer<()>;
    }

    #[async_trait]
    impl TreeView for Unit {
        async fn audit_tree(&mut self, log: Log) -> Answer<Option<KeptTree>>;
        async fn audit_tiles(&mut self, log: Log, wanted: &BTreeSet<TileId>) -> Answer<BTreeMap<TileId, Tile>>;
        async fn audit_place(&mut self, log: Log, event: EventId) -> Answer<Option<u64>>;
        async fn audit_places_between(&mut self, log: Log, since: Option<OffsetDateTime>, until: Option<OffsetDateTime>) -> Answer<Option<(u64, u64)>>;
        async fn audit_events_between(&mut self, log: Log, from: u64, to: u64, most_bytes: usize) -> Answer<(Vec<PlacedEvent>, u64)>;
        async fn audit_checkpoint_last(&mut self, log: Log, origin: &str) -> Answer<Option<KeptCheckpoint>>;
        async fn audit_checkpoints_between(&mut self, log: Log, origin: &str, from: u64, to: u64, limit: u16) -> Answer<Vec<KeptCheckpoint>>;
    }

    #[async_trait]
    impl UnitOfWork for Unit {
        async fn go_on(&mut self, record: Record, scope: Scope) -> Answer<()>;
        async fn commit(self: Box<Self>, record: Record) -> Answer<()>;
    }
}
