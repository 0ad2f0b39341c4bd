//! What the databases hold: organizations, people, sessions and API keys, all of them numbered, so that the load knows them without
//! having read them.

use std::sync::{
    LazyLock, OnceLock,
    atomic::{AtomicU64, Ordering},
};

use rollcall_domain::{
    EventId, OrganizationId, UserId,
    api_keys::{self, KeyPrefix},
};
use uuid::Uuid;

/// Ids are this and a number. The bits of a UUIDv7 in front are those of a day in 2024.
const FIRST_ID: u128 = 0x0190_0000_0000_7000_8000_0000_0000_0000;
/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// How many sessions a load works with that is to find them warm.
const WARM: u64 = 1_000;
/// The keyring of the service that is measured: hashes of API keys are made by it. Nothing else is kept under it.
pub(crate) const RING: &str = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
/// The key that [`RING`] has for API keys, as HMAC (RFC 2104) mixes it in inside,
const INSIDE: &str = "c892596f3287868b371c0b40c67af097016066e7c6c84b1bb773cf473cf1455d3636363636363636363636363636363636363636363636363636363636363636";
/// and outside.
const OUTSIDE: &str = "a2f8330558edece15d76612aac109afd6b0a0c8daca22171dd19a52d569b2f375c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c";
/// How many API keys there are at the most.
const KEYS: u64 = 1_000_000;
/// How many sessions the Owner of the large organization has.
const SESSIONS_OF_LARGE_OWNER: u64 = 16;

/// How much a database holds.
///
/// People are numbered: first the members of the small organizations, team by team with its Owner at the beginning, then
/// those of the large one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Data {
    /// How many small organizations there are.
    pub(crate) organizations: u64,
    /// How many members each of them has.
    pub(crate) team: u64,
    /// How many members the large organization has.
    pub(crate) large_team: u64,
    /// How many sessions the members of small organizations have.
    pub(crate) sessions: u64,
    /// How many API keys the small organizations have.
    pub(crate) keys: u64,
}

impl Data {
    /// All of it.
    pub(crate) fn whole(sessions: u64) -> Self {
        Self { organizations: 1_000, team: 20, large_team: 100_000, sessions, keys: KEYS }
    }

    /// A hundredth as many organizations, and members of the large one; a thousandth as many API keys.
    pub(crate) fn hundredth(sessions: u64) -> Self {
        Self { organizations: 10, team: 20, large_team: 1_000, sessions, keys: 1_000 }
    }

