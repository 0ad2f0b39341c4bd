//! Counting attempts to prove who one is, so that guessing is slow.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rollcall_domain::{
    EmailAddress, SessionId, UserId,
    accounts::User,
    attempts::{Allowances, MOST_IN_A_ROW, TooMany, WORTH_TELLING},
    audit::Origin,
    secret::Secret,
};
use time::Duration;

use crate::{
    Application, Error, ErrorChain, Limit,
    mail::Letter,
    ports::{AttemptKeys, AttemptOutcome, Begun, UnitOfWork},
};

/// What digests and device tokens are made for.
const PURPOSE: &str = "attempts";
const DEVICE: &str = "device";
/// What limits are called, and what there are too many of.
const PASSWORDS: (&str, &str) = ("password-attempts", "attempts with a wrong password");
const CODES: (&str, &str) = ("code-attempts", "attempts with a wrong code");

/// What tells one device from another.
pub(crate) enum Device<'a> {
    /// The tokens that it was given when somebody signed in on it before.
    Tokens(&'a [Secret]),
    /// A session that it is signed in with.
    Session(SessionId),
}

/// What attempts at one thing are counted by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Throttle {
    /// A digest of the thing: the password, or the second factor, of an account or of an address that has none.
    digest: [u8; 32],
    /// The account, if there is one.
    user: Option<UserId>,
    /// What its limit is called, and what there are too many of in the end.
    told_as: (&'static str, &'static str),
}

impl Throttle {
    /// The password of an account.
    pub(crate) fn password(app: &Application, user: UserId) -> Self {
        let digest = app.keyring.digest(PURPOSE, &[b"user", user.uuid().as_bytes()]);
        Self { digest, user: Some(user), told_as: PASSWORDS }
    }

    /// The password of an address that has no account.
    pub(crate) fn address(app: &Application, email: &EmailAddress) -> Self {
        let digest = app.keyring.digest(PURPOSE, &[b"address", email.key().as_bytes()]);
        Self { digest, user: None, told_as: PASSWORDS }
    }

    /// The second factor of an account, whichever it is: NIST SP 800-63B-4 section 3.2.2 counts for each authenticator, and
    /// guessing at several of them together is no better.
    pub(crate) fn second_factor(app: &Application, user: UserId) -> Self {
        let digest = app.keyring.digest(PURPOSE, &[b"mfa", user.uuid().as_bytes()]);
        Self { digest, user: Some(user), told_as: CODES }
    }

    /// Counts an attempt, before what is shown is looked at.
    ///
    /// # Errors
    /// [`Error::LimitReached`].
    pub(crate) async fn attempt(
        self,
        app: &Application,
        device: Device<'_>,
        origin: &Origin,
    ) -> Result<Counted, Error> {
        let network = origin.network().map(|network| network.to_string()).unwrap_or_default();
        let digest = |parts: &[&[u8]]| app.keyring.digest(PURPOSE, parts);
        let known = match &device {
            Device::Session(session) => Some(digest(&[b"session", &self.digest, session.uuid().as_bytes()])),
            Device::Tokens(tokens) => tokens
                .iter()
                .find_map(|token| self.device_of(app, token))
                .map(|device| digest(&[b"device", &self.digest, &device])),
        };
        let user_agent = origin.user_agent.as_deref().unwrap_or_default();
        let attempt = AttemptKeys {
            account: self.digest,
            is_of_account: self.user.is_some(),
            device: known.unwrap_or_else(|| {
                digest(&[b"client", &self.digest, network.as_bytes(), user_agent.as_bytes()])
            }),
            device_is_known: known.is_some(),
            network: digest(&[b"network", network.as_bytes()]),
        };
        let allowances = app.settings.limits.map(|limits| limits.password_attempts);
        let begun = app.attempts.begin(&attempt, allowances.as_ref(), app.now()).await?;
        let begun = begun.map_err(|TooMany { retry_after }| Error::LimitReached {
            limit: self.limit(allowances.as_ref()),
            retry_after,
        })?;
        Ok(Counted { attempt, begun, user: self.user, in_session: matches!(device, Device::Session(_)) })
    }

