//! What stands between the right password and the second factor.

use rollcall_domain::{
    OrganizationId,
    accounts::User,
    audit::{Action, AuditActor, AuditTarget, Origin},
    second_factors::{CHALLENGE_LIFETIME, MOST_WRONG_CODES, Method},
    secret::Secret,
};
use time::OffsetDateTime;

use super::{
    SignedIn,
    enter::{enter, kept_out, strayed},
};
use crate::{
    Application, Error,
    audit::Record,
    ports::{FoundMfaChallenge, Scope, UnitOfWork},
    second_factors::{NewChallenge, methods_of},
    token,
};

/// Asks somebody who has shown the right password for more.
#[derive(Debug, Clone)]
pub struct Challenge {
    /// What names the attempt in the second step. It opens nothing by itself, and nothing else takes it.
    pub token: Secret,
    /// What the account can be asked for.
    pub methods: Vec<Method>,
    /// Until when it can be answered.
    pub expires_at: OffsetDateTime,
}

/// Makes a challenge, in a unit of work that has the account's lock. Gives back what is to be committed with it.
pub(super) async fn challenge(
    app: &Application,
    origin: &Origin,
    unit: &mut dyn UnitOfWork,
    user: &User,
    wanted: Option<OrganizationId>,
) -> Result<(Challenge, Record), Error> {
    let now = app.now();
    let expires_at = now + CHALLENGE_LIFETIME;
    let (token, hash) = token::mint(token::CHALLENGE_PREFIX, app.entropy.as_ref());
    let methods = methods_of(unit, user.id).await?;
    let kept = NewChallenge {
        id: app.id(),
        token: hash,
        user: user.id,
        user_version: user.version,
        wanted,
        created_at: now,
        expires_at,
    };
    unit.mfa_challenge_add(&kept).await?;
    let actor = AuditActor::User(user.id, None);
    let event = app.event(actor, origin, Action::MfaChallenged, AuditTarget::User(user.id));
    let event = event.change("factor", None, Some("password"));
    Ok((Challenge { token, methods, expires_at }, app.record(event)))
}

/// The challenge that a token is for, as long as it can be met.
///
/// # Errors
/// [`Error::InvalidChallenge`].
pub(crate) async fn find_challenge(app: &Application, token: &Secret) -> Result<FoundMfaChallenge, Error> {
    // Anything that cannot be one is refused without a visit to the database.
    if !token.expose().starts_with(token::CHALLENGE_PREFIX) || token.expose().len() > 100 {
        return Err(Error::InvalidChallenge);
    }
    let found = app.directory.mfa_challenge(token::hash(token.expose())).await?;
    found
        .filter(|found| app.now() < found.expires_at && found.wrong_codes < MOST_WRONG_CODES)
        .ok_or(Error::InvalidChallenge)
}

/// Whoever answers a challenge, with the account's lock, in a unit of work that has its scope. Of those who answer one at once, each sees
/// what became of it through those before.
///
/// # Errors
/// [`Error::InvalidChallenge`] when it is over, or the account has changed since.
pub(super) async fn hold_challenge(
    app: &Application,
    unit: &mut dyn UnitOfWork,
    found: &FoundMfaChallenge,
) -> Result<User, Error> {
    let account = unit.user_lock(found.user).await?;
    // Another password, or another second factor, since the password was checked.
    let account = account.filter(|account| account.version == found.user_version);
    let account = account.ok_or(Error::InvalidChallenge)?;
    if unit.mfa_challenge_hold(found.id, app.now()).await? {
        Ok(account)
    } else {
        Err(Error::InvalidChallenge)
    }
}

/// Lets somebody in who has met a challenge with a second factor, as `record` says. It is used up, also where it leads nowhere.
///
/// # Errors
/// [`Error::NotFound`] when they are not in the organization that was asked for, and [`Error::OrganizationSuspended`].
pub(super) async fn meet_challenge(
    app: &Application,
    origin: &Origin,
    mut unit: Box<dyn UnitOfWork>,
    account: User,
    (found, method): (&FoundMfaChallenge, Method),
    record: Record,
) -> Result<SignedIn, Error> {
    unit.mfa_challenge_end(found.id).await?;
    if let Some(error) = kept_out(unit.as_mut(), found.user, found.wanted).await? {
        let strayed = app.refused(strayed(app, origin, &account), &error);
        unit.commit(record.and(strayed, app.entropy.as_ref())).await?;
        return Err(error);
    }
    unit.go_on(record, Scope::of(found.user, found.wanted)).await?;
    let factors = ["password", method.as_str()];
    let (signed_in, record) = enter(app, origin, unit.as_mut(), account, found.wanted, &factors).await?;
    unit.commit(record).await?;
    Ok(signed_in)
}
