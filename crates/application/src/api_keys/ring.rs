//! Which keys of the keyring API keys still need.

use super::KeptBy;
use crate::{Application, Error};

/// A key of the keyring, other than the newest, that API keys which still work are kept by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OlderRingKey {
    /// Its id.
    pub id: u8,
    /// How many API keys are kept by it.
    pub live: u64,
    /// Whether it is on the ring; if it is not, they cannot be used.
    pub is_on_the_ring: bool,
}

/// The keys of the keyring, other than the newest, that API keys which still work are kept by. A key that is used moves to the newest
/// by itself; those that never are do not.
///
/// # Errors
/// When the database does not answer.
pub async fn older_ring_keys(app: &Application) -> Result<Vec<OlderRingKey>, Error> {
    let kept = app.directory.api_keys_by_ring_key(app.keyring.newest(), app.now()).await?;
    let older =
        |KeptBy { ring_key: id, live }| OlderRingKey { id, live, is_on_the_ring: app.keyring.has(id) };
    Ok(kept.into_iter().map(older).collect())
}

/// Tells whoever runs the service of API keys that cannot be used because the keyring has lost what they are kept by, and of those that
/// would be next; gives back how many cannot be used.
///
/// # Errors
/// When the database does not answer.
pub async fn tell_older_ring_keys(app: &Application) -> Result<u64, Error> {
    let mut unusable = 0;
    for OlderRingKey { id, live, is_on_the_ring } in older_ring_keys(app).await? {
        if is_on_the_ring {
            tracing::info!(
                ring_key = id,
                api_keys = live,
                "API keys are kept by an older key of the keyring until they are used"
            );
        } else {
            unusable += live;
            tracing::error!(
                ring_key = id,
                api_keys = live,
                "API keys cannot be used, as the keyring (ROLLCALL__KEYS__RING) lacks the key that they are kept by"
            );
        }
    }
    Ok(unusable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{MockDirectory, TestStore, application};

    #[tokio::test]
    async fn those_whose_key_is_not_on_the_ring_are_counted_and_no_others() {
        for (ring_key, unusable) in [(1, 0), (7, 3)] {
            let mut directory = MockDirectory::new();
            directory
                .expect_api_keys_by_ring_key()
                .returning(move |_, _| Ok(vec![KeptBy { ring_key, live: 3 }]));
            let mut app = application(&TestStore::default(), directory);
            let ring = "2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=,1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
            app.keyring = ring.parse().expect("a keyring");
            assert_eq!(tell_older_ring_keys(&app).await.expect("an answer"), unusable);
        }
    }
}
