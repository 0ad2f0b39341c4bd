//! Sealing anew what an older key of the keyring has sealed, and counting what no key of it opens.

use rollcall_api_http::metrics::KeptLabels;
use rollcall_application::{api_keys, reseal, tokens};

use super::{Workers, complain};

impl Workers {
    /// Seals anew what an older key has sealed, and counts what the keyring does not open, each kind by itself.
    pub(super) async fn seal_anew(&self) {
        let resealed = reseal(&self.app, self.sealed.as_ref()).await;
        let signing = tokens::sealed_by_older(&self.app).await;
        let missing =
            |keys: Vec<tokens::SealedKey>| keys.iter().map(|key| u64::from(!key.is_on_the_ring)).sum::<u64>();
        for (kept, unopened) in [
            ("sealed", resealed.map(|resealed| resealed.closed)),
            ("api_keys", api_keys::tell_older_ring_keys(&self.app).await),
            ("signing_keys", signing.map(missing)),
        ] {
            complain(unopened.map(|count| {
                let gauge = self.metrics.keyring_unopened.get_or_create_owned(&KeptLabels { kept });
                gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
            }));
        }
    }
}