    /// What clients are told of the limits, whichever of them was reached.
    fn limit(&self, allowances: Option<&Allowances>) -> Limit {
        let (quota, window) = allowances
            .map_or((MOST_IN_A_ROW, Duration::DAY), |Allowances { account, .. }| {
                (account.attempts, account.each * account.attempts)
            });
        let (name, what) = self.told_as;
        Limit { name, what, quota, window }
    }

    /// Forgets what was counted: it was at something that has been replaced.
    pub(crate) async fn begin_anew(self, app: &Application) {
        // It has been replaced: that the count of the old one stays is no reason to say that it has not.
        if let Err(error) = app.attempts.begin_anew(self.digest).await {
            tracing::warn!(error = %ErrorChain(&error), "failed attempts at a replaced secret still count");
        }
    }

    /// Whether one of the tokens that a device shows is good.
    pub(crate) fn knows_device(&self, app: &Application, tokens: &[Secret]) -> bool {
        tokens.iter().any(|token| self.device_of(app, token).is_some())
    }

    fn device_of(&self, app: &Application, token: &Secret) -> Option<Vec<u8>> {
        let signed = URL_SAFE_NO_PAD.decode(token.expose()).ok()?;
        app.keyring.verify(DEVICE, self.user?.uuid().as_bytes(), &signed).map(<[u8]>::to_vec)
    }
}

/// An attempt that was counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    attempt: AttemptKeys,
    begun: Begun,
    user: Option<UserId>,
    /// Whether whoever tries it is signed in.
    in_session: bool,
}

impl Counted {
    /// Notes that the attempt has not failed.
    pub(crate) async fn settle(&self, app: &Application, settled: AttemptOutcome) -> Result<(), Error> {
        let allowances = app.settings.limits.map(|limits| limits.password_attempts);
        Ok(app.attempts.settle(&self.attempt, self.begun, settled, allowances.as_ref(), app.now()).await?)
    }

    /// Whether the device has shown a token that is good.
    pub(crate) fn device_is_known(&self) -> bool {
        self.attempt.device_is_known
    }

    /// What the owner is told of it, now that it has failed. An address that has no account takes as long.
    pub(crate) async fn letter(&self, app: &Application) -> Option<Letter> {
        // That it cannot be found out is no reason to treat a failure as anything else. The next one asks again.
        let told = self.is_worth_asking()
            && app.attempts.tell(self.attempt.account).await.unwrap_or_else(|error| {
                tracing::warn!(
                    error = %ErrorChain(&error),
                    "the owner of an account may hear later that somebody guesses at it"
                );
                false
            });
        self.told(told)
    }

    /// The same within the unit of work that the failure is committed by, which keeps its one connection.
    pub(crate) async fn letter_within(&self, unit: &mut dyn UnitOfWork) -> Result<Option<Letter>, Error> {
        let told = self.is_worth_asking() && unit.attempts_tell(self.attempt.account).await?;
        Ok(self.told(told))
    }

    fn is_worth_asking(&self) -> bool {
        self.begun.in_a_row >= WORTH_TELLING[0]
    }

    fn told(&self, told: bool) -> Option<Letter> {
        self.user.filter(|_| told).map(|user| match self.in_session {
            true => Letter::FailedProofs { user },
            false => Letter::FailedSignIns { user },
        })
    }
}

/// A token that a device shows when somebody signs in on it again to the same account.
pub(crate) fn device_token(app: &Application, user: &User) -> Secret {
    let mut random = [0; 16];
    app.entropy.fill(&mut random);
    let signed = app.keyring.sign(DEVICE, user.id.uuid().as_bytes(), &random);
    Secret::new(URL_SAFE_NO_PAD.encode(signed))
}
