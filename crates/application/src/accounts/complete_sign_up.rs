//! Completing a sign-up: the account, its organization and the Owner's seat come into being in one step.

use rollcall_domain::{
    OrganizationId, Role, UserId,
    accounts::{Locale, TimeZone, User},
    audit::{Action, AuditActor, AuditTarget, Origin},
    members::Membership,
    organizations::{Organization, Plan, Slug},
    secret::{Password, Secret},
};

use crate::{
    Application, Error,
    passwords::OwnWords,
    ports::Scope,
    sessions::{Proof, SignedIn, device_token, open},
    token,
};

/// The token from the mail, and the password that is chosen.
#[derive(Debug, Clone)]
pub struct Command {
    /// The token from the mail.
    pub token: Secret,
    /// The chosen password.
    pub password: Password,
}

/// Makes the account, the organization and the Owner's seat, and signs the person in.
///
/// # Errors
/// [`Error::SignupGone`] for a token that is used up, out of date or unknown; [`Error::SignInRequired`] when
/// the address has got an account in the meantime; [`Error::Invalid`] for a password that is guessed too easily.
pub async fn complete_sign_up(
    app: &Application,
    origin: &Origin,
    command: Command,
) -> Result<SignedIn, Error> {
    let token = token::hash(command.token.expose());
    let found = app.directory.signup(token).await?.ok_or(Error::SignupGone)?;
    let now = app.now();
    if found.signup.expires_at <= now {
        return Err(Error::SignupGone);
    }
    let signup = &found.signup;
    let own = OwnWords::of([signup.email.as_str(), signup.name.as_str(), signup.organization_name.as_str()]);
    let password = app.passwords.choose("password", command.password, own).await?;

    let (user, organization): (UserId, OrganizationId) = (app.id(), app.id());
    let mut random = [0; 6];
    app.entropy.fill(&mut random);
    let user = User {
        id: user,
        email: found.signup.email,
        name: found.signup.name,
        locale: Locale::default(),
        time_zone: TimeZone::default(),
        created_at: now,
        mfa_enabled: false,
        version: 1,
    };
    let organization = Organization {
        id: organization,
        slug: Slug::of(&found.signup.organization_name, &random),
        name: found.signup.organization_name,
        plan: Plan::Free,
        created_at: now,
        suspended: false,
        version: 1,
    };

    let mut unit = app.store.begin(Scope::Seat { organization: organization.id, user: user.id }).await?;
    unit.user_add(&user, &password).await?;
    unit.organization_add(&organization).await?;
    unit.member_add(Membership { user: user.id, role: Role::Owner }, organization.id, now).await?;
    unit.signups_forget(&user.email).await?;
    let (mut signed_in, session) = open(app, user, Some((organization, Role::Owner)), Proof::Fresh);
    unit.session_add(&session, origin).await?;

    let actor = AuditActor::User(signed_in.user.id, Some(session.session.id));
    let event = |action, target| app.event(actor, origin, action, target);
    let (user, organization) = (signed_in.user.id, session.session.organization);
    let record = app
        .record(
            event(Action::AccountCreated, AuditTarget::User(user))
                .address("email", &signed_in.user.email)
                .personal("name", &signed_in.user.name),
        )
        .and(
            event(
                Action::OrganizationCreated,
                organization.map_or(AuditTarget::Nothing, AuditTarget::Organization),
            ),
            app.entropy.as_ref(),
        )
        .and(
            event(Action::MemberAdded, AuditTarget::User(user)).change(
                "role",
                None,
                Some(Role::Owner.as_str()),
            ),
            app.entropy.as_ref(),
        )
        .and(
            event(Action::SessionCreated, AuditTarget::Session(session.session.id)).change(
                "through",
                None,
                Some("sign_up"),
            ),
            app.entropy.as_ref(),
        );
    unit.commit(record).await?;
    signed_in.device = Some(device_token(app, &signed_in.user));
    Ok(signed_in)
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{accounts::Signup, audit::Outcome, id::SignupId};
    use time::Duration;

    use super::*;
    use crate::{
        ports::{FoundSignup, StoreError},
        testing::{MockDirectory, MockUnit, NOW, TestStore, application},
    };

    fn directory(expires_in: Duration) -> MockDirectory {
        let mut directory = MockDirectory::new();
        directory.expect_signup().returning(move |_| {
            let signup = Signup {
                email: "ada@example.com".parse().expect("an address"),
                name: "Ada".parse().expect("a name"),
                organization_name: "Acme".parse().expect("a name"),
                expires_at: NOW + expires_in,
            };
            Ok(Some(FoundSignup { id: SignupId::from_parts(0, &[0; 10]), signup }))
        });
        directory
    }

    fn command() -> Command {
        Command { token: Secret::new("token"), password: Password::given("correct horse battery staple") }
    }

    #[tokio::test]
    async fn account_organization_and_seat_are_one_commit_in_the_new_organization() {
        let mut unit = MockUnit::new();
        unit.expect_user_add().times(1).returning(|_, _| Ok(()));
        unit.expect_organization_add().times(1).returning(|_| Ok(()));
        unit.expect_member_add().times(1).returning(|_, _, _| Ok(()));
        unit.expect_signups_forget().times(1).returning(|_| Ok(()));
        unit.expect_session_add().times(1).returning(|_, _| Ok(()));
        let store = TestStore::of(unit);
        let app = application(&store, directory(Duration::HOUR));
        let signed_in = complete_sign_up(&app, &Origin::default(), command()).await.expect("signed up");
        let [(scope, events, _)] = store.committed().try_into().expect("one commit");
        assert_eq!(scope.organization(), signed_in.session.organization);
        let succeeded = [
            Action::AccountCreated,
            Action::OrganizationCreated,
            Action::MemberAdded,
            Action::SessionCreated,
        ];
        assert_eq!(events, succeeded.map(|action| (action, Outcome::Success)));
    }

    #[tokio::test]
    async fn a_link_that_ran_out_or_an_address_that_is_taken_commits_nothing() {
        let store = TestStore::default();
        let app = application(&store, directory(Duration::ZERO));
        let refused = complete_sign_up(&app, &Origin::default(), command()).await;
        assert!(matches!(refused, Err(Error::SignupGone)), "{refused:?}");
        let mut unit = MockUnit::new();
        unit.expect_user_add().returning(|_, _| Err(StoreError::AddressTaken));
        let store = TestStore::of(unit);
        let app = application(&store, directory(Duration::HOUR));
        let refused = complete_sign_up(&app, &Origin::default(), command()).await;
        assert!(matches!(refused, Err(Error::SignInRequired)), "{refused:?}");
        assert!(store.committed().is_empty());
    }
}
