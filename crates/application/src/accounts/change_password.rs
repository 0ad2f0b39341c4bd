//! Choosing another password.

use rollcall_domain::{
    audit::{Action, AuditTarget},
    secret::Password,
};

use super::own_words::{is_short, own_words};
use crate::availability::{By, signed_out};
use crate::{
    Actor, Application, Error, Failure,
    mail::Letter,
    sessions::{begin_anew, prove_again},
};

/// The password there is, and the one that is chosen.
#[derive(Debug, Clone)]
pub struct Command {
    /// The one there is.
    pub current: Password,
    /// The one that is chosen.
    pub new: Password,
}

/// Gives the actor's account another password. All their other sessions end, and they are told by mail.
///
/// # Errors
/// [`Error::ElevationRequired`], [`Error::WrongPassword`] when the current password is not right, [`Error::LimitReached`] after too
/// many of those, and [`Error::Invalid`] for a new one that is the same, or guessed too easily.
pub async fn change_password(app: &Application, actor: &Actor, command: Command) -> Result<(), Error> {
    let changed = change(app, actor, command).await;
    app.failures_recorded(actor, Action::PasswordChanged, AuditTarget::User(actor.user_id()), changed).await
}

async fn change(app: &Application, actor: &Actor, command: Command) -> Result<(), Failure> {
    actor.require_elevation(app.now())?;
    let proven = prove_again(app, actor, command.current.clone()).await?;
    if command.new == command.current {
        return Err(Error::invalid("new_password", "must be another one than the current").into());
    }
    let user = actor.user_id();
    let (account, own) = own_words(app, user).await?.ok_or(Error::Unauthenticated)?;
    // Known again below: a second factor that is turned off meanwhile counts the version up.
    let is_short = is_short("new_password", &command.new, &account)?;
    let hash = app.passwords.choose("new_password", command.new, own).await?;
    let mut unit = app.store.begin(actor.scope()).await?;
    // A password that was reset in the meantime has ended this session, and is not overwritten by it.
    let account = unit.user_lock(user).await?.ok_or(Error::Unauthenticated)?;
    if !unit.session_hold(actor.session_id()).await? {
        return Err(Error::Unauthenticated.into());
    }
    // Nor is one that was chosen in this very session while the old one was looked at: it is not the current one any more.
    if account.version != proven.version {
        return Err(Error::WrongPassword.into());
    }
    unit.user_set_password(user, &hash, is_short).await?;
    unit.sessions_end(user, Some(actor.session_id())).await?;
    unit.password_resets_forget(&account.email).await?;
    // Whoever wanted to take the account away with another address does not get it any more.
    unit.email_change_take_back(user).await?;
    let event = app.event_by(actor, Action::PasswordChanged, AuditTarget::User(user));
    let record = app.record(event).mail(Letter::PasswordChanged { user });
    let record = signed_out(app, &By::asking(actor), unit.as_mut(), user, record).await?;
    unit.commit(record).await?;
    begin_anew(app, user).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, audit::Outcome};
    use time::Duration;

    use super::*;
    use crate::{
        ports::Credentials,
        testing::{MockDirectory, MockUnit, NOW, TestStore, actor, application, user},
    };

    async fn directory() -> MockDirectory {
        let passwords = application(&TestStore::default(), MockDirectory::new()).passwords;
        let password = passwords.hash(Password::given("the right one")).await.expect("a hash");
        let found = Credentials { user: user(1), password, suspended: false, organization: None };
        let mut directory = MockDirectory::new();
        directory.expect_credentials().returning(move |_| Ok(Some(found.clone())));
        directory
    }

    /// What is looked at for the words of one's own.
    fn about_the_account() -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_user_find().returning(|_| Ok(Some(user(1))));
        unit.expect_seats_of().returning(|_| Ok(Vec::new()));
        unit
    }

    fn command(current: &str) -> Command {
        Command { current: Password::given(current), new: Password::given("correct horse battery staple") }
    }

    #[tokio::test]
    async fn a_success_ends_the_others_and_commits_the_event_and_the_notice() {
        let mut unit = MockUnit::new();
        unit.expect_user_lock().returning(|_| Ok(Some(user(1))));
        unit.expect_session_hold().returning(|_| Ok(true));
        unit.expect_user_set_password().times(1).returning(|_, _, _| Ok(()));
        unit.expect_sessions_end().times(1).withf(|_, but| but.is_some()).returning(|_, _| Ok(Vec::new()));
        unit.expect_password_resets_forget().times(1).returning(|_| Ok(()));
        unit.expect_email_change_take_back().times(1).returning(|_| Ok(false));
        let store = TestStore::of_each([about_the_account(), unit]);
        let actor = actor(1, Role::Viewer);
        change_password(&application(&store, directory().await), &actor, command("the right one"))
            .await
            .expect("changed");
        let [(_, events, letters)] = store.committed().try_into().expect("one commit");
        assert_eq!(events, [(Action::PasswordChanged, Outcome::Success)]);
        assert_eq!(letters, [Letter::PasswordChanged { user: actor.user_id() }]);
    }

    #[tokio::test]
    async fn a_session_that_a_reset_has_ended_overwrites_nothing() {
        let mut unit = MockUnit::new();
        unit.expect_user_lock().returning(|_| Ok(Some(user(1))));
        unit.expect_session_hold().returning(|_| Ok(false));
        let store = TestStore::of_each([about_the_account(), unit]);
        let actor = actor(1, Role::Viewer);
        let refused =
            change_password(&application(&store, directory().await), &actor, command("the right one")).await;
        assert!(matches!(refused, Err(Error::Unauthenticated)), "{refused:?}");
        assert!(store.committed().is_empty());
    }

    #[tokio::test]
    async fn a_wrong_password_or_an_old_proof_commits_nothing_but_the_refusal() {
        let mut stale = actor(1, Role::Viewer);
        stale.session.authenticated_at = NOW - Duration::minutes(10);
        for (actor, current) in [(actor(1, Role::Viewer), "a wrong one"), (stale, "the right one")] {
            let store = TestStore::default();
            let refused =
                change_password(&application(&store, directory().await), &actor, command(current)).await;
            assert!(matches!(refused, Err(Error::WrongPassword | Error::ElevationRequired)), "{refused:?}");
            assert_eq!(store.committed()[0].1, [(Action::PasswordChanged, Outcome::Refused)]);
        }
    }
}
