//! The second step of signing in, with a passkey.

use rollcall_domain::{
    audit::{Action, AuditActor, AuditTarget, Event, Origin},
    second_factors::Method,
    secret::Secret,
};
use tokio::time::Instant;

use super::{
    SignedIn,
    challenge::{find_challenge, hold_challenge, meet_challenge},
    throttle::{Throttle, device_token},
};
use crate::{
    Application, Error,
    passkeys::{ProvenPasskey, UnprovenPasskey, allowed, ask, prove},
    ports::{CeremonyPurpose, FoundMfaChallenge, Scope},
    timing,
};

/// What somebody answers a challenge with.
#[derive(Debug, Clone)]
pub struct Command {
    /// The challenge's token.
    pub challenge: Secret,
    /// What the device has answered.
    pub credential: Secret,
    /// The tokens that the device was given when somebody signed in on it before.
    pub devices: Vec<Secret>,
}

/// What a browser is to ask its device for, so that somebody who has shown the right password takes the second step.
///
/// # Errors
/// [`Error::InvalidChallenge`], [`Error::NoPasskey`], [`Error::PasskeysUnavailable`].
pub async fn begin_second_step_with_passkey(app: &Application, challenge: &Secret) -> Result<Secret, Error> {
    let webauthn = app.webauthn()?;
    let found = find_challenge(app, challenge).await?;
    let passkeys = app.store.view(Scope::Account(found.user)).await?.passkeys_of(found.user).await?;
    if passkeys.is_empty() {
        return Err(Error::NoPasskey);
    }
    ask(app, purpose(&found), webauthn.ask_for_proof(&allowed(&passkeys))?).await
}

/// Signs somebody in whose passkey is right. The challenge is used up by that, or by a few wrong answers; they are not counted by
/// account, as nobody guesses a signature.
///
/// # Errors
/// [`Error::InvalidChallenge`] when it is unknown, over or used up, or the account has changed since; [`Error::InvalidMfaPasskey`];
/// [`Error::NotFound`] when the person is not in the organization that was asked for.
pub async fn second_step_with_passkey(
    app: &Application,
    origin: &Origin,
    command: Command,
) -> Result<SignedIn, Error> {
    let began = Instant::now();
    let found = find_challenge(app, &command.challenge).await?;
    let unproven = match prove(app, &command.credential, |asked| *asked == purpose(&found)).await? {
        Ok(proven) => match step(app, origin, &found, proven).await? {
            Ok(mut signed_in) => {
                let known = Throttle::second_factor(app, found.user).knows_device(app, &command.devices);
                signed_in.device = (!known).then(|| device_token(app, &signed_in.user));
                return Ok(signed_in);
            }
            Err(unproven) => unproven,
        },
        Err(unproven) => unproven,
    };
    let mut unit = app.store.begin(Scope::of(found.user, found.home)).await?;
    unit.user_lock(found.user).await?.ok_or(Error::InvalidChallenge)?;
    if !unit.mfa_challenge_hold(found.id, app.now()).await? {
        return Err(Error::InvalidChallenge);
    }
    unit.mfa_challenge_fail(found.id).await?;
    let record = app.refusal(used(app, origin, &found), &Error::InvalidMfaPasskey);
    unit.commit(record.and_all(unproven.event(app, origin), app.entropy.as_ref())).await?;
    timing::wait(began).await;
    Err(Error::InvalidMfaPasskey)
}

async fn step(
    app: &Application,
    origin: &Origin,
    found: &FoundMfaChallenge,
    proven: ProvenPasskey,
) -> Result<Result<SignedIn, UnprovenPasskey>, Error> {
    let mut unit = app.store.begin(Scope::of(found.user, found.home)).await?;
    let account = hold_challenge(app, unit.as_mut(), found).await?;
    if !proven.take_effect(app, unit.as_mut()).await? {
        return Ok(Err(proven.into()));
    }
    let record = app.record(used(app, origin, found));
    meet_challenge(app, origin, unit, account, (found, Method::Passkey), record).await.map(Ok)
}

fn used(app: &Application, origin: &Origin, found: &FoundMfaChallenge) -> Event {
    let actor = AuditActor::User(found.user, None);
    let event = app.event(actor, origin, Action::SecondFactorUsed, AuditTarget::User(found.user));
    event.change("factor", None, Some(Method::Passkey.as_str()))
}

fn purpose(found: &FoundMfaChallenge) -> CeremonyPurpose {
    CeremonyPurpose::SecondStep { user: found.user, challenge: found.id }
}
