//! What Rollcall has said, and what has ended since.
//!
//! What is remembered is believed only while the feed tells that nothing is missing. An end that it tells of leaves a mark,
//! and whatever was said before the mark about those whom it concerns is asked anew. A feed that begins anew leaves one
//! mark for everybody.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use rollcall_domain::{
    ApiKeyId, OrganizationId, SessionId, UserId,
    api_keys::Networks,
    revocations::Revocation,
    tokens::{LONGEST, SKEW},
};
use tokio::time::Instant;

use crate::{Caller, Error, Subject};

/// The most answers that are remembered.
const MOST: usize = 100_000;
/// How many marks are kept before the old ones among them are looked for.
const TIDY_AT: usize = 4_096;

/// What Rollcall has said, and what has ended since.
pub(crate) struct Memory {
    inner: RwLock<Inner>,
    believed_for: Duration,
    remembered_for: Duration,
}

struct Inner {
    /// Counts what the feed has told.
    turn: u64,
    /// When the feed last began anew.
    reset: Mark,
    marks: HashMap<Whose, Mark>,
    tidy_at: usize,
    /// Until when what is remembered is believed.
    believed_until: Option<Instant>,
    answers: HashMap<[u8; 32], Remembered>,
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    turn: u64,
    at: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Whose {
    Session(SessionId),
    Seat(UserId, OrganizationId),
    User(UserId),
    Organization(OrganizationId),
    ApiKey(ApiKeyId),
}

/// Who has shown a token, and from where they may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) caller: Caller,
    /// Of an API key: the networks that it is held to.
    pub(crate) networks: Networks,
}

impl Known {
    /// The caller, if they may be where they are; where that is not known, they are nowhere.
    ///
    /// # Errors
    /// [`Error::NetworkNotAllowed`].
    pub(crate) fn at(&self, client: Option<IpAddr>) -> Result<Caller, Error> {
        if self.networks.allow(client) { Ok(self.caller) } else { Err(Error::NetworkNotAllowed) }
    }
}

struct Remembered {
    known: Known,
    /// The turn in which it was asked.
    turn: u64,
    until: Instant,
}

impl Memory {
    pub(crate) fn new(believed_for: Duration, remembered_for: Duration) -> Self {
        let inner = Inner {
            turn: 0,
            reset: Mark { turn: 0, at: Instant::now() },
            marks: HashMap::new(),
            tidy_at: TIDY_AT,
            believed_until: None,
            answers: HashMap::new(),
        };
        let longest = Duration::try_from(LONGEST).unwrap_or(Duration::ZERO);
        Self { inner: RwLock::new(inner), believed_for, remembered_for: remembered_for.min(longest) }
    }