    /// A number that was never given out before.
    pub(crate) fn fresh(&self) -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    }

    /// How many people are in small organizations.
    pub(crate) fn in_small_teams(&self) -> u64 {
        self.organizations * self.team
    }

    /// How many people there are.
    pub(crate) fn people(&self) -> u64 {
        self.in_small_teams() + self.large_team
    }

    /// How many sessions there are, those of the large organization's Owner at the end.
    pub(crate) fn all_sessions(&self) -> u64 {
        self.sessions + SESSIONS_OF_LARGE_OWNER
    }

    /// A token of one of a few sessions, which come again and again.
    pub(crate) fn warm(&self, n: u64) -> String {
        token(n % WARM.min(self.sessions))
    }

    /// A token of a session that no call before has used. A load that asks for more than there are is told that the session is
    /// not good.
    pub(crate) fn cold(&self, n: u64) -> String {
        token(if n < self.sessions { n } else { u64::MAX })
    }

    /// One of a few API keys, which come again and again.
    pub(crate) fn warm_key(&self, n: u64) -> String {
        key(n % WARM.min(self.keys))
    }

    /// One API key after the other, far from each other. None comes again before all others have.
    pub(crate) fn cold_key(&self, n: u64) -> String {
        key(n.wrapping_mul(7_919) % self.keys)
    }

    /// What could be an API key, and is none: it is looked for each time.
    pub(crate) fn no_key(&self, n: u64) -> String {
        key(self.keys + n)
    }

    /// What opens API keys, so many at a time.
    pub(crate) fn keys_in_parts(&self, part: u64) -> impl Iterator<Item = Vec<String>> {
        let keys = self.keys;
        (0..keys).step_by(part as usize).map(move |first| (first..keys.min(first + part)).map(key).collect())
    }

    /// The statement that adds API keys, of which `$1` is a part and `$2` how many have been added before.
    pub(crate) fn keys_statement(&self) -> String {
        let id = id_of("n");
        let organization = id_of(&format!("n % {}", self.organizations));
        format!(
            "WITH parts AS (SELECT p.text, $2::bigint + p.at - 1 AS n FROM unnest($1::text[]) WITH ORDINALITY AS p (text, at)),
                  keys AS (INSERT INTO api_keys (org_id, key_id, prefix, name, scopes, created_at)
                           SELECT {organization}, {id}, left(text, 16), 'Key ' || n, '{{calls:read}}', now() FROM parts)
             INSERT INTO api_key_secrets (org_id, key_id, secret_hash)
             SELECT {organization}, {id},
                    '\\x01'::bytea || sha256('\\x{OUTSIDE}'::bytea || sha256(
                        '\\x{INSIDE}'::bytea || int8send(octet_length(text)) || convert_to(text, 'UTF8')))
               FROM parts"
        )
    }

    /// A token of the Owner of one small organization after the other.
    pub(crate) fn owner(&self, n: u64) -> String {
        token(n % self.organizations * self.team)
    }

    /// A token of the n-th member of the first small organization.
    pub(crate) fn member_of_first(&self, n: u64) -> String {
        token(n % self.team)
    }

    /// How many live streams the large organization has, where those are measured: ten thousand.
    pub(crate) fn streams(&self) -> u64 {
        self.large_team / 10
    }

    /// A token of the member of the large organization who has the n-th of them.
    pub(crate) fn listener(&self, n: u64) -> String {
        token(self.all_sessions() + n)
    }

    /// The id of the large organization.
    pub(crate) fn large(&self) -> Uuid {
        id(self.organizations)
    }

    /// A token of the Owner of the large organization.
    pub(crate) fn owner_of_large(&self, n: u64) -> String {
        token(self.sessions + n % SESSIONS_OF_LARGE_OWNER)
    }

    /// The id of the second small organization. That is not the large one, whose audit log is searched, nor the first, whose agents work.
    pub(crate) fn second(&self) -> Uuid {
        id(1)
    }

    /// How many events the audit log of the second small organization has, where proofs are measured.
    pub(crate) fn events(&self) -> u64 {
        100 * self.large_team
    }

    /// The id of one of them after the other, far from each other.
    pub(crate) fn event_of_second(&self, n: u64) -> String {
        EventId::from_uuid(id(n.wrapping_mul(7_919) % self.events())).to_string()
    }

    /// The id of one member of the large organization after the other, far from each other.
    pub(crate) fn member_of_large(&self, n: u64) -> String {
        let member = n.wrapping_mul(7_919) % self.large_team;
        UserId::from_uuid(id(self.in_small_teams() + member)).to_string()
    }

    /// The ids of one member of a small organization after the other, and of that organization.
    pub(crate) fn seat(&self, n: u64) -> (String, String) {
        let member = n.wrapping_mul(7_919) % self.in_small_teams();
        let organization = OrganizationId::from_uuid(id(member / self.team));
        (UserId::from_uuid(id(member)).to_string(), organization.to_string())
    }

    /// The address of one member of a small organization after the other.
    pub(crate) fn address(&self, n: u64) -> String {
        format!("user-{}@bench.example", n % self.in_small_teams())
    }

    /// Statements that fill an empty, migrated database. `hash` is everybody's password's.
    ///
    /// The sessions count as used for the hours to come: when a session was last used is written down once a minute, and how
    /// many of those writes fall into a measurement would be a matter of luck.
    pub(crate) fn statements(&self, hash: &str) -> Vec<String> {
        let Self { organizations, team, sessions, .. } = self;
        let (small, people, all) = (self.in_small_teams(), self.people() - 1, self.all_sessions() - 1);
        let organization = format!("least(n / {team}, {organizations})");
        let seat = format!("CASE WHEN n < {small} THEN n % {team} ELSE n - {small} END");
        let owner = format!("CASE WHEN n < {sessions} THEN n % {small} ELSE {small} END");
        let (of_n, of_organization, of_owner) = (id_of("n"), id_of(&organization), id_of(&owner));
        let owners_organization = id_of(&format!("least(({owner}) / {team}, {organizations})"));
        vec![
            format!(
                "INSERT INTO organizations (org_id, name, slug, plan, created_at)
                 SELECT {of_n}, 'Organization ' || n, 'organization-' || n, 'free', now() - interval '1 day'
                   FROM generate_series(0, {organizations}) n"
            ),
            format!(
                "INSERT INTO users (user_id, email, email_key, name, password_hash, locale, time_zone, created_at)
                 SELECT {of_n}, 'user-' || n || '@bench.example', 'user-' || n || '@bench.example', 'User ' || n,
                        '{hash}', 'en', 'UTC', now() - interval '1 day'
                   FROM generate_series(0, {people}) n"
            ),
            format!(
                "INSERT INTO members (org_id, user_id, role, joined_at)
                 SELECT {of_organization}, {of_n},
                        CASE {seat} WHEN 0 THEN 'owner' WHEN 1 THEN 'admin' ELSE 'member' END,
                        now() - interval '1 day' + n * interval '1 millisecond'
                   FROM generate_series(0, {people}) n"
            ),
            format!(
                "INSERT INTO sessions (session_id, token_hash, user_id, org_id, authenticated_at, created_at,
                                       last_seen_at, expires_at)
                 SELECT {of_n}, sha256(convert_to('rcs_' || lpad(n::text, 52, '0'), 'UTF8')), {of_owner},
                        {owners_organization}, now(), now(), now() + interval '12 hours', now() + interval '30 days'
                   FROM generate_series(0, {all}) n"
            ),
        ]
    }
}

