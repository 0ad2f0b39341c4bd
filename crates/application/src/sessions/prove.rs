//! Checking a password, slowly for whoever guesses.

use rollcall_domain::{EmailAddress, UserId, accounts::User, audit::Origin, secret::Password};

use super::throttle::{Device, Throttle};
use crate::{
    Actor, Application, Error, Failure,
    mail::Letter,
    ports::{AttemptOutcome, Credentials},
};

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

/// How a check ended.
#[derive(Debug, Clone)]
pub(crate) struct PasswordCheck {
    /// Whether the password is right, and the account can be used.
    pub(crate) right: bool,
    /// Whether the device has shown a token that is good.
    pub(crate) device_is_known: bool,
    /// What the owner is told of it, if it is not.
    pub(crate) letter: Option<Letter>,
}

/// Checks a password. The attempt is counted before the password is looked at; if it is right, it does not count after all.
///
/// # Errors
/// [`Error::LimitReached`], in the same cases for addresses that have no account; [`Error::Busy`].
pub(crate) async fn prove(
    app: &Application,
    claimant: Claimant<'_>,
    password: Password,
) -> Result<PasswordCheck, Error> {
    let Claimant { email, credentials, device, origin } = claimant;
    let throttle = match credentials {
        Some(credentials) => Throttle::password(app, credentials.user.id),
        None => Throttle::address(app, email),
    };
    let counted = throttle.attempt(app, device, origin).await?;
    let kept = credentials.map(|credentials| credentials.password.clone());
    let checked = app.passwords.verify(password, kept).await;
    // As if it were wrong where the account is suspended (attack 12).
    let usable = credentials.is_some_and(|credentials| !credentials.suspended);
    let settled = match &checked {
        Ok(true) if usable => Some(AttemptOutcome::Good),
        Ok(_) => None,
        Err(_) => Some(AttemptOutcome::NotLookedAt),
    };
    if let Some(settled) = settled {
        counted.settle(app, settled).await?;
    }
    let right = checked? && usable;
    let letter = if right { None } else { counted.letter(app).await };
    Ok(PasswordCheck { right, device_is_known: counted.device_is_known(), letter })
}

/// Checks the password of somebody who is signed in; gives back the account as it was then.
///
/// # Errors
/// [`Error::WrongPassword`], of which the owner may be told, and as [`prove`].
pub(crate) async fn prove_again(
    app: &Application,
    actor: &Actor,
    password: Password,
) -> Result<User, Failure> {
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
    match prove(app, claimant, password).await? {
        PasswordCheck { right: true, .. } => Ok(credentials.user),
        PasswordCheck { letter, .. } => Err(Failure { error: Error::WrongPassword, letter }),
    }
}

/// Another password was chosen for an account, or it is no more: what was counted before was against the old one.
pub(crate) async fn begin_anew(app: &Application, user: UserId) {
    Throttle::password(app, user).begin_anew(app).await;
}
