//! Signing in with address and password.

use rollcall_domain::{
    EmailAddress, OrganizationId,
    audit::{self, Action, Origin, Target},
    secret::{Password, Secret},
};

use tokio::time::Instant;

use super::{
    Proof, SignedIn, open,
    prove::{Claimant, Device, Proven, device_token, prove},
};
use crate::{
    Application, Error, beat,
    mail::Letter,
    passwords::PasswordHash,
    ports::{Credentials, Scope},
};

/// What somebody signs in with.
#[derive(Debug, Clone)]
pub struct Command {
    /// The address.
    pub email: EmailAddress,
    /// The password.
    pub password: Password,
    /// The organization to work in; the one used last if left out.
    pub organization: Option<OrganizationId>,
    /// The tokens that the device was given when somebody signed in on it before.
    pub devices: Vec<Secret>,
}

/// Signs somebody in.
///
/// # Errors
/// [`Error::InvalidCredentials`], in the same time and leaving the same trace whether the address is unknown,
/// the password wrong or the account suspended (attack 12); [`Error::LimitReached`] after too many of them, also for addresses
/// that have no account; [`Error::NotFound`] when the person is not in the organization that was asked for.
pub async fn sign_in(app: &Application, origin: &Origin, command: Command) -> Result<SignedIn, Error> {
    let began = Instant::now();
    let found = app.directory.credentials(&command.email).await?;
    let claimant = Claimant {
        email: &command.email,
        credentials: found.as_ref(),
        device: Device::Tokens(&command.devices),
        origin,
    };
    let (error, worth_telling) = match (&found, prove(app, claimant, command.password.clone()).await) {
        (Some(credentials), Ok(proven)) if proven.right => {
            return enter(app, origin, command, credentials, proven).await;
        }
        (_, Ok(proven)) => (Error::InvalidCredentials, proven.worth_telling),
        (_, Err(error)) => (error, false),
    };
    if error.is_refusal() {
        let (scope, target) = match &found {
            Some(credentials) => (home(credentials), Target::User(credentials.user.id)),
            None => (Scope::Platform, Target::Nothing),
        };
        let event = app.event(audit::Actor::Anonymous, origin, Action::SessionCreated, target);
        let mut record = app.refusal(event.address("email", &command.email), &error);
        if let Some(credentials) = found.filter(|_| worth_telling) {
            record = record.mail(Letter::FailedSignIns { user: credentials.user.id });
        }
        app.store.begin(scope).await?.commit(record).await?;
    }
    // Failures do the same work whatever they are due to, but for what an account takes to be read; the beat hides the rest.
    beat::wait(began).await;
    Err(error)
}

/// Where failed sign-ins of an account are recorded.
fn home(credentials: &Credentials) -> Scope {
    credentials.organization.map_or(Scope::Platform, Scope::Organization)
}

/// Opens a session for somebody who has proved who they are.
async fn enter(
    app: &Application,
    origin: &Origin,
    Command { password, organization, .. }: Command,
    credentials: &Credentials,
    proven: Proven,
) -> Result<SignedIn, Error> {
    let user = credentials.user.clone();
    let organization = organization.or(credentials.organization);
    let renewed = match app.passwords.is_outdated(&credentials.password) {
        true => app.passwords.hash(password).await.map(Some).or_else(when_busy_later)?,
        false => None,
    };

    let mut unit = app.store.begin(Scope::of(user.id, organization)).await?;
    // A password that was changed while the old one was being checked lets nobody in: it has just ended every session, and
    // must not be outlived by one more. Another try finds the new one.
    if unit.user_lock(user.id).await?.is_none_or(|current| current.version != user.version) {
        return Err(Error::Busy);
    }
    let place = match organization {
        Some(organization) => match unit.seat_of(organization, user.id).await? {
            Some(place) => Some(place),
            None => {
                drop(unit);
                let actor = audit::Actor::User(user.id, None);
                let event = app.event(actor, origin, Action::SessionCreated, Target::User(user.id));
                let event = event.address("email", &user.email);
                app.record_refusal(home(credentials), event, &Error::NotFound).await?;
                return Err(Error::NotFound);
            }
        },
        None => None,
    };
    if let Some(hash) = &renewed {
        unit.user_rehash(user.id, hash).await?;
    }
    let (mut signed_in, session) = open(app, user, place, Proof::Fresh);
    unit.session_add(&session, origin).await?;
    let actor = audit::Actor::User(signed_in.user.id, Some(signed_in.session.id));
    let event = app
        .event(actor, origin, Action::SessionCreated, Target::Session(signed_in.session.id))
        .change("factor", None, Some("password"));
    unit.commit(app.record(event)).await?;
    signed_in.device = (!proven.device_is_known).then(|| device_token(app, &signed_in.user));
    Ok(signed_in)
}

