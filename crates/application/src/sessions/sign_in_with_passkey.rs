//! Signing in with a passkey, without a password: it is something that somebody has, and it has verified who holds it.

use rollcall_domain::{
    OrganizationId,
    audit::{Action, AuditActor, AuditTarget, Origin},
    second_factors::Method,
    secret::Secret,
};
use tokio::time::Instant;

use super::{
    SignedIn,
    enter::{enter, not_there},
};
use crate::{
    Application, Error,
    passkeys::{ProvenPasskey, UnprovenPasskey, ask, prove},
    ports::{CeremonyPurpose, Scope},
    timing,
};

/// What somebody signs in with.
#[derive(Debug, Clone)]
pub struct Command {
    /// What the device has answered.
    pub credential: Secret,
    /// The organization to work in; the one used last if left out.
    pub organization: Option<OrganizationId>,
}

/// What a browser is to ask its device for, so that somebody signs in with whichever passkey it has. The answer is the same for
/// everybody, as nobody has said who they are.
///
/// # Errors
/// [`Error::PasskeysUnavailable`].
pub async fn begin_sign_in_with_passkey(app: &Application) -> Result<Secret, Error> {
    let asked = app.webauthn()?.ask_for_proof(&[])?;
    ask(app, CeremonyPurpose::SignIn, asked).await
}

/// Signs somebody in.
///
/// # Errors
/// [`Error::PasskeyRefused`], in the same time whether the passkey is unknown or removed, its answer wrong or the account suspended;
/// [`Error::NotFound`] when the person is not in the organization that was asked for.
pub async fn sign_in_with_passkey(
    app: &Application,
    origin: &Origin,
    command: Command,
) -> Result<SignedIn, Error> {
    let began = Instant::now();
    let unproven =
        match prove(app, &command.credential, |purpose| *purpose == CeremonyPurpose::SignIn).await? {
            Ok(proven) => match open_for(app, origin, command.organization, proven).await? {
                Ok(signed_in) => return Ok(signed_in),
                Err(unproven) => unproven,
            },
            Err(unproven) => unproven,
        };
    let target =
        unproven.found.as_ref().map_or(AuditTarget::Nothing, |found| AuditTarget::User(found.user.id));
    let event = app.event(AuditActor::Anonymous, origin, Action::SessionCreated, target);
    let event = event.change("factor", None, Some(Method::Passkey.as_str()));
    let record = app.refusal(event, &Error::PasskeyRefused);
    let record = record.and_all(unproven.event(app, origin), app.entropy.as_ref());
    app.store.begin(unproven.scope()).await?.commit(record).await?;
    timing::wait(began).await;
    Err(Error::PasskeyRefused)
}

/// Opens a session for somebody who has proved who they are.
async fn open_for(
    app: &Application,
    origin: &Origin,
    wanted: Option<OrganizationId>,
    proven: ProvenPasskey,
) -> Result<Result<SignedIn, UnprovenPasskey>, Error> {
    let user = proven.found.user.clone();
    let organization = wanted.or(proven.found.organization);
    let mut unit = app.store.begin(Scope::of(user.id, organization)).await?;
    // As with a password: what has changed in the meantime has ended every session, and must not be outlived by one more.
    if unit.user_lock(user.id).await?.is_none_or(|current| current.version != user.version) {
        return Err(Error::Busy);
    }
    if !proven.take_effect(app, unit.as_mut()).await? {
        return Ok(Err(proven.into()));
    }
    match enter(app, origin, unit.as_mut(), user.clone(), organization, &[Method::Passkey.as_str()]).await {
        Ok((signed_in, record)) => {
            unit.commit(record).await?;
            Ok(Ok(signed_in))
        }
        Err(error @ (Error::NotFound | Error::OrganizationSuspended)) => {
            drop(unit);
            not_there(app, origin, UnprovenPasskey::from(proven).scope(), &user, &error).await?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rollcall_domain::{Role, audit::Outcome, id::PasskeyId};

    use super::*;
    use crate::{
        ports::FoundPasskey,
        testing::{Honest, MockDirectory, MockUnit, TestStore, application, organization, user},
    };

    /// An application in which somebody was asked to sign in, and whose device is honest.
    async fn asked(store: &TestStore, suspended: bool) -> Application {
        let mut directory = MockDirectory::new();
        directory.expect_passkey().returning(move |_| {
            Ok(Some(FoundPasskey {
                id: PasskeyId::from_parts(0, &[1; 10]),
                credential: Honest::credential(),
                user: user(1),
                suspended,
                organization: Some(organization().id),
            }))
        });
        let mut app = application(store, directory);
        app.webauthn = Some(Arc::new(Honest));
        begin_sign_in_with_passkey(&app).await.expect("asked");
        app
    }

    fn command(whose: &str) -> Command {
        Command { credential: Secret::new(whose), organization: None }
    }

    fn unit(used: bool) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_user_lock().returning(|_| Ok(Some(user(1))));
        unit.expect_passkey_use().returning(move |_, _, _, _| Ok(used));
        unit
    }

    #[tokio::test]
    async fn a_right_answer_opens_a_session_once() {
        let mut unit = unit(true);
        unit.expect_seat_of().returning(|_, _| Ok(Some((organization(), Role::Viewer))));
        unit.expect_session_add().times(1).returning(|_, _| Ok(()));
        let store = TestStore::of(unit);
        let app = asked(&store, false).await;
        let whose = user(1).id.to_string();
        sign_in_with_passkey(&app, &Origin::default(), command(&whose)).await.expect("signed in");
        assert_eq!(store.committed()[0].1, [(Action::SessionCreated, Outcome::Success)]);
        let again = sign_in_with_passkey(&app, &Origin::default(), command(&whose)).await;
        assert!(matches!(again, Err(Error::PasskeyRefused)), "{again:?}");
    }

    #[tokio::test]
    async fn attack_12_whatever_is_wrong_is_refused_and_recorded_alike() {
        let (mine, another) = (user(1).id.to_string(), user(2).id.to_string());
        for (whose, suspended, used) in [
            ("nobody", false, true),
            (another.as_str(), false, true),
            (mine.as_str(), true, true),
            (mine.as_str(), false, false),
        ] {
            // A unit that is begun for a session comes before the one of the refusal.
            let store = TestStore::of_each([unit(used), MockUnit::new()]);
            let app = asked(&store, suspended).await;
            let refused = sign_in_with_passkey(&app, &Origin::default(), command(whose)).await;
            assert!(matches!(refused, Err(Error::PasskeyRefused)), "{refused:?}");
            assert_eq!(store.committed()[0].1, [(Action::SessionCreated, Outcome::Refused)]);
        }
    }

    #[tokio::test]
    async fn asvs_7_4_3_an_account_that_changes_meanwhile_lets_nobody_in() {
        let mut unit = MockUnit::new();
        unit.expect_user_lock().returning(|_| {
            let mut changed = user(1);
            changed.version += 1;
            Ok(Some(changed))
        });
        let store = TestStore::of(unit);
        let app = asked(&store, false).await;
        let whose = user(1).id.to_string();
        let refused = sign_in_with_passkey(&app, &Origin::default(), command(&whose)).await;
        assert!(matches!(refused, Err(Error::Busy)), "{refused:?}");
        assert!(store.committed().is_empty());
    }
}
