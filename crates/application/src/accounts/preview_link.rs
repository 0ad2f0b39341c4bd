//! Looking at a link from a mail before it is used.

use rollcall_domain::{EmailAddress, secret::Secret};

use crate::{Application, Error, ports::Scope, token};

/// What a link from a mail is for. Those in invitations are shown by [`preview`](crate::invitations::preview).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkFor {
    /// Completing a sign-up.
    SignUp,
    /// Choosing a password in place of a forgotten one.
    PasswordReset,
    /// Confirming another address.
    EmailChange,
}

/// Whether a link can be used at this moment. Looking at it uses nothing up. Gives back the address that the mail with the link went
/// to, which whoever has the link can act for already.
///
/// # Errors
/// As using it: [`Error::SignupGone`], [`Error::PasswordResetGone`] or [`Error::EmailChangeGone`] for a token that is used up, replaced,
/// out of date or unknown. Which of them it is, nobody is told.
pub async fn preview_link(app: &Application, link: LinkFor, token: &Secret) -> Result<EmailAddress, Error> {
    let (directory, now) = (&app.directory, app.now());
    let token = token::hash(token.expose());
    match link {
        LinkFor::SignUp => {
            let found = directory.signup(token).await?.map(|found| found.signup);
            let found = found.filter(|signup| now < signup.expires_at);
            found.map(|signup| signup.email).ok_or(Error::SignupGone)
        }
        LinkFor::PasswordReset => {
            let found = directory.password_reset(token).await?.filter(|found| now < found.expires_at);
            let user = found.ok_or(Error::PasswordResetGone)?.user;
            let mut view = app.store.view(Scope::Account(user)).await?;
            view.user_find(user).await?.map(|user| user.email).ok_or(Error::PasswordResetGone)
        }
        LinkFor::EmailChange => {
            let found = directory.email_change(token).await?.map(|found| found.change);
            let found = found.filter(|change| now < change.expires_at);
            found.map(|change| change.email).ok_or(Error::EmailChangeGone)
        }
    }
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{
        SessionId,
        accounts::{EmailChange, Signup},
        id::{EmailChangeId, PasswordResetId, SignupId},
    };
    use time::Duration;

    use super::*;
    use crate::{
        ports::{FoundEmailChange, FoundPasswordReset, FoundSignup},
        testing::{MockDirectory, MockUnit, NOW, TestStore, application, user},
    };

    /// A directory in which every token is known, and a link ends in so long.
    fn directory(expires_in: Duration) -> MockDirectory {
        let mut directory = MockDirectory::new();
        let (expires_at, email) = (NOW + expires_in, || "ada@example.com".parse().expect("an address"));
        directory.expect_signup().returning(move |_| {
            let (name, organization_name) = ("Ada".parse().expect("a name"), "Acme".parse().expect("a name"));
            let signup = Signup { email: email(), name, organization_name, expires_at };
            Ok(Some(FoundSignup { id: SignupId::from_parts(0, &[0; 10]), signup }))
        });
        directory.expect_password_reset().returning(move |_| {
            let id = PasswordResetId::from_parts(0, &[0; 10]);
            Ok(Some(FoundPasswordReset { id, user: user(1).id, expires_at }))
        });
        directory.expect_email_change().returning(move |_| {
            let session = SessionId::from_parts(0, &[1; 10]);
            let change = EmailChange { user: user(1).id, session, email: email(), expires_at };
            Ok(Some(FoundEmailChange { id: EmailChangeId::from_parts(0, &[0; 10]), change }))
        });
        directory
    }

    fn unknown() -> MockDirectory {
        let mut directory = MockDirectory::new();
        directory.expect_signup().returning(|_| Ok(None));
        directory.expect_password_reset().returning(|_| Ok(None));
        directory.expect_email_change().returning(|_| Ok(None));
        directory
    }

    #[tokio::test]
    async fn a_link_that_works_is_said_to_and_stays_as_it_is() {
        for (link, address) in [
            (LinkFor::SignUp, "ada@example.com".to_owned()),
            (LinkFor::PasswordReset, user(1).email.to_string()),
            (LinkFor::EmailChange, "ada@example.com".to_owned()),
        ] {
            let mut unit = MockUnit::new();
            unit.expect_user_find().returning(|_| Ok(Some(user(1))));
            let store = TestStore::of(unit);
            let app = application(&store, directory(Duration::SECOND));
            let email = preview_link(&app, link, &Secret::new("token")).await.expect("it works");
            assert_eq!(email.as_str(), address, "{link:?}");
            assert!(store.committed().is_empty(), "{link:?}");
        }
    }

    #[tokio::test]
    async fn attack_12_a_link_that_is_over_and_one_that_never_was_are_told_apart_by_nobody() {
        for link in [LinkFor::SignUp, LinkFor::PasswordReset, LinkFor::EmailChange] {
            let refused = async |directory: MockDirectory| {
                let app = application(&TestStore::of(MockUnit::new()), directory);
                preview_link(&app, link, &Secret::new("token")).await.expect_err("refused").to_string()
            };
            assert_eq!(refused(directory(Duration::ZERO)).await, refused(unknown()).await, "{link:?}");
        }
    }
}