/// Keeping a password better is worth no wait: the next sign-in does it.
fn when_busy_later(error: Error) -> Result<Option<PasswordHash>, Error> {
    match error {
        Error::Busy => Ok(None),
        error => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, audit::Outcome};

    use super::*;
    use crate::{
        ports::Credentials,
        testing::{MockDirectory, MockUnit, TestStore, application, organization, user},
    };

    fn command(password: &str) -> Command {
        let email = "user1@example.com".parse().expect("an address");
        Command { email, password: Password::given(password), organization: None, devices: Vec::new() }
    }

    async fn directory(suspended: bool) -> MockDirectory {
        let passwords = application(&TestStore::default(), MockDirectory::new()).passwords;
        let password = passwords.hash(Password::given("the right one")).await.expect("a hash");
        let found = Credentials { user: user(1), password, suspended, organization: Some(organization().id) };
        let mut directory = MockDirectory::new();
        directory.expect_credentials().returning(move |_| Ok(Some(found.clone())));
        directory
    }

    #[tokio::test]
    async fn the_right_password_opens_a_session_in_the_organization_used_last() {
        let mut unit = MockUnit::new();
        unit.expect_user_lock().returning(|_| Ok(Some(user(1))));
        unit.expect_seat_of().returning(|_, _| Ok(Some((organization(), Role::Viewer))));
        unit.expect_session_add().times(1).returning(|_, _| Ok(()));
        let store = TestStore::of(unit);
        let app = application(&store, directory(false).await);
        let signed_in = sign_in(&app, &Origin::default(), command("the right one")).await.expect("signed in");
        assert_eq!(signed_in.session.organization, Some(organization().id));
        assert_eq!(store.committed()[0].1, [(Action::SessionCreated, Outcome::Success)]);
    }

    #[tokio::test]
    async fn asvs_7_4_3_a_password_that_changes_while_the_old_one_is_checked_lets_nobody_in() {
        let mut unit = MockUnit::new();
        unit.expect_user_lock().returning(|_| {
            let mut changed = user(1);
            changed.version += 1;
            Ok(Some(changed))
        });
        let store = TestStore::of(unit);
        let app = application(&store, directory(false).await);
        let refused = sign_in(&app, &Origin::default(), command("the right one")).await;
        assert!(matches!(refused, Err(Error::Busy)), "{refused:?}");
        assert!(store.committed().is_empty());
    }

    #[tokio::test]
    async fn asvs_6_3_8_every_failure_looks_the_same_and_is_recorded() {
        let mut unknown = MockDirectory::new();
        unknown.expect_credentials().returning(|_| Ok(None));
        for (directory, password) in [
            (unknown, "any"),
            (directory(false).await, "a wrong one"),
            (directory(true).await, "the right one"),
        ] {
            let store = TestStore::default();
            let refused =
                sign_in(&application(&store, directory), &Origin::default(), command(password)).await;
            assert!(matches!(refused, Err(Error::InvalidCredentials)), "{refused:?}");
            assert_eq!(store.committed()[0].1, [(Action::SessionCreated, Outcome::Refused)]);
        }
    }
}
