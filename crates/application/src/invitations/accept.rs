//! Accepting an invitation: account, seat, role and event are one commit.

use rollcall_domain::{
    EmailAddress, OrganizationId,
    accounts::{Locale, PersonName, TimeZone, User},
    audit::{Action, AuditActor, AuditTarget, Origin},
    invitations::{Acceptance, AcceptanceRefusal, Invitation},
    members::Membership,
    plans,
    secret::{Password, Secret},
    sessions::Session,
};

use super::preview;
use crate::{
    Actor, Application, Error,
    passwords::{OwnWords, PasswordHash},
    ports::Scope,
    sessions::{Proof, SignedIn, device_token, open},
};

/// What somebody accepts with.
#[derive(Debug, Clone)]
pub struct Command {
    /// The token from the mail.
    pub token: Secret,
    /// The account to be made, if the address has none.
    pub new_account: Option<NewAccount>,
}

/// The account of somebody who had none. Its address is the invited one: whoever has the token reads that mail.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The name.
    pub name: PersonName,
    /// The password.
    pub password: Password,
}

/// Takes the seat that an invitation offers, and opens a session there.
///
/// # Errors
/// [`Error::InvitationGone`]; [`Error::SignInRequired`] when the address has an account and nobody is signed in;
/// [`Error::WrongAccount`] when another one is; [`Error::Invalid`] when a new account lacks its values, or its password is guessed too
/// easily; [`Error::AlreadyMember`]; [`Error::NoSeatLeft`]; [`Error::OrganizationSuspended`]; [`Error::SessionRequired`] to
/// whoever comes with an access token; [`Error::MfaRequired`].
pub async fn accept(
    app: &Application,
    actor: Option<&Actor>,
    origin: &Origin,
    command: Command,
) -> Result<SignedIn, Error> {
    let found = preview(app, &command.token).await?;
    match actor {
        Some(actor) => accept_in_account(app, actor, origin, found.organization, &found.invitation).await,
        None if found.account_exists => Err(Error::SignInRequired),
        None => {
            let Some(NewAccount { name, password }) = command.new_account else {
                let missing = |field| crate::FieldError::new(field, "is needed for a new account");
                return Err(Error::Invalid(vec![missing("name"), missing("password")]));
            };
            let own = OwnWords::of([
                found.invitation.email.as_str(),
                name.as_str(),
                found.organization_name.as_str(),
            ]);
            let hash = app.passwords.choose("password", password, own).await?;
            let user = User {
                id: app.id(),
                email: found.invitation.email.clone(),
                name,
                locale: Locale::default(),
                time_zone: TimeZone::default(),
                created_at: app.now(),
                mfa_enabled: false,
                version: 1,
            };
            let (organization, invitation) = (found.organization, &found.invitation);
            let accepted = take(app, user, Standing::Newcomer(hash), organization, invitation, origin).await;
            recorded(app, origin, organization, invitation, accepted).await
        }
    }
}

/// The same for somebody who is signed in, of an invitation that was found: their account's address decides.
pub(super) async fn accept_in_account(
    app: &Application,
    actor: &Actor,
    origin: &Origin,
    organization: OrganizationId,
    invitation: &Invitation,
) -> Result<SignedIn, Error> {
    // It would get a session for it.
    actor.require_session()?;
    // And whoever is to set up a second factor does that first.
    actor.require_enrolled()?;
    let standing = Standing::Account(&actor.session);
    let accepted = take(app, (*actor.user).clone(), standing, organization, invitation, origin).await;
    recorded(app, origin, organization, invitation, accepted).await
}

/// The inviting organization learns that somebody was refused, but not who: they are a stranger to it.
async fn recorded(
    app: &Application,
    origin: &Origin,
    organization: OrganizationId,
    invitation: &Invitation,
    accepted: Result<SignedIn, Error>,
) -> Result<SignedIn, Error> {
    if let Err(
        error @ (Error::WrongAccount { .. } | Error::NoSeatLeft { .. } | Error::OrganizationSuspended),
    ) = &accepted
    {
        let target = AuditTarget::Invitation(invitation.id);
        let event = app.event(AuditActor::Anonymous, origin, Action::InvitationAccepted, target);
        app.record_refusal(Scope::Organization(organization), event, error).await?;
    }
    accepted
}

