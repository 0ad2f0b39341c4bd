//! Sealing seeds anew, so that a key can leave the ring.

use super::codes::{open_seed, seal_seed};
use crate::{Application, Error, ports::Seeds};

/// How many are read at a time.
const AT_A_TIME: u16 = 100;

/// Seals the seeds of authenticator apps with the newest key that are sealed with an older one; gives back how many.
///
/// # Errors
/// When the store does not answer. A seed that no key on the ring opens is told in the log, and left as it is: the key may come back.
pub async fn reseal(app: &Application, seeds: &dyn Seeds) -> Result<u64, Error> {
    let (mut after, mut resealed, mut closed) = (None, 0, 0);
    loop {
        let page = seeds.sealed_otherwise(app.keyring.newest(), after, AT_A_TIME).await?;
        for (user, before) in &page {
            match open_seed(app, *user, before) {
                Ok(seed) => {
                    seeds.reseal(*user, before, &seal_seed(app, *user, &seed)?).await?;
                    resealed += 1;
                }
                Err(_) => closed += 1,
            }
        }
        match page.last() {
            Some((user, _)) => after = Some(*user),
            None => break,
        }
    }
    if closed > 0 {
        tracing::error!(
            seeds = closed,
            "the keyring (ROLLCALL__KEYS__RING) does not open the seeds of authenticator apps"
        );
    }
    Ok(resealed)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use rollcall_domain::UserId;

    use super::*;
    use crate::{
        Sealed,
        ports::StoreError,
        second_factors::codes::new_seed,
        testing::{MockDirectory, TestStore, application, user},
    };

    struct Kept(Mutex<Vec<(UserId, Sealed)>>);

    #[async_trait]
    impl Seeds for Kept {
        async fn sealed_otherwise(
            &self,
            key: u8,
            after: Option<UserId>,
            _: u16,
        ) -> Result<Vec<(UserId, Sealed)>, StoreError> {
            let kept = self.0.lock().expect("no panic");
            let mut kept = kept.iter().filter(|(user, sealed)| sealed.0[0] != key && Some(*user) > after);
            Ok(kept.next().cloned().into_iter().collect())
        }

        async fn reseal(&self, user: UserId, before: &Sealed, after: &Sealed) -> Result<(), StoreError> {
            let mut kept = self.0.lock().expect("no panic");
            let same = |(owner, sealed): &&mut (UserId, Sealed)| *owner == user && sealed.0 == before.0;
            kept.iter_mut().find(same).expect("the same seed").1 = after.clone();
            Ok(())
        }
    }

    #[tokio::test]
    async fn asvs_13_3_4_seeds_move_to_the_newest_key_and_those_that_no_key_opens_hold_nobody_up() {
        let before = application(&TestStore::default(), MockDirectory::new());
        let mut after = before.clone();
        let both =
            "2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=,1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        after.keyring = both.parse().expect("a keyring");
        let seed = new_seed(&before);
        let sealed = |number| (user(number).id, seal_seed(&before, user(number).id, &seed).expect("sealed"));
        let broken = (user(2).id, Sealed(vec![9; 61]));
        let kept = Kept(Mutex::new(vec![sealed(1), broken, sealed(3)]));
        assert_eq!(reseal(&after, &kept).await.expect("resealed"), 2);
        assert_eq!(reseal(&after, &kept).await.expect("nothing to do"), 0);
        // The old key can go.
        after.keyring = both.split(',').next().expect("one").parse().expect("a keyring");
        let kept = kept.0.lock().expect("no panic");
        for (owner, sealed) in [&kept[0], &kept[2]] {
            assert_eq!(open_seed(&after, *owner, sealed).expect("opened").expose(), seed.expose());
        }
    }
}
