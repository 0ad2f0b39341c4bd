//! Rollcall, as a service beside it sees it.

use std::{sync::Arc, time::Duration};

use rollcall_domain::secret::Secret;
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use crate::{
    Caller, Error, Settings,
    answer::{Answer, of_claims},
    connection::Connection,
    feed,
    keys::Keys,
    memory::Memory,
    settings::InvalidSettings,
    token::{Unverified, is_access_token},
};

/// The longest token that is asked about.
const LONGEST: usize = 4_096;

/// Rollcall, as a service beside it sees it. Cloning it is cheap; the feed is followed until the last clone has gone.
#[derive(Clone)]
pub struct Rollcall(Arc<Inner>);

struct Inner {
    connection: Connection,
    keys: Keys,
    memory: Arc<Memory>,
}

impl Rollcall {
    /// Begins to follow what ends at Rollcall, in the background. It need not be there yet: until it is, callers are turned
    /// away.
    ///
    /// # Errors
    /// [`InvalidSettings`].
    pub fn connect(settings: Settings) -> Result<Self, InvalidSettings> {
        let runtime = Handle::try_current().map_err(|_| InvalidSettings::NoRuntime)?;
        let memory = Arc::new(Memory::new(settings.believed_for, settings.remembered_for));
        let connection = Connection::new(settings)?;
        runtime.spawn(feed::follow(connection.clone(), Arc::downgrade(&memory)));
        Ok(Self(Arc::new(Inner { keys: Keys::new(connection.clone()), connection, memory })))
    }

    /// Who has shown a token: an access token, the token of a session or an API key.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for one that is worth nothing, [`Error::Unavailable`] when that cannot be told now.
    pub async fn authenticate(&self, token: &Secret) -> Result<Caller, Error> {
        let Inner { connection, keys, memory } = &*self.0;
        if token.expose().is_empty() || token.expose().len() > LONGEST {
            return Err(Error::Unauthenticated);
        }
        if is_access_token(token) {
            let unverified = Unverified::of(token).ok_or(Error::Unauthenticated)?;
            let key = keys.find(unverified.kid()).await?.ok_or(Error::Unauthenticated)?;
            let claims = unverified.verify(&key).ok_or(Error::Unauthenticated)?;
            let now = (connection.settings.now)();
            claims.check(&connection.settings.issuer(), now).map_err(|_| Error::Unauthenticated)?;
            let caller = of_claims(&claims);
            if memory.vouches_for(&caller) {
                return Ok(caller);
            }
        }
        let hash: [u8; 32] = Sha256::digest(token.expose()).into();
        if let Some(caller) = memory.recall(&hash) {
            return Ok(caller);
        }
        let turn = memory.turn();
        let answer = self.introspect(token).await?;
        let caller = answer.caller().ok_or(Error::Unauthenticated)?;
        let now = (connection.settings.now)().unix_timestamp();
        let lives = answer.exp.map_or(0, |exp| u64::try_from(exp.saturating_sub(now)).unwrap_or(0));
        memory.remember(hash, turn, caller, Duration::from_secs(lives));
        Ok(caller)
    }

    async fn introspect(&self, token: &Secret) -> Result<Answer, Error> {
        let connection = &self.0.connection;
        let question = || {
            let form = [("token", token.expose())];
            connection
                .post("/v1/introspect")
                .bearer_auth(connection.settings.service_token.expose())
                .form(&form)
        };
        connection.ask(question).await
    }

    /// The way to Rollcall, for what else is sent there.
    pub(crate) fn connection(&self) -> &Connection {
        &self.0.connection
    }
}
