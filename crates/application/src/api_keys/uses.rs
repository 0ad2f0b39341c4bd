//! What this node keeps in mind of keys in use: how fast each is used, and when each was last. Letting a program in writes nothing.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rollcall_domain::{
    ApiKeyId,
    api_keys::{ApiKey, RateLimitState},
};
use time::{Date, OffsetDateTime};

use super::{CountedUse, DayOfUse, KeyHash, KeyUse, ListedKey, Move};
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
    /// The last use of each key that is not written down yet.
    last: Mutex<HashMap<ApiKeyId, KeyUse>>,
    /// How often each key was used on a day, as far as that is not written down yet.
    days: Mutex<HashMap<(ApiKeyId, Date), u64>>,
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
        let day = DayOfUse { day: used.at.to_offset(time::UtcOffset::UTC).date(), calls: 1 };
        self.note_count(CountedUse { key: used.key, of: day });
        self.note_last(used);
    }

    fn note_count(&self, CountedUse { key, of: DayOfUse { day, calls } }: CountedUse) {
        let mut days = lock(&self.0.days);
        let counted = days.entry((key, day)).or_default();
        *counted = counted.saturating_add(calls);
    }

    fn note_last(&self, used: KeyUse) {
        let mut last = lock(&self.0.last);
        let newest = last.entry(used.key).or_insert(used);
        if newest.at <= used.at {
            *newest = used;
        }
    }

    /// Notes that something else is to be kept of a secret.
    pub(super) fn note_move(&self, Move { from, to }: Move) {
        lock(&self.0.moves).insert(from, to);
    }

    /// The key with its last use as this node knows it.
    pub(super) fn known(&self, mut listed: ListedKey) -> ListedKey {
        let last = lock(&self.0.last).get(&listed.key.id).copied();
        if let Some(used) = last.filter(|used| listed.last_used_at.is_none_or(|at| at < used.at)) {
            listed.last_used_at = Some(used.at);
            listed.last_used_ip = used.ip.map(|ip| ip.to_string());
        }
        listed
    }

    /// How much a key was used that is not written down yet.
    pub(super) fn days_of(&self, key: ApiKeyId) -> Vec<DayOfUse> {
        let days = lock(&self.0.days);
        let own = days.iter().filter(|((of, _), _)| *of == key);
        own.map(|((_, day), calls)| DayOfUse { day: *day, calls: *calls }).collect()
    }

    /// Takes how much keys were used that is not written down yet, in the order of the keys.
    fn take_counts(&self) -> Vec<CountedUse> {
        let days = std::mem::take(&mut *lock(&self.0.days));
        let counted = |((key, day), calls)| CountedUse { key, of: DayOfUse { day, calls } };
        let mut uses: Vec<CountedUse> = days.into_iter().map(counted).collect();
        uses.sort_by_key(|used| (used.key, used.of.day));
        uses
    }

    /// Takes all uses that are not written down yet, in the order of the keys.
    fn take(&self, now: OffsetDateTime) -> Vec<KeyUse> {
        // What is whole again is as good as never used.
        lock(&self.0.whole_at).retain(|_, whole_at| *whole_at > now);
        let mut uses: Vec<KeyUse> = std::mem::take(&mut *lock(&self.0.last)).into_values().collect();
        uses.sort_by_key(|used| used.key);
        uses
    }

    /// Takes all that is to be kept of secrets instead of what is.
    fn take_moves(&self) -> Vec<Move> {
        let moves = std::mem::take(&mut *lock(&self.0.moves));
        moves.into_iter().map(|(from, to)| Move { from, to }).collect()
    }
}

/// The most that is written down by one statement: whoever changes one of the keys has to wait for it.
const AT_ONCE: usize = 1_000;

/// Writes down when keys were last used, for all that were since the last time, the newest of each, and how often by day. Those
/// that are kept by an older key of the keyring are kept by the newest from then on.
///
/// # Errors
/// When the database does not answer. Nothing is lost then: the next time takes it along.
pub async fn write_down_uses(app: &Application) -> Result<(), Error> {
    write_down_counts(app).await?;
    let uses = app.key_uses.take(app.now());
    for (number, part) in uses.chunks(AT_ONCE).enumerate() {
        if let Err(error) = app.directory.api_keys_used(part).await {
            uses[number * AT_ONCE..].iter().for_each(|used| app.key_uses.note_last(*used));
            return Err(error.into());
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

/// The counts first: what is noted in between is taken along the next time. If the database has written them down and its answer was lost,
/// they are counted twice, which a picture of the use can bear.
async fn write_down_counts(app: &Application) -> Result<(), Error> {
    let counts = app.key_uses.take_counts();
    for (number, part) in counts.chunks(AT_ONCE).enumerate() {
        match app.directory.api_keys_counted(part).await {
            Ok(busy) => {
                let busy = part.iter().filter(|used| busy.contains(&used.key));
                busy.for_each(|used| app.key_uses.note_count(*used));
            }
            Err(error) => {
                counts[number * AT_ONCE..].iter().for_each(|used| app.key_uses.note_count(*used));
                return Err(error.into());
            }
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

    fn counted(number: u8, calls: u64) -> CountedUse {
        CountedUse { key: api_key(number).id, of: DayOfUse { day: NOW.date(), calls } }
    }

    #[tokio::test]
    async fn what_could_not_be_counted_is_the_next_time_and_what_could_is_not() {
        let mut directory = MockDirectory::new();
        directory.expect_api_keys_used().returning(|_| Ok(()));
        directory
            .expect_api_keys_counted()
            .times(1)
            .returning(|_| Err(StoreError::Unavailable("down".into())));
        directory
            .expect_api_keys_counted()
            .times(1)
            .withf(|uses| *uses == [counted(1, 2), counted(2, 1)])
            .returning(|_| Ok(vec![api_key(1).id]));
        directory
            .expect_api_keys_counted()
            .times(1)
            .withf(|uses| *uses == [counted(1, 2)])
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
            .withf(|uses| *uses == [used(1, 5), used(2, 1)])
            .returning(|_| Ok(()));
        directory
            .expect_api_keys_counted()
            .times(1)
            .withf(|uses| *uses == [counted(1, 3), counted(2, 1)])
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
        directory.expect_api_keys_used().times(1).returning(|_| Err(StoreError::Unavailable("down".into())));
        directory
            .expect_api_keys_used()
            .times(1)
            .withf(|uses| *uses == [used(1, 1), used(2, 9)])
            .returning(|_| Ok(()));
        directory.expect_api_keys_counted().returning(|_| Ok(Vec::new()));
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
        let mut counting = mockall::Sequence::new();
        for (first, length, works) in
            [(0, 1_000, true), (1_000, 1_000, false), (1_000, 1_000, true), (2_000, 500, true)]
        {
            directory
                .expect_api_keys_counted()
                .times(1)
                .in_sequence(&mut counting)
                .withf(move |uses| uses.len() == length && uses[0].key == key(first))
                .returning(
                    move |_| if works { Ok(Vec::new()) } else { Err(StoreError::Unavailable("down".into())) },
                );
        }
        directory.expect_api_keys_used().times(3).withf(|uses| uses.len() <= 1_000).returning(|_| Ok(()));
        let app = application(&TestStore::default(), directory);
        for number in 0..2_500 {
            app.key_uses.note(KeyUse { key: key(number), at: NOW, ip: None });
        }
        assert!(write_down_uses(&app).await.is_err());
        write_down_uses(&app).await.expect("written");
        write_down_uses(&app).await.expect("nothing to write");
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
