//! Sealing anew what an older key of the ring has sealed and what outlives it, so that a key can leave the ring.

use async_trait::async_trait;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{Application, Error, ErrorChain, Sealed, ports::StoreError, webhooks::Topic};

/// How many are read at a time.
const AT_A_TIME: u16 = 100;

/// What is kept for longer than a key stays on the ring, each sealed for the id that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedFor {
    /// The seed of an account's authenticator app.
    TotpSeed,
    /// The key of an organization, which wraps those of its recordings.
    OrganizationKey,
    /// What messages to an organization's webhook are signed with.
    WebhookSecret(Topic),
}

impl SealedFor {
    /// Every kind.
    pub const ALL: [Self; 4] = [
        Self::TotpSeed,
        Self::OrganizationKey,
        Self::WebhookSecret(Topic::Checkpoints),
        Self::WebhookSecret(Topic::Escalations),
    ];

    /// What the keyring knows it by. It is sealed into what is kept, so it never changes.
    pub(crate) const fn purpose(self) -> &'static str {
        match self {
            Self::TotpSeed => "totp seed",
            Self::OrganizationKey => "organization_key/v1",
            Self::WebhookSecret(Topic::Checkpoints) => "webhook-secret/v1",
            Self::WebhookSecret(Topic::Escalations) => "escalations-webhook-secret/v1",
        }
    }
}

/// What is sealed, of whichever account or organization. A narrow door of its own beside the units of work: what it changes is
/// nothing but the seal, and leaves no events.
#[async_trait]
pub trait SealedRows: Send + Sync {
    /// Up to `limit` of a kind that are sealed with another key than `key`, by the ids that they belong to, beginning after one.
    async fn sealed_otherwise(
        &self,
        what: SealedFor,
        key: u8,
        after: Option<Uuid>,
        limit: u16,
    ) -> Result<Vec<(Uuid, Sealed)>, StoreError>;

    /// Keeps one under another seal, unless it is not the same any more.
    async fn reseal(
        &self,
        what: SealedFor,
        id: Uuid,
        before: &Sealed,
        after: &Sealed,
    ) -> Result<(), StoreError>;
}

/// What has become of what other keys than the newest had sealed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resealed {
    /// How much the newest key seals now.
    pub anew: u64,
    /// How much no key on the ring opens.
    pub closed: u64,
}

/// Seals with the newest key what is sealed with an older one.
///
/// # Errors
/// When the store does not answer. What no key on the ring opens is told in the log, and left as it is: the key may come back. So is what
/// cannot be changed now; the next time it comes again.
pub async fn reseal(app: &Application, rows: &dyn SealedRows) -> Result<Resealed, Error> {
    let mut resealed = Resealed::default();
    for what in SealedFor::ALL {
        let (mut after, mut closed) = (None, 0);
        loop {
            let page = rows.sealed_otherwise(what, app.keyring.newest(), after, AT_A_TIME).await?;
            if page.is_empty() {
                break;
            }
            for (id, before) in &page {
                after = Some(*id);
                let Some(sealed) = anew(app, what, *id, before) else {
                    closed += 1;
                    continue;
                };
                match rows.reseal(what, *id, before, &sealed).await {
                    Ok(()) => resealed.anew += 1,
                    Err(error) => {
                        tracing::warn!(
                            error = %ErrorChain(&error),
                            ?what,
                            "what an older key of the keyring has sealed was not sealed anew"
                        );
                        // Whether it is a matter of this one alone is found out by asking for those behind it: a database that is away
                        // ends the round.
                        break;
                    }
                }
            }
        }
        if closed > 0 {
            tracing::error!(
                ?what,
                closed,
                "the keyring (ROLLCALL__KEYS__RING) does not open what it has sealed"
            );
        }
        resealed.closed += closed;
    }
    Ok(resealed)
}