    fn write<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        change(&mut self.inner.write().unwrap_or_else(PoisonError::into_inner))
    }

    fn read<T>(&self, look: impl FnOnce(&Inner) -> T) -> T {
        look(&self.inner.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// This moment: to be asked for before Rollcall is.
    pub(crate) fn turn(&self) -> u64 {
        self.read(|inner| inner.turn)
    }

    /// Notes that as of now nothing is missing.
    pub(crate) fn nothing_is_missing(&self) {
        self.write(|inner| inner.believed_until = Some(Instant::now() + self.believed_for));
    }

    /// Notes that things may have ended of which nothing was told.
    pub(crate) fn something_was_missed(&self) {
        self.write(|inner| {
            inner.turn += 1;
            inner.reset = Mark { turn: inner.turn, at: Instant::now() };
            inner.believed_until = None;
            inner.marks.clear();
            inner.answers.clear();
        });
    }

    /// Notes what has ended.
    pub(crate) fn ended(&self, revocation: &Revocation) {
        let whose = match *revocation {
            Revocation::SessionEnded { session_id, .. } => Whose::Session(session_id),
            Revocation::MemberRemoved { user_id, organization_id }
            | Revocation::RoleChanged { user_id, organization_id, .. } => {
                Whose::Seat(user_id, organization_id)
            }
            Revocation::UserSuspended { user_id }
            | Revocation::UserDeleted { user_id }
            | Revocation::UserChanged { user_id } => Whose::User(user_id),
            Revocation::OrganizationDeleted { organization_id }
            | Revocation::OrganizationChanged { organization_id } => Whose::Organization(organization_id),
            Revocation::ApiKeyRevoked { api_key_id, .. } | Revocation::ApiKeyChanged { api_key_id, .. } => {
                Whose::ApiKey(api_key_id)
            }
        };
        self.write(|inner| {
            inner.turn += 1;
            let mark = Mark { turn: inner.turn, at: Instant::now() };
            inner.marks.insert(whose, mark);
            if inner.marks.len() >= inner.tidy_at {
                // Nothing that was said before such a mark is good any more.
                inner.marks.retain(|_, mark| mark.at.elapsed() < token_life());
                inner.tidy_at = TIDY_AT.max(inner.marks.len() * 2);
            }
        });
    }

    /// Whether an access token that is good says what is so: that nothing of it has ended since it was made.
    pub(crate) fn vouches_for(&self, caller: &Caller) -> bool {
        self.read(|inner| {
            // A mark says something of tokens that were made before it.
            let has_outlived = |mark: Mark| mark.at.elapsed() > token_life();
            inner.is_believed() && has_outlived(inner.reset) && inner.marked(caller).is_none_or(has_outlived)
        })
    }

    /// Who has shown a token, if that was asked and nothing of it has ended since.
    pub(crate) fn recall(&self, token: &[u8; 32]) -> Option<Known> {
        self.read(|inner| {
            let remembered = inner.answers.get(token).filter(|_| inner.is_believed())?;
            let Remembered { known, turn, until } = remembered;
            let ended = inner.marked(&known.caller).is_some_and(|mark| mark.turn > *turn);
            (Instant::now() < *until && *turn >= inner.reset.turn && !ended).then(|| known.clone())
        })
    }

    /// Remembers who has shown a token, as asked in this turn; no longer than the token lives.
    pub(crate) fn remember(&self, token: [u8; 32], turn: u64, known: Known, lives: Duration) {
        self.write(|inner| {
            let now = Instant::now();
            if inner.answers.len() >= MOST {
                inner.answers.retain(|_, remembered| now < remembered.until);
                if inner.answers.len() >= MOST {
                    inner.answers.clear();
                }
            }
            let until = now + self.remembered_for.min(lives);
            inner.answers.insert(token, Remembered { known, turn, until });
        });
    }
}

impl Inner {
    fn is_believed(&self) -> bool {
        self.believed_until.is_some_and(|until| Instant::now() < until)
    }

    /// The last mark that concerns a caller.
    fn marked(&self, caller: &Caller) -> Option<Mark> {
        let (user, session, key) = match caller.subject {
            Subject::User { id, session } => (Some(id), Some(session), None),
            Subject::ApiKey { id } => (None, None, Some(id)),
        };
        let whose = [
            key.map(Whose::ApiKey),
            session.map(Whose::Session),
            user.map(Whose::User),
            caller.organization.map(Whose::Organization),
            user.zip(caller.organization).map(|(user, organization)| Whose::Seat(user, organization)),
        ];
        let marks = whose.into_iter().flatten().filter_map(|whose| self.marks.get(&whose));
        marks.max_by_key(|mark| mark.turn).copied()
    }
}

/// How long an access token may be good to somebody whose clock differs.
pub(crate) fn token_life() -> Duration {
    Duration::try_from(LONGEST + SKEW).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, policy::Grant};

    use super::*;

    const TOKEN: [u8; 32] = [1; 32];
    const SECOND: Duration = Duration::from_secs(1);
    const LIFE: Duration = Duration::from_secs(3_600);

    fn session_id() -> SessionId {
        SessionId::from_parts(0, &[1; 10])
    }

    fn user_id() -> UserId {
        UserId::from_parts(0, &[2; 10])
    }

    fn organization_id() -> OrganizationId {
        OrganizationId::from_parts(0, &[3; 10])
    }

    fn caller() -> Caller {
        Caller {
            subject: Subject::User { id: user_id(), session: session_id() },
            organization: Some(organization_id()),
            grant: Grant::Member { role: Role::Admin },
        }
    }

    fn known() -> Known {
        Known { caller: caller(), networks: Networks::default() }
    }

    fn ends() -> [Revocation; 6] {
        let (session_id, user_id, organization_id) = (session_id(), user_id(), organization_id());
        [
            Revocation::SessionEnded { session_id, user_id, organization_id: None },
            Revocation::MemberRemoved { user_id, organization_id },
            Revocation::RoleChanged { user_id, organization_id, role: Role::Viewer },
            Revocation::UserSuspended { user_id },
            Revocation::UserDeleted { user_id },
            Revocation::OrganizationDeleted { organization_id },
        ]
    }

    fn memory() -> Memory {
        let memory = Memory::new(SECOND, 30 * SECOND);
        memory.nothing_is_missing();
        memory
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_said_is_recalled_until_it_ends_and_no_longer_than_stated() {
        for end in ends() {
            let memory = memory();
            memory.remember(TOKEN, memory.turn(), known(), LIFE);
            let other = UserId::from_parts(0, &[9; 10]);
            memory.ended(&Revocation::UserDeleted { user_id: other });
            assert_eq!(memory.recall(&TOKEN), Some(known()));
            let turn = memory.turn();
            memory.ended(&end);
            assert_eq!(memory.recall(&TOKEN), None, "{end:?}");
            // Asked before the end was told, answered after it.
            memory.remember(TOKEN, turn, known(), LIFE);
            assert_eq!(memory.recall(&TOKEN), None, "{end:?}");
            memory.remember(TOKEN, memory.turn(), known(), LIFE);
            assert_eq!(memory.recall(&TOKEN), Some(known()));
        }
        let memory = memory();
        memory.remember(TOKEN, memory.turn(), known(), 10 * SECOND);
        tokio::time::advance(10 * SECOND).await;
        memory.nothing_is_missing();
        assert_eq!(memory.recall(&TOKEN), None);
    }

    #[test]
    fn attack_17_a_key_that_is_held_to_networks_is_taken_from_nowhere_else() {
        let networks = Networks::parse(&["192.0.2.0/24"]).expect("networks");
        let held = Known { networks, ..known() };
        let ip = |text: &str| Some(text.parse().expect("an address"));
        assert_eq!(held.at(ip("192.0.2.9")), Ok(caller()));
        for elsewhere in [None, ip("192.0.3.1"), ip("2001:db8::1")] {
            assert_eq!(held.at(elsewhere), Err(Error::NetworkNotAllowed));
            assert_eq!(known().at(elsewhere), Ok(caller()));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_believed_longer_than_stated_after_the_feed_was_last_heard() {
        let memory = memory();
        tokio::time::advance(token_life() + SECOND).await;
        memory.remember(TOKEN, memory.turn(), known(), LIFE);
        assert!(memory.recall(&TOKEN).is_none() && !memory.vouches_for(&caller()));
        memory.nothing_is_missing();
        assert!(memory.recall(&TOKEN).is_some() && memory.vouches_for(&caller()));
        tokio::time::advance(SECOND).await;
        assert!(memory.recall(&TOKEN).is_none() && !memory.vouches_for(&caller()));
    }

    #[tokio::test(start_paused = true)]
    async fn an_access_token_is_taken_at_its_word_once_all_that_came_before_the_feed_have_run_out() {
        let memory = memory();
        assert!(!memory.vouches_for(&caller()));
        tokio::time::advance(token_life() + SECOND).await;
        memory.nothing_is_missing();
        for end in ends() {
            assert!(memory.vouches_for(&caller()));
            memory.ended(&end);
            assert!(!memory.vouches_for(&caller()), "{end:?}");
            memory.something_was_missed();
            tokio::time::advance(token_life() + SECOND).await;
            memory.nothing_is_missing();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_have_been_missed_ends_everything_that_was_said_before() {
        let memory = memory();
        let turn = memory.turn();
        memory.remember(TOKEN, turn, known(), LIFE);
        memory.something_was_missed();
        memory.nothing_is_missing();
        assert_eq!(memory.recall(&TOKEN), None);
        memory.remember(TOKEN, turn, known(), LIFE);
        assert_eq!(memory.recall(&TOKEN), None);
    }
}
