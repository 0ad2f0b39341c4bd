//! Checking a password, slowly for whoever guesses.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rollcall_domain::{
    EmailAddress, SessionId, UserId,
    accounts::User,
    attempts::{Allowances, MOST_IN_A_ROW, TooMany, WORTH_TELLING},
    audit::Origin,
    secret::{Password, Secret},
};
use time::Duration;

use crate::{
    Actor, Application, Error, Limit,
    ports::{Attempt, Credentials, Settled},
};

/// What digests and device tokens are made for.
const PURPOSE: &str = "attempts";
const DEVICE: &str = "device";

/// Somebody who says that they own an account.
pub(crate) struct Claimant<'a> {
    /// The address of the account.
    pub(crate) email: &'a EmailAddress,
    /// What is kept of the account, if there is one.
    pub(crate) credentials: Option<&'a Credentials>,
    /// What tells the device.
    pub(crate) device: Device<'a>,
    /// Where the request comes from.
    pub(crate) origin: &'a Origin,
}

/// What tells one device from another.
pub(crate) enum Device<'a> {
    /// The tokens that it was given when somebody signed in on it before.
    Tokens(&'a [Secret]),
    /// A session that it is signed in with.
    Session(SessionId),
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Proven {
    /// Whether the password is right, and the account can be used.
    pub(crate) right: bool,
    /// Whether the device has shown a token that is good.
    pub(crate) device_is_known: bool,
    /// Whether the owner should hear of failures.
    pub(crate) worth_telling: bool,
}

/// Checks a password. The attempt is counted before the password is looked at; if it is right, it does not count after all.
///
/// # Errors
/// [`Error::LimitReached`], in the same cases for addresses that have no account; [`Error::Busy`].
pub(crate) async fn prove(
    app: &Application,
    claimant: Claimant<'_>,
    password: Password,
) -> Result<Proven, Error> {
    let attempt = claimant.attempt(app);
    let allowances = app.settings.limits.map(|limits| limits.password_attempts);
    let begun = app.attempts.begin(&attempt, allowances.as_ref(), app.now()).await?;
    let begun = begun.map_err(|TooMany { retry_after }| Error::LimitReached {
        limit: limit(allowances.as_ref()),
        retry_after,
    })?;
    let kept = claimant.credentials.map(|credentials| credentials.password.clone());
    let checked = app.passwords.verify(password, kept).await;
    // As if it were wrong where the account is suspended (attack 12).
    let usable = claimant.credentials.is_some_and(|credentials| !credentials.suspended);
    let settled = match &checked {
        Ok(true) if usable => Some(Settled::Good),
        Ok(_) => None,
        Err(_) => Some(Settled::NotLookedAt),
    };
    if let Some(settled) = settled {
        app.attempts.settle(&attempt, begun, settled, allowances.as_ref(), app.now()).await?;
    }
    let right = checked? && usable;
    Ok(Proven {
        right,
        device_is_known: attempt.device_is_known,
        worth_telling: !right && claimant.credentials.is_some() && WORTH_TELLING.contains(&begun.in_a_row),
    })
}

/// What clients are told of the limits, whichever of them was reached.
fn limit(allowances: Option<&Allowances>) -> Limit {
    let (quota, window) = allowances
        .map_or((MOST_IN_A_ROW, Duration::DAY), |Allowances { account, .. }| {
            (account.attempts, account.each * account.attempts)
        });
    Limit { name: "password-attempts", what: "attempts with a wrong password", quota, window }
}

/// Checks the password of somebody who is signed in; gives back the account as it was then.
///
/// # Errors
/// [`Error::WrongPassword`], and as [`prove`].
pub(crate) async fn prove_again(app: &Application, actor: &Actor, password: Password) -> Result<User, Error> {
    // The address may be remembered, and belong to somebody else by now.
    let credentials = app.directory.credentials(&actor.user.email).await?;
    let credentials = credentials.filter(|found| found.user.id == actor.user_id());
    let credentials = credentials.ok_or(Error::Unauthenticated)?;
    let claimant = Claimant {
        email: &actor.user.email,
        credentials: Some(&credentials),
        device: Device::Session(actor.session_id()),
        origin: &actor.origin,
    };
    match prove(app, claimant, password).await?.right {
        true => Ok(credentials.user),
        false => Err(Error::WrongPassword),
    }
}

/// Another password was chosen for an account: what was counted before was against the old one.
pub(crate) async fn begin_anew(app: &Application, user: UserId) {
    // The password has been changed: that the count of the old one stays is no reason to say that it has not.
    if let Err(error) = app.attempts.begin_anew(account_of(app, user)).await {
        tracing::warn!(%error, "attempts at a password that has been replaced still count");
    }
}

/// A token that a device shows when somebody signs in on it again to the same account.
pub(crate) fn device_token(app: &Application, user: &User) -> Secret {
    let mut random = [0; 16];
    app.entropy.fill(&mut random);
    let signed = app.keyring.sign(DEVICE, user.id.uuid().as_bytes(), &random);
    Secret::new(URL_SAFE_NO_PAD.encode(signed))
}

impl Claimant<'_> {
    fn attempt(&self, app: &Application) -> Attempt {
        let account = account(app, self.email, self.credentials);
        let network = self.origin.network().map(|network| network.to_string()).unwrap_or_default();
        let digest = |parts: &[&[u8]]| app.keyring.digest(PURPOSE, parts);
        let (device, device_is_known) = match &self.device {
            Device::Session(session) => (digest(&[b"session", session.uuid().as_bytes()]), true),
            Device::Tokens(tokens) => match tokens.iter().find_map(|token| self.device_of(app, token)) {
                Some(device) => (digest(&[b"device", &account, &device]), true),
                None => {
                    let user_agent = self.origin.user_agent.as_deref().unwrap_or_default();
                    (digest(&[b"client", &account, network.as_bytes(), user_agent.as_bytes()]), false)
                }
            },
        };
        Attempt {
            account,
            is_of_account: self.credentials.is_some(),
            device,
            device_is_known,
            network: digest(&[b"network", network.as_bytes()]),
        }
    }

    fn device_of(&self, app: &Application, token: &Secret) -> Option<Vec<u8>> {
        let signed = URL_SAFE_NO_PAD.decode(token.expose()).ok()?;
        let user = self.credentials?.user.id;
        app.keyring.verify(DEVICE, user.uuid().as_bytes(), &signed).map(<[u8]>::to_vec)
    }
}

fn account(app: &Application, email: &EmailAddress, credentials: Option<&Credentials>) -> [u8; 32] {
    match credentials {
        Some(credentials) => account_of(app, credentials.user.id),
        None => app.keyring.digest(PURPOSE, &[b"address", email.key().as_bytes()]),
    }
}

fn account_of(app: &Application, user: UserId) -> [u8; 32] {
    app.keyring.digest(PURPOSE, &[b"user", user.uuid().as_bytes()])
}
