//! What this node keeps in mind of keys in use: how fast each is used, when each was last, and how often by day.
//! Letting a program in writes nothing.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rollcall_domain::{
    ApiKeyId,
    api_keys::{ApiKey, RateLimitState},
};
use time::OffsetDateTime;

use super::{DayOfUse, KeyHash, KeyUse, ListedKey, Move, UsedKey};
use crate::{Application, Error};

/// What this node keeps in mind of keys in use. Cloning it is cheap.
///
/// Each node counts for itself: a limit holds for every node, so that several nodes let through several times as much. Counting
/// together would be a write for each request.
#[derive(Debug, Clone, Default)]
pub struct KeyUses(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// When the limit of each key is whole again.
    whole_at: Mutex<HashMap<ApiKeyId, OffsetDateTime>>,
    /// How each key was used, as far as that is not written down yet.
    used: Mutex<HashMap<ApiKeyId, UsedKey>>,
    /// What is to be kept of secrets instead of what is.
    moves: Mutex<HashMap<KeyHash, KeyHash>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl KeyUses {
    /// Counts a request against the key's own limit, if it has one.
    ///
    /// # Errors
    /// [`Error::KeyLimitReached`].
    pub(super) fn count(&self, key: &ApiKey, now: OffsetDateTime) -> Result<Option<RateLimitState>, Error> {
        let Some(limit) = key.rate_limit else { return Ok(None) };
        let counted = limit.count(lock(&self.0.whole_at).entry(key.id).or_insert(now), now);
        counted.map(Some).map_err(|retry_after| Error::KeyLimitReached { limit, retry_after })
    }

    /// Notes a use.
    pub(super) fn note(&self, used: KeyUse) {
        let day = used.at.to_offset(time::UtcOffset::UTC).date();
        self.add(used, &[DayOfUse { day, calls: 1 }]);
    }

    /// Notes a last use, and how much the key was used by day.
    fn add(&self, last: KeyUse, days: &[DayOfUse]) {
        let mut keys = lock(&self.0.used);
        let known = keys.entry(last.key).or_insert_with(|| UsedKey { last, days: Vec::new() });
        days.iter().for_each(|day| known.add(last, *day));
    }

    /// Notes once more what could not be written down.
    fn add_again<'a>(&self, used: impl IntoIterator<Item = &'a UsedKey>) {
        used.into_iter().for_each(|used| self.add(used.last, &used.days));
    }

    /// Notes that something else is to be kept of a secret.
    pub(super) fn note_move(&self, Move { from, to }: Move) {
        lock(&self.0.moves).insert(from, to);
    }

    /// The key with its last use as this node knows it.
    pub(super) fn known(&self, mut listed: ListedKey) -> ListedKey {
        let last = lock(&self.0.used).get(&listed.key.id).map(|used| used.last);
        if let Some(used) = last.filter(|used| listed.last_used_at.is_none_or(|at| at < used.at)) {
            listed.last_used_at = Some(used.at);
            listed.last_used_ip = used.ip.map(|ip| ip.to_string());
        }
        listed
    }

    /// How much a key was used that is not written down yet.
    pub(super) fn days_of(&self, key: ApiKeyId) -> Vec<DayOfUse> {
        lock(&self.0.used).get(&key).map(|used| used.days.clone()).unwrap_or_default()
    }

    /// Takes all uses that are not written down yet, in the order of the keys.
    fn take(&self, now: OffsetDateTime) -> Vec<UsedKey> {
        // What is whole again is as good as never used.
        lock(&self.0.whole_at).retain(|_, whole_at| *whole_at > now);
        let mut used: Vec<UsedKey> = std::mem::take(&mut *lock(&self.0.used)).into_values().collect();
        used.sort_by_key(|used| used.last.key);
        used
    }

    /// Takes all that is to be kept of secrets instead of what is.
    fn take_moves(&self) -> Vec<Move> {
        let moves = std::mem::take(&mut *lock(&self.0.moves));
        moves.into_iter().map(|(from, to)| Move { from, to }).collect()
    }
}

/// The most keys that are written down by one statement: whoever changes one of the keys has to wait for it.
const AT_ONCE: usize = 1_000;

