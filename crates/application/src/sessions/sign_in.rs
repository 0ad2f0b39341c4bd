//! Signing in with address and password.

use rollcall_domain::{
    EmailAddress, OrganizationId,
    audit::{self, Action, Origin, Target},
    secret::Password,
};

use super::{SignedIn, open};
use crate::{Application, Error, ports::Scope};

/// What somebody signs in with.
#[derive(Debug, Clone)]
pub struct Command {
    /// The address.
    pub email: EmailAddress,
    /// The password.
    pub password: Password,
    /// The organization to work in; the one used last if left out.
    pub organization: Option<OrganizationId>,
}

/// Signs somebody in.
///
/// # Errors
/// [`Error::InvalidCredentials`], in the same time and leaving the same trace whether the address is unknown,
/// the password wrong or the account suspended (attack 12); [`Error::NotFound`] when the person is not in the
/// organization that was asked for.
pub async fn sign_in(app: &Application, origin: &Origin, command: Command) -> Result<SignedIn, Error> {
    let Command { email, password, organization } = command;
    let found = app.directory.credentials(&email).await?;
    let kept = found.as_ref().map(|credentials| credentials.password.clone());
    let matches = app.passwords.verify(password, kept).await?;
    let now = app.now();

    let Some(credentials) = found.as_ref().filter(|credentials| matches && !credentials.suspended) else {
        let home = found.as_ref().and_then(|credentials| credentials.organization);
        let target = found.as_ref().map_or(Target::Nothing, |credentials| Target::User(credentials.user.id));
        let event = app
            .event(audit::Actor::Anonymous, origin, Action::SessionCreated, target)
            .personal("email", &email);
        let scope = home.map_or(Scope::Platform, Scope::Organization);
        app.record_refusal(scope, event, &Error::InvalidCredentials).await?;
        return Err(Error::InvalidCredentials);
    };
    let user = credentials.user.clone();
    let organization = organization.or(credentials.organization);

    let mut unit = app.store.begin(Scope::of(user.id, organization)).await?;
    let place = match organization {
        Some(organization) => Some(unit.seat_of(user.id, organization).await?.ok_or(Error::NotFound)?),
        None => None,
    };
    let (signed_in, session) = open(app, user, place, now);
    unit.session_add(&session, origin).await?;
    let actor = audit::Actor::User(signed_in.user.id, Some(signed_in.session.id));
    let event = app
        .event(actor, origin, Action::SessionCreated, Target::Session(signed_in.session.id))
        .change("factor", None, Some("password"));
    unit.commit(app.record(event)).await?;
    Ok(signed_in)
}
