//! What stands between the right password and the second factor.

use rollcall_domain::{
    OrganizationId,
    accounts::User,
    audit::{self, Action, Origin, Target},
    second_factors::{CHALLENGE_LIFETIME, MOST_WRONG_CODES, Method},
    secret::Secret,
};
use time::OffsetDateTime;

use crate::{
    Application, Error,
    audit::Record,
    ports::{FoundMfaChallenge, UnitOfWork},
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
    /// Until when.
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
    let actor = audit::Actor::User(user.id, None);
    let event = app.event(actor, origin, Action::MfaChallenged, Target::User(user.id));
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