/// Writes down when keys were last used, for all that were since the last time, the newest of each, and how often by day. What somebody
/// else is changing is the next time's; what is noted in between as well. Those that are kept by an older key of the keyring are kept by the
/// newest from then on. If the database has written uses down and its answer was lost, they are counted twice, which a picture of the use
/// can bear.
///
/// # Errors
/// When the database does not answer. Nothing is lost then: the next time takes it along.
pub async fn write_down_uses(app: &Application) -> Result<(), Error> {
    let used = app.key_uses.take(app.now());
    for (number, part) in used.chunks(AT_ONCE).enumerate() {
        match app.directory.api_keys_used(part).await {
            Ok(busy) => app.key_uses.add_again(part.iter().filter(|used| busy.contains(&used.last.key))),
            Err(error) => {
                app.key_uses.add_again(&used[number * AT_ONCE..]);
                return Err(error.into());
            }
        }
    }
    let moves = app.key_uses.take_moves();
    for (number, part) in moves.chunks(AT_ONCE).enumerate() {
        if let Err(error) = app.directory.api_keys_moved(part).await {
            moves[number * AT_ONCE..].iter().for_each(|moved| app.key_uses.note_move(*moved));
            return Err(error.into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rollcall_domain::api_keys::RateLimit;
    use time::Duration;

    use super::*;
    use crate::{
        ports::StoreError,
        testing::{MockDirectory, NOW, TestStore, api_key, application},
    };

    fn used(number: u8, second: i64) -> KeyUse {
        KeyUse { key: api_key(number).id, at: NOW + Duration::seconds(second), ip: None }
    }

    /// A key that was used so often, the last time at a second.
    fn used_key(number: u8, second: i64, calls: u64) -> UsedKey {
        UsedKey { last: used(number, second), days: vec![DayOfUse { day: NOW.date(), calls }] }
    }

    fn down() -> Result<Vec<ApiKeyId>, StoreError> {
        Err(StoreError::Unavailable("down".into()))
    }

    #[tokio::test]
    async fn what_could_not_be_counted_is_the_next_time_and_what_could_is_not() {
        let mut directory = MockDirectory::new();
        directory.expect_api_keys_used().times(1).returning(|_| down());
        directory
            .expect_api_keys_used()
            .times(1)
            .withf(|used| *used == [used_key(1, 1, 2), used_key(2, 1, 1)])
            .returning(|_| Ok(vec![api_key(1).id]));
        directory
            .expect_api_keys_used()
            .times(1)
            .withf(|used| *used == [used_key(1, 1, 2)])
            .returning(|_| Ok(Vec::new()));
        let app = application(&TestStore::default(), directory);
        for number in [1, 1, 2] {
            app.key_uses.note(used(number, 1));
        }
        assert!(write_down_uses(&app).await.is_err());
        write_down_uses(&app).await.expect("one is busy");
        write_down_uses(&app).await.expect("written");
        write_down_uses(&app).await.expect("nothing to write");
    }

    #[tokio::test]
    async fn the_newest_use_of_each_key_is_written_down_once_and_nothing_when_there_is_none() {
        let mut directory = MockDirectory::new();
        directory
            .expect_api_keys_used()
            .times(1)
            .withf(|used| *used == [used_key(1, 5, 3), used_key(2, 1, 1)])
            .returning(|_| Ok(Vec::new()));
        let app = application(&TestStore::default(), directory);
        write_down_uses(&app).await.expect("nothing to write");
        for (number, second) in [(2, 1), (1, 3), (1, 5), (1, 4)] {
            app.key_uses.note(used(number, second));
        }
        write_down_uses(&app).await.expect("written");
        write_down_uses(&app).await.expect("nothing to write");
    }

    #[tokio::test]
    async fn what_could_not_be_written_down_is_the_next_time_unless_there_is_newer() {
        let mut directory = MockDirectory::new();
        directory.expect_api_keys_used().times(1).returning(|_| down());
        directory
            .expect_api_keys_used()
            .times(1)
            .withf(|used| *used == [used_key(1, 1, 1), used_key(2, 9, 2)])
            .returning(|_| Ok(Vec::new()));
        let app = application(&TestStore::default(), directory);
        app.key_uses.note(used(1, 1));
        app.key_uses.note(used(2, 1));
        assert!(write_down_uses(&app).await.is_err());
        app.key_uses.note(used(2, 9));
        write_down_uses(&app).await.expect("written");
    }

    #[tokio::test]
    async fn many_keys_are_written_down_a_thousand_at_a_time_and_what_is_left_is_the_next_time() {
        let key = |number| ApiKeyId::from_parts(number, &[0; 10]);
        let mut directory = MockDirectory::new();
        let mut writing = mockall::Sequence::new();
        for (first, length, works) in
            [(0, 1_000, true), (1_000, 1_000, false), (1_000, 1_000, true), (2_000, 500, true)]
        {
            directory
                .expect_api_keys_used()
                .times(1)
                .in_sequence(&mut writing)
                .withf(move |used| used.len() == length && used[0].last.key == key(first))
                .returning(move |_| if works { Ok(Vec::new()) } else { down() });
        }
        let app = application(&TestStore::default(), directory);
        for number in 0..2_500 {
            app.key_uses.note(KeyUse { key: key(number), at: NOW, ip: None });
        }
        assert!(write_down_uses(&app).await.is_err());
        write_down_uses(&app).await.expect("written");
        write_down_uses(&app).await.expect("nothing to write");
    }

    #[test]
    fn uses_are_counted_by_day() {
        let uses = KeyUses::default();
        for second in [1, 2, 86_401] {
            uses.note(used(1, second));
        }
        let next_day = NOW.date().next_day().expect("there is one");
        let days = [DayOfUse { day: NOW.date(), calls: 2 }, DayOfUse { day: next_day, calls: 1 }];
        assert_eq!(uses.days_of(api_key(1).id), days);
        let taken = uses.take(NOW);
        assert_eq!(taken, [UsedKey { last: used(1, 86_401), days: days.to_vec() }]);
        uses.add_again(&taken);
        uses.note(used(1, 3));
        let again = UsedKey { last: used(1, 86_401), days: vec![DayOfUse { calls: 3, ..days[0] }, days[1]] };
        assert_eq!(uses.take(NOW), [again]);
    }

    #[test]
    fn each_key_has_its_own_limit() {
        let uses = KeyUses::default();
        let limited = |number| ApiKey { rate_limit: RateLimit::new(1, 60).ok(), ..api_key(number) };
        assert!(uses.count(&limited(1), NOW).is_ok());
        let refused = uses.count(&limited(1), NOW);
        let Err(Error::KeyLimitReached { retry_after, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!(retry_after, Duration::MINUTE);
        assert!(uses.count(&limited(2), NOW).is_ok());
        assert!(matches!(uses.count(&api_key(3), NOW), Ok(None)));
    }
}
