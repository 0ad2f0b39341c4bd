//! Signing in with address and password.

use rollcall_domain::{
    EmailAddress, OrganizationId,
    audit::{self, Action, Origin, Target},
    secret::Password,
};

use super::{Proof, SignedIn, open};
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

    let event =
        |actor, target| app.event(actor, origin, Action::SessionCreated, target).address("email", &email);
    let Some(credentials) = found.as_ref().filter(|credentials| matches && !credentials.suspended) else {
        let home = found.as_ref().and_then(|credentials| credentials.organization);
        let target = found.as_ref().map_or(Target::Nothing, |credentials| Target::User(credentials.user.id));
        let scope = home.map_or(Scope::Platform, Scope::Organization);
        app.record_refusal(scope, event(audit::Actor::Anonymous, target), &Error::InvalidCredentials).await?;
        return Err(Error::InvalidCredentials);
    };
    let user = credentials.user.clone();
    let organization = organization.or(credentials.organization);

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
                let scope = credentials.organization.map_or(Scope::Platform, Scope::Organization);
                let event = event(audit::Actor::User(user.id, None), Target::User(user.id));
                app.record_refusal(scope, event, &Error::NotFound).await?;
                return Err(Error::NotFound);
            }
        },
        None => None,
    };
    let (signed_in, session) = open(app, user, place, Proof::Fresh);
    unit.session_add(&session, origin).await?;
    let actor = audit::Actor::User(signed_in.user.id, Some(signed_in.session.id));
    let event = app
        .event(actor, origin, Action::SessionCreated, Target::Session(signed_in.session.id))
        .change("factor", None, Some("password"));
    unit.commit(app.record(event)).await?;
    Ok(signed_in)
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
        Command { email, password: Password::given(password), organization: None }
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
