//! Signing in with address and password: the first step, and the only one for accounts without a second factor.

use rollcall_domain::{
    EmailAddress, OrganizationId,
    audit::{Action, AuditActor, AuditTarget, Origin},
    secret::{Password, Secret},
};

use tokio::time::Instant;

use super::{
    Challenge, SignedIn,
    challenge::challenge,
    enter::{enter, not_there, strayed},
    prove::{Claimant, PasswordCheck, prove},
    throttle::{Device, device_token},
};
use crate::{
    Application, Error,
    audit::Record,
    passwords::PasswordHash,
    ports::{Credentials, Scope},
    timing,
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

/// How far the right password has led.
#[derive(Debug, Clone)]
pub enum Admitted {
    /// All the way.
    SignedIn(Box<SignedIn>),
    /// To the second step.
    Challenged(Challenge),
}

/// Signs somebody in, or asks for their second factor.
///
/// # Errors
/// [`Error::InvalidCredentials`], in the same time and leaving the same trace whether the address is unknown,
/// the password wrong or the account suspended (attack 12); [`Error::LimitReached`] after too many of them, also for addresses
/// that have no account; [`Error::LongerPasswordRequired`] when the right password is too short to do alone, and has to;
/// [`Error::NotFound`] when the person is not in the organization that was asked for, [`Error::OrganizationSuspended`].
pub async fn sign_in(app: &Application, origin: &Origin, command: Command) -> Result<Admitted, Error> {
    let began = Instant::now();
    let found = app.directory.credentials(&command.email).await?;
    let claimant = Claimant {
        email: &command.email,
        credentials: found.as_ref(),
        device: Device::Tokens(&command.devices),
        origin,
    };
    let (error, letter) = match (&found, prove(app, claimant, command.password.clone()).await) {
        (Some(credentials), Ok(proven)) if proven.right => {
            return admit(app, origin, command, credentials, proven).await;
        }
        (_, Ok(proven)) => (Error::InvalidCredentials, proven.letter),
        (_, Err(error)) => (error, None),
    };
    if error.is_refusal() {
        let (scope, target) = match &found {
            Some(credentials) => (home(credentials), AuditTarget::User(credentials.user.id)),
            None => (Scope::Platform, AuditTarget::Nothing),
        };
        let event = app.event(AuditActor::Anonymous, origin, Action::SessionCreated, target);
        let record = app.refusal(event.address("email", &command.email), &error);
        app.store.begin(scope).await?.commit(letter.into_iter().fold(record, Record::mail)).await?;
    }
    // Failures do the same work whatever they are due to, but for what an account takes to be read; the beat hides the rest.
    timing::wait(began).await;
    Err(error)
}

/// Where failed sign-ins of an account are recorded.
fn home(credentials: &Credentials) -> Scope {
    credentials.organization.map_or(Scope::Platform, Scope::Organization)
}

/// Lets somebody in who has shown the right password: with a session, or as far as the second step.
async fn admit(
    app: &Application,
    origin: &Origin,
    Command { password, organization, .. }: Command,
    credentials: &Credentials,
    proven: PasswordCheck,
) -> Result<Admitted, Error> {
    let user = credentials.user.clone();
    let wanted = organization.or(credentials.organization);
    let renewed = match app.passwords.is_outdated(&credentials.password) {
        true => app.passwords.hash(password).await.map(Some).or_else(when_busy_later)?,
        false => None,
    };

    // The organization that is asked for learns of somebody who may not be in it only when they are let in.
    let scope = if user.mfa_enabled { credentials.organization } else { wanted };
    let mut unit = app.store.begin(Scope::of(user.id, scope)).await?;
    // A password that was changed while the old one was being checked lets nobody in: it has just ended every session, and
    // must not be outlived by one more; nor does one without a second factor that there is by now. Another try finds them.
    if unit.user_lock(user.id).await?.is_none_or(|current| current.version != user.version) {
        return Err(Error::Busy);
    }
    // It was chosen beside a second factor that somebody else has turned off since (NIST SP 800-63B-4 section 3.1.1.2).
    if !user.mfa_enabled && unit.password_is_short(user.id).await? {
        drop(unit);
        let error = Error::LongerPasswordRequired;
        app.record_refusal(home(credentials), strayed(app, origin, &user), &error).await?;
        return Err(error);
    }
    if let Some(hash) = &renewed {
        unit.user_rehash(user.id, hash).await?;
    }
    if user.mfa_enabled {
        let (challenge, record) = challenge(app, origin, unit.as_mut(), &user, wanted).await?;
        unit.commit(record).await?;
        return Ok(Admitted::Challenged(challenge));
    }
    let entered = enter(app, origin, unit.as_mut(), user.clone(), wanted, &["password"]).await;
    let (mut signed_in, record) = match entered {
        Err(error @ (Error::NotFound | Error::OrganizationSuspended)) => {
            drop(unit);
            not_there(app, origin, home(credentials), &user, &error).await?;
            return Err(error);
        }
        entered => entered?,
    };
    unit.commit(record).await?;
    signed_in.device = (!proven.device_is_known).then(|| device_token(app, &signed_in.user));
    Ok(Admitted::SignedIn(Box::new(signed_in)))
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
    use rollcall_domain::{Role, accounts::User, audit::Outcome, second_factors::Method};

    use super::*;
    use crate::{
        ports::Credentials,
        testing::{MockDirectory, MockUnit, TestStore, application, organization, user},
    };

    fn command(password: &str) -> Command {
        let email = "user1@example.com".parse().expect("an address");
        Command { email, password: Password::given(password), organization: None, devices: Vec::new() }
    }

    fn with_mfa() -> User {
        User { mfa_enabled: true, ..user(1) }
    }

    async fn directory(suspended: bool) -> MockDirectory {
        directory_of(user(1), suspended).await
    }

    async fn directory_of(user: User, suspended: bool) -> MockDirectory {
        let passwords = application(&TestStore::default(), MockDirectory::new()).passwords;
        let password = passwords.hash(Password::given("the right one")).await.expect("a hash");
        let found = Credentials { user, password, suspended, organization: Some(organization().id) };
        let mut directory = MockDirectory::new();
        directory.expect_credentials().returning(move |_| Ok(Some(found.clone())));
        directory
    }

    #[tokio::test]
    async fn the_right_password_opens_a_session_in_the_organization_used_last() {
        let mut unit = MockUnit::new();
        unit.expect_user_lock().returning(|_| Ok(Some(user(1))));
        unit.expect_password_is_short().returning(|_| Ok(false));
        unit.expect_seat_of().returning(|_, _| Ok(Some((organization(), Role::Viewer))));
        unit.expect_session_add().times(1).returning(|_, _| Ok(()));
        let store = TestStore::of(unit);
        let app = application(&store, directory(false).await);
        let admitted = sign_in(&app, &Origin::default(), command("the right one")).await.expect("admitted");
        let Admitted::SignedIn(signed_in) = admitted else { panic!("{admitted:?}") };
        assert_eq!(signed_in.session.organization, Some(organization().id));
        assert_eq!(store.committed()[0].1, [(Action::SessionCreated, Outcome::Success)]);
    }

    #[tokio::test]
    async fn asvs_6_3_3_with_a_second_factor_the_right_password_opens_nothing() {
        let mut unit = MockUnit::new();
        unit.expect_user_lock().returning(|_| Ok(Some(with_mfa())));
        unit.expect_totp_find().returning(|_| Ok(None));
        unit.expect_passkeys_of().returning(|_| Ok(Vec::new()));
        unit.expect_recovery_codes_left().returning(|_| Ok(3));
        unit.expect_mfa_challenge_add().times(1).returning(|_| Ok(()));
        let store = TestStore::of(unit);
        let app = application(&store, directory_of(with_mfa(), false).await);
        let admitted = sign_in(&app, &Origin::default(), command("the right one")).await.expect("admitted");
        let Admitted::Challenged(challenge) = admitted else { panic!("{admitted:?}") };
        assert_eq!(challenge.methods, [Method::RecoveryCode]);
        assert_eq!(store.committed()[0].1, [(Action::MfaChallenged, Outcome::Success)]);
    }

    #[tokio::test]
    async fn nist_3_1_1_2_a_right_password_that_is_too_short_to_do_alone_opens_nothing() {
        let mut unit = MockUnit::new();
        unit.expect_user_lock().returning(|_| Ok(Some(user(1))));
        unit.expect_password_is_short().returning(|_| Ok(true));
        let store = TestStore::of_each([unit, MockUnit::new()]);
        let app = application(&store, directory(false).await);
        let refused = sign_in(&app, &Origin::default(), command("the right one")).await;
        assert!(matches!(refused, Err(Error::LongerPasswordRequired)), "{refused:?}");
        assert_eq!(store.committed()[0].1, [(Action::SessionCreated, Outcome::Refused)]);
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