/// What somebody comes with.
enum Standing<'a> {
    /// Nothing yet: an account is made, with this password.
    Newcomer(PasswordHash),
    /// An account, in this session.
    Account(&'a Session),
}

async fn take(
    app: &Application,
    user: User,
    standing: Standing<'_>,
    organization: OrganizationId,
    found: &Invitation,
    origin: &Origin,
) -> Result<SignedIn, Error> {
    let now = app.now();
    let mut unit = app.store.begin(Scope::Seat { organization, user: user.id }).await?;
    // As the account is now: what is remembered of it may be a moment old, and its address decides.
    let user = match &standing {
        Standing::Account(_) => unit.user_lock(user.id).await?.ok_or(Error::Unauthenticated)?,
        Standing::Newcomer(_) => user,
    };
    // Of those who come in at the same moment, each finds the seats that the others have taken.
    unit.team_lock(organization).await?;
    // From here on nobody else can accept, take back or renew it, and its organization is not deleted.
    let locked = unit.invitation_lock(organization, found.id).await?.ok_or(Error::InvitationGone)?;
    // A session that was ended in the meantime must not live on in another organization.
    if let Standing::Account(session) = &standing
        && !unit.session_hold(session.id).await?
    {
        return Err(Error::Unauthenticated);
    }
    // A renewal while we waited has given it another token than the one that was shown.
    if locked.version != found.version {
        return Err(Error::InvitationGone);
    }
    let acceptance = Acceptance::decide(&locked, &user.email, now)
        .map_err(|refusal| refused(refusal, &locked.email, &user.email))?;
    let there = unit.organization_find(organization).await?.ok_or(Error::InvitationGone)?;
    if there.suspended {
        return Err(Error::OrganizationSuspended);
    }
    if let Some(most) = app.settings.plans.of(there.plan).seats
        && !plans::has_room(Some(most), unit.members_count(organization).await?)
    {
        return Err(Error::NoSeatLeft { most });
    }
    if let Standing::Newcomer(password) = &standing {
        unit.user_add(&user, password).await?;
        unit.signups_forget(&user.email).await?;
    }
    let membership = Membership { user: user.id, role: acceptance.role() };
    unit.member_add(membership, organization, acceptance.at()).await?;
    unit.invitation_accept(organization, &acceptance).await?;
    let place = unit.seat_of(organization, user.id).await?.ok_or(Error::NotFound)?;
    // An invitation proves a mailbox, which is not a password: a session that came with it lasts no longer for it.
    let proof = match &standing {
        Standing::Newcomer(_) => Proof::Fresh,
        Standing::Account(session) => Proof::from(*session),
    };
    let (mut signed_in, session) = open(app, user, Some(place), proof);
    unit.session_add(&session, origin).await?;

    let actor = AuditActor::User(signed_in.user.id, Some(signed_in.session.id));
    let event = |action, target| app.event(actor, origin, action, target);
    let user = AuditTarget::User(signed_in.user.id);
    let mut record =
        app.record(event(Action::InvitationAccepted, AuditTarget::Invitation(acceptance.invitation())));
    if matches!(standing, Standing::Newcomer(_)) {
        let created = event(Action::AccountCreated, user)
            .address("email", &signed_in.user.email)
            .personal("name", &signed_in.user.name);
        record = record.and(created, app.entropy.as_ref());
    }
    let added = event(Action::MemberAdded, user).change("role", None, Some(acceptance.role().as_str()));
    let session = event(Action::SessionCreated, AuditTarget::Session(signed_in.session.id)).change(
        "through",
        None,
        Some("invitation"),
    );
    unit.commit(record.and(added, app.entropy.as_ref()).and(session, app.entropy.as_ref())).await?;
    signed_in.device = Some(device_token(app, &signed_in.user));
    Ok(signed_in)
}

