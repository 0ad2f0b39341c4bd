//! What is kept of API keys.

use std::{net::IpAddr, sync::Arc};

use async_trait::async_trait;
use rollcall_domain::{ApiKeyId, OrganizationId, UserId, api_keys::ApiKey, organizations::Organization};
use time::OffsetDateTime;

use super::{DayOfUse, KeyHash};
use crate::{Page, PageRequest, ports::StoreError};

/// A key as the organization sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// The key.
    pub key: ApiKey,
    /// Until when the secret of before works too; none when there is none.
    pub previous_until: Option<OffsetDateTime>,
    /// The numbers of its secrets, whether or not they work still.
    pub secrets: Vec<i64>,
    /// When it was last used; none if it never was, as far as that is written down.
    pub last_used_at: Option<OffsetDateTime>,
    /// From where; none if it never was, or that is not known.
    pub last_used_ip: Option<String>,
}

impl ListedKey {
    /// Whether it is open to whoever has shown one of these secrets.
    pub(crate) fn is_open_to(&self, secrets: &[i64], now: OffsetDateTime) -> bool {
        let newest = self.secrets.iter().max();
        let previous = self.previous_until.is_some_and(|until| until > now);
        let works = |secret: &i64| Some(secret) == newest || previous && self.secrets.contains(secret);
        self.key.is_live(now) && secrets.iter().any(works)
    }
}

/// A key that was found by what opens it, and where it leads.
#[derive(Debug, Clone)]
pub struct FoundKey {
    /// The key, whether or not it is still good.
    pub key: Arc<ApiKey>,
    /// Where it leads.
    pub organization: Arc<Organization>,
    /// The number of the secret that it was found by; of an access token, of the one that it was asked for with, or of
    /// each that this may be.
    pub secrets: Vec<i64>,
    /// Until when the secret works that it was found by; none when for as long as the key does.
    pub secret_until: Option<OffsetDateTime>,
    /// The key of the keyring that the secret is kept by; none when it was found by something else than its secret.
    pub ring_key: Option<u8>,
    /// Whether the organization's audit log is on, so that calls are kept in it.
    pub audited: bool,
}

/// A secret that was used, kept by an older key of the keyring than there is by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// What is kept of it,
    pub from: KeyHash,
    /// and what is to be kept of it instead.
    pub to: KeyHash,
}

/// How many API keys that still work are kept by a key of the keyring other than the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptBy {
    /// The id of that key.
    pub ring_key: u8,
    /// How many API keys that still work: not revoked, and not at their end.
    pub live: u64,
}

/// A use of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUse {
    /// Which key.
    pub key: ApiKeyId,
    /// When it was used, by the clock of the node that let it in.
    pub at: OffsetDateTime,
    /// From where.
    pub ip: Option<IpAddr>,
}

/// A key that was used since that was last written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedKey {
    /// Its last use.
    pub last: KeyUse,
    /// How much it was used by day.
    pub days: Vec<DayOfUse>,
}

impl UsedKey {
    /// Adds to it.
    pub(super) fn add(&mut self, used: KeyUse, DayOfUse { day, calls }: DayOfUse) {
        if self.last.at <= used.at {
            self.last = used;
        }
        match self.days.iter_mut().find(|known| known.day == day) {
            Some(known) => known.calls = known.calls.saturating_add(calls),
            None => self.days.push(DayOfUse { day, calls }),
        }
    }
}

/// Reads the API keys of the scope's organization.
#[async_trait]
pub trait ApiKeysView {
    /// A key.
    async fn api_key_find(
        &mut self,
        organization: OrganizationId,
        id: ApiKeyId,
    ) -> Result<Option<ListedKey>, StoreError>;

    /// A page of the keys, those that have ended among them, the newest first.
    async fn api_keys_page(
        &mut self,
        organization: OrganizationId,
        page: &PageRequest<ApiKeyId>,
    ) -> Result<Page<ListedKey, ApiKeyId>, StoreError>;

    /// How much a key was used, by day, as far as that is kept; none where there is no such key.
    async fn api_key_days(
        &mut self,
        organization: OrganizationId,
        id: ApiKeyId,
    ) -> Result<Option<Vec<DayOfUse>>, StoreError>;

    /// How many keys there are that have not been revoked.
    async fn api_keys_count(&mut self, organization: OrganizationId) -> Result<u64, StoreError>;
}

/// Changes the API keys of the scope's organization.
#[async_trait]
pub trait ApiKeys {
    /// A key, locked until the end of the transaction; none in an organization that is deleted, which does not happen before then
    /// either.
    async fn api_key_lock(
        &mut self,
        organization: OrganizationId,
        id: ApiKeyId,
    ) -> Result<Option<ApiKey>, StoreError>;

    /// The same, but others may hold it as well; none either when none of these secrets of it works any more. Nobody changes the key or
    /// its secrets before the end of the transaction.
    async fn api_key_hold(
        &mut self,
        organization: OrganizationId,
        id: ApiKeyId,
        secrets: &[i64],
        now: OffsetDateTime,
    ) -> Result<Option<ApiKey>, StoreError>;

    /// Adds a key, and what is kept of its secret.
    async fn api_key_add(
        &mut self,
        organization: OrganizationId,
        key: &ApiKey,
        secret: KeyHash,
    ) -> Result<(), StoreError>;

    /// Saves a key's name, scopes, end, networks and limit, and counts its version up.
    async fn api_key_save(&mut self, organization: OrganizationId, key: &ApiKey) -> Result<(), StoreError>;

    /// Gives a key a new secret. The current one works until the given moment, or ends at once if there is none, whatever the
    /// clocks of other nodes say; the one before it ends in any case. Counts the version up.
    async fn api_key_rotate(
        &mut self,
        organization: OrganizationId,
        id: ApiKeyId,
        secret: KeyHash,
        present_until: Option<OffsetDateTime>,
    ) -> Result<(), StoreError>;

    /// Ends a key, with whatever opens it, and counts its version up.
    async fn api_key_revoke(
        &mut self,
        organization: OrganizationId,
        id: ApiKeyId,
        at: OffsetDateTime,
    ) -> Result<(), StoreError>;

    /// Hands over the keys that have not been revoked from one member to another; gives back which.
    async fn api_keys_hand_over(
        &mut self,
        organization: OrganizationId,
        from: UserId,
        to: UserId,
    ) -> Result<Vec<ApiKeyId>, StoreError>;
}