/// The n-th session's token: as long as a real one, and of the same letters.
fn token(n: u64) -> String {
    format!("rcs_{n:052}")
}

/// What opens the n-th API key. Making one takes a good part of the time that checking it takes, on the same machine: those that are there
/// are made once, when the first database is filled.
fn key(n: u64) -> String {
    static MADE: LazyLock<Vec<OnceLock<String>>> =
        LazyLock::new(|| (0..KEYS).map(|_| OnceLock::new()).collect());
    let made = usize::try_from(n).ok().and_then(|n| MADE.get(n));
    made.map_or_else(|| minted(n), |key| key.get_or_init(|| minted(n)).clone())
}

fn minted(n: u64) -> String {
    let mut random = [0; 32];
    random[24..].copy_from_slice(&n.to_be_bytes());
    api_keys::mint(&KeyPrefix::from_random(u128::from(n).to_be_bytes()), random).expose().to_owned()
}

/// The id of what has such a number, in SQL.
pub(crate) fn id_of(number: &str) -> String {
    format!("('01900000-0000-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid")
}

fn id(n: u64) -> Uuid {
    Uuid::from_u128(FIRST_ID | u128::from(n))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn data() -> Data {
        Data { organizations: 3, team: 4, large_team: 50, sessions: 2_000, keys: 1_000 }
    }

    #[test]
    fn cold_sessions_never_come_again_and_warm_ones_soon_do() {
        let data = data();
        let cold: BTreeSet<String> = (0..2_000).map(|n| data.cold(n)).collect();
        assert_eq!(cold.len(), 2_000);
        assert!(!cold.contains(&data.cold(2_000)), "a session that is not there");
        assert_eq!(data.warm(5), data.warm(1_005));
        assert_eq!(data.warm(5).len(), 56);
    }

    #[test]
    fn owners_sit_at_the_beginning_of_their_teams() {
        let data = data();
        assert_eq!([0, 1, 2, 3].map(|n| data.owner(n)), [0, 4, 8, 0].map(token));
        assert_eq!([0, 17].map(|n| data.owner_of_large(n)), [2_000, 2_001].map(token));
    }

    #[test]
    fn seats_are_those_of_small_organizations() {
        let data = data();
        let seats: BTreeSet<_> = (0..12).map(|n| data.seat(n)).collect();
        let seat =
            |n| (UserId::from_uuid(id(n)).to_string(), OrganizationId::from_uuid(id(n / 4)).to_string());
        assert_eq!(seats, (0..12).map(seat).collect());
    }

    #[test]
    fn members_of_the_large_organization_come_after_all_others() {
        let data = data();
        let members: BTreeSet<String> = (0..50).map(|n| data.member_of_large(n)).collect();
        let expected = (12..62).map(|n| UserId::from_uuid(id(n)).to_string());
        assert_eq!(members, expected.collect());
    }
}