fn refused(refusal: AcceptanceRefusal, invited: &EmailAddress, signed_in: &EmailAddress) -> Error {
    match refusal {
        AcceptanceRefusal::Gone => Error::InvitationGone,
        AcceptanceRefusal::WrongAccount => {
            Error::WrongAccount { invited: invited.masked(), signed_in: signed_in.masked() }
        }
    }
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, audit::Outcome, invitations::InvitationStatus};
    use time::Duration;

    use super::*;
    use crate::{
        ports::{FoundInvitation, StoreError},
        testing::{MockDirectory, MockUnit, NOW, TestStore, actor, application, organization},
    };

    fn invitation(email: &str) -> rollcall_domain::invitations::Invitation {
        rollcall_domain::invitations::Invitation {
            id: rollcall_domain::InvitationId::from_parts(0, &[5; 10]),
            email: email.parse().expect("an address"),
            role: Role::Member,
            kept_status: InvitationStatus::Pending,
            invited_by: Some(crate::testing::user(1).id),
            created_at: NOW,
            expires_at: NOW + Duration::DAY,
            accepted_at: None,
            version: 1,
        }
    }

    fn directory(email: &str, account_exists: bool) -> MockDirectory {
        let found = FoundInvitation {
            organization: organization().id,
            organization_name: "Acme".parse().expect("a name"),
            inviter_name: None,
            invitation: invitation(email),
            account_exists,
        };
        let mut directory = MockDirectory::new();
        directory.expect_invitation().returning(move |_| Ok(Some(found.clone())));
        directory
    }

    /// A unit in which the invitation is found as it is given, and everything works.
    fn unit(locked: rollcall_domain::invitations::Invitation) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_invitation_lock().returning(move |_, _| Ok(Some(locked.clone())));
        unit.expect_team_lock().returning(|_| Ok(()));
        unit.expect_organization_find().returning(|_| Ok(Some(organization())));
        unit.expect_members_count().returning(|_| Ok(1));
        unit.expect_user_lock().returning(|_| Ok(Some(crate::testing::user(1))));
        unit.expect_session_hold().returning(|_| Ok(true));
        unit.expect_user_add().returning(|_, _| Ok(()));
        unit.expect_signups_forget().returning(|_| Ok(()));
        unit.expect_member_add().returning(|_, _, _| Ok(()));
        unit.expect_invitation_accept().returning(|_, _| Ok(()));
        unit.expect_seat_of().returning(|_, _| Ok(Some((organization(), Role::Member))));
        unit.expect_session_add().returning(|_, _| Ok(()));
        unit
    }

    fn command(newcomer: bool) -> Command {
        let account = || NewAccount {
            name: "Ada".parse().expect("a name"),
            password: Password::given("correct horse battery staple"),
        };
        Command { token: Secret::new("token"), new_account: newcomer.then(account) }
    }

    #[tokio::test]
    async fn a_newcomer_s_account_seat_and_acceptance_are_one_commit() {
        let store = TestStore::of(unit(invitation("ada@example.com")));
        let app = application(&store, directory("ada@example.com", false));
        accept(&app, None, &Origin::default(), command(true)).await.expect("accepted");
        let [(_, events, letters)] = store.committed().try_into().expect("one commit");
        let succeeded =
            [Action::InvitationAccepted, Action::AccountCreated, Action::MemberAdded, Action::SessionCreated];
        assert_eq!(events, succeeded.map(|action| (action, Outcome::Success)));
        assert!(letters.is_empty());
    }

    #[tokio::test]
    async fn an_existing_account_gets_a_seat_and_no_second_account() {
        let store = TestStore::of(unit(invitation("user1@example.com")));
        let app = application(&store, directory("user1@example.com", true));
        let actor = actor(1, Role::Viewer);
        accept(&app, Some(&actor), &Origin::default(), command(false)).await.expect("accepted");
        let succeeded = [Action::InvitationAccepted, Action::MemberAdded, Action::SessionCreated];
        assert_eq!(store.committed()[0].1, succeeded.map(|action| (action, Outcome::Success)));
    }

    #[tokio::test]
    async fn attack_4_the_wrong_account_commits_nothing_but_the_refusal() {
        let store = TestStore::of(unit(invitation("ada@example.com")));
        let app = application(&store, directory("ada@example.com", true));
        let refused = accept(&app, Some(&actor(1, Role::Viewer)), &Origin::default(), command(false)).await;
        assert!(matches!(refused, Err(Error::WrongAccount { .. })), "{refused:?}");
        let committed = store.committed();
        assert_eq!(committed.len(), 1);
        assert_eq!(committed[0].1, [(Action::InvitationAccepted, Outcome::Refused)]);
    }

    #[tokio::test]
    async fn attack_6_what_has_happened_while_we_waited_for_the_lock_counts() {
        let revoked = rollcall_domain::invitations::Invitation {
            kept_status: InvitationStatus::Revoked,
            version: 2,
            ..invitation("ada@example.com")
        };
        let renewed =
            rollcall_domain::invitations::Invitation { version: 2, ..invitation("ada@example.com") };
        for locked in [revoked, renewed] {
            let store = TestStore::of(unit(locked));
            let app = application(&store, directory("ada@example.com", false));
            let refused = accept(&app, None, &Origin::default(), command(true)).await;
            assert!(matches!(refused, Err(Error::InvitationGone)), "{refused:?}");
            assert!(store.committed().is_empty());
        }
    }

    #[tokio::test]
    async fn where_no_seat_is_left_or_nobody_gets_in_nothing_is_committed_but_the_refusal() {
        // The plan has two seats.
        for (suspended, members) in [(false, 2), (false, 3), (true, 1)] {
            let mut unit = MockUnit::new();
            unit.expect_team_lock().times(1).returning(|_| Ok(()));
            unit.expect_invitation_lock().returning(|_, _| Ok(Some(invitation("ada@example.com"))));
            unit.expect_organization_find().returning(move |_| {
                Ok(Some(rollcall_domain::organizations::Organization { suspended, ..organization() }))
            });
            unit.expect_members_count().returning(move |_| Ok(members));
            let store = TestStore::of(unit);
            let app = application(&store, directory("ada@example.com", false));
            let refused = accept(&app, None, &Origin::default(), command(true)).await;
            assert!(
                matches!(refused, Err(Error::NoSeatLeft { most: 2 } | Error::OrganizationSuspended)),
                "{refused:?}"
            );
            let [(_, events, _)] = store.committed().try_into().expect("one commit");
            assert_eq!(events, [(Action::InvitationAccepted, Outcome::Refused)]);
        }
    }

    #[tokio::test]
    async fn a_session_that_was_ended_in_the_meantime_takes_no_seat() {
        let mut unit = MockUnit::new();
        unit.expect_team_lock().returning(|_| Ok(()));
        unit.expect_user_lock().returning(|_| Ok(Some(crate::testing::user(1))));
        unit.expect_session_hold().returning(|_| Ok(false));
        unit.expect_invitation_lock().returning(|_, _| Ok(Some(invitation("user1@example.com"))));
        let store = TestStore::of(unit);
        let app = application(&store, directory("user1@example.com", true));
        let refused = accept(&app, Some(&actor(1, Role::Viewer)), &Origin::default(), command(false)).await;
        assert!(matches!(refused, Err(Error::Unauthenticated)), "{refused:?}");
        assert!(store.committed().is_empty());
    }

    #[tokio::test]
    async fn an_account_made_at_the_same_moment_must_be_signed_in_to() {
        let mut unit = MockUnit::new();
        unit.expect_team_lock().returning(|_| Ok(()));
        unit.expect_organization_find().returning(|_| Ok(Some(organization())));
        unit.expect_members_count().returning(|_| Ok(1));
        unit.expect_invitation_lock().returning(|_, _| Ok(Some(invitation("ada@example.com"))));
        unit.expect_user_add().returning(|_, _| Err(StoreError::AddressTaken));
        let store = TestStore::of(unit);
        let app = application(&store, directory("ada@example.com", false));
        let refused = accept(&app, None, &Origin::default(), command(true)).await;
        assert!(matches!(refused, Err(Error::SignInRequired)), "{refused:?}");
        assert!(store.committed().is_empty());
    }
}