fn anew(app: &Application, what: SealedFor, id: Uuid, sealed: &Sealed) -> Option<Sealed> {
    let (purpose, context) = (what.purpose(), id.as_bytes());
    let opened = Zeroizing::new(app.keyring.open(purpose, context, &sealed.0)?);
    app.keyring.seal(purpose, context, &opened, app.entropy.as_ref()).map(Sealed)
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    };

    use super::*;
    use crate::testing::{LogHeard, MockDirectory, TestStore, application};

    /// What is sealed, and the one that somebody holds.
    struct Kept(Mutex<Vec<(SealedFor, Uuid, Sealed)>>, Option<Uuid>);

    #[async_trait]
    impl SealedRows for Kept {
        async fn sealed_otherwise(
            &self,
            what: SealedFor,
            key: u8,
            after: Option<Uuid>,
            _: u16,
        ) -> Result<Vec<(Uuid, Sealed)>, StoreError> {
            let kept = self.0.lock().expect("no panic");
            // One at a time, so that every page but the last is full.
            let next =
                kept.iter().find(|(of, id, sealed)| *of == what && sealed.0[0] != key && Some(*id) > after);
            Ok(next.map(|(_, id, sealed)| (*id, sealed.clone())).into_iter().collect())
        }

        async fn reseal(
            &self,
            what: SealedFor,
            id: Uuid,
            before: &Sealed,
            after: &Sealed,
        ) -> Result<(), StoreError> {
            if self.1 == Some(id) {
                return Err(StoreError::Unavailable("held by somebody".into()));
            }
            let mut kept = self.0.lock().expect("no panic");
            let same = |(of, owner, sealed): &&mut (SealedFor, Uuid, Sealed)| {
                (*of, *owner) == (what, id) && sealed.0 == before.0
            };
            kept.iter_mut().find(same).expect("the same").2 = after.clone();
            Ok(())
        }
    }

    #[tokio::test]
    async fn asvs_13_3_4_all_moves_to_the_newest_key_and_what_no_key_opens_holds_nothing_up() {
        let before = application(&TestStore::default(), MockDirectory::new());
        let mut after = before.clone();
        let both =
            "2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=,1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        after.keyring = both.parse().expect("a keyring");
        let sealed = |what: SealedFor, number: u128| {
            let id = Uuid::from_u128(number);
            let seal =
                before.keyring.seal(what.purpose(), id.as_bytes(), b"a secret", before.entropy.as_ref());
            (what, id, Sealed(seal.expect("sealed")))
        };
        let of_each = SealedFor::ALL.into_iter().flat_map(|what| {
            let broken = (what, Uuid::from_u128(2), Sealed(vec![9; 61]));
            [sealed(what, 1), broken, sealed(what, 3)]
        });
        let kept = Kept(Mutex::new(of_each.collect()), None);
        let kinds = SealedFor::ALL.len() as u64;
        let resealed = reseal(&after, &kept).await.expect("resealed");
        assert_eq!(resealed, Resealed { anew: 2 * kinds, closed: kinds });
        let resealed = reseal(&after, &kept).await.expect("nothing to do");
        assert_eq!(resealed, Resealed { anew: 0, closed: kinds });
        // The old key can go.
        after.keyring = both.split(',').next().expect("one").parse().expect("a keyring");
        for (what, id, sealed) in
            kept.0.lock().expect("no panic").iter().filter(|(_, _, kept)| kept.0[0] == 2)
        {
            let opened = after.keyring.open(what.purpose(), id.as_bytes(), &sealed.0);
            assert_eq!(opened.expect("opened"), b"a secret");
        }
    }

    #[tokio::test]
    async fn what_somebody_holds_is_sealed_anew_the_next_time_and_holds_nothing_up() {
        let (heard, _hearing) = LogHeard::here();
        let before = application(&TestStore::default(), MockDirectory::new());
        let mut after = before.clone();
        after.keyring =
            "2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=,1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
                .parse()
                .expect("a keyring");
        let sealed = [1, 2].map(|number| {
            let (what, id) = (SealedFor::TotpSeed, Uuid::from_u128(number));
            let seal =
                before.keyring.seal(what.purpose(), id.as_bytes(), b"a secret", before.entropy.as_ref());
            (what, id, Sealed(seal.expect("sealed")))
        });
        let mut kept = Kept(Mutex::new(sealed.to_vec()), Some(Uuid::from_u128(1)));
        assert_eq!(reseal(&after, &kept).await.expect("resealed").anew, 1);
        let lines = heard.lines();
        assert!(matches!(&lines[..], [line] if line.contains("held by somebody")), "{lines:?}");
        kept.1 = None;
        assert_eq!(reseal(&after, &kept).await.expect("resealed").anew, 1);
    }

    /// A database that goes away once it has said what is sealed with an older key.
    struct Leaving(Mutex<Vec<(Uuid, Sealed)>>, AtomicU32);

    #[async_trait]
    impl SealedRows for Leaving {
        async fn sealed_otherwise(
            &self,
            _: SealedFor,
            _: u8,
            _: Option<Uuid>,
            _: u16,
        ) -> Result<Vec<(Uuid, Sealed)>, StoreError> {
            let page = std::mem::take(&mut *self.0.lock().expect("no panic"));
            if page.is_empty() { Err(StoreError::Unavailable("away".into())) } else { Ok(page) }
        }

        async fn reseal(&self, _: SealedFor, _: Uuid, _: &Sealed, _: &Sealed) -> Result<(), StoreError> {
            self.1.fetch_add(1, Ordering::Relaxed);
            Err(StoreError::Unavailable("away".into()))
        }
    }

    #[tokio::test]
    async fn a_database_that_goes_away_is_not_waited_for_with_each_secret() {
        let app = application(&TestStore::default(), MockDirectory::new());
        let sealed = (1..9).map(|number| {
            let id = Uuid::from_u128(number);
            let purpose = SealedFor::TotpSeed.purpose();
            let seal = app.keyring.seal(purpose, id.as_bytes(), b"a secret", app.entropy.as_ref());
            (id, Sealed(seal.expect("sealed")))
        });
        let leaving = Leaving(Mutex::new(sealed.collect()), AtomicU32::default());
        assert!(reseal(&app, &leaving).await.is_err());
        assert_eq!(leaving.1.load(Ordering::Relaxed), 1);
    }
}
