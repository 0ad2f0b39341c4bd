//! Confirming another address. The token is the right: whoever has it reads the mail at that address.

use rollcall_domain::{
    EmailAddress,
    accounts::NoticeRecipient,
    audit::{Action, AuditActor, AuditTarget, Origin},
    id::NoticeId,
    secret::Secret,
};

use crate::availability::{By, signed_out};
use crate::{
    Application, Error,
    mail::Letter,
    ports::{FoundEmailChange, Scope, StoreError, UnitOfWork},
    token,
};

/// Gives the account behind the token its other address, and tells both. Every session ends but the one that the change was
/// asked for in, and so does whatever else waits for either address.
///
/// Open invitations to the old address stay what they are: an offer to whoever reads the mail there.
///
/// # Errors
/// [`Error::EmailChangeGone`] for a token that is used up, replaced, out of date or unknown, and when the address has got an
/// account in the meantime.
pub async fn confirm_email_change(app: &Application, origin: &Origin, token: &Secret) -> Result<(), Error> {
    let found = app.directory.email_change(token::hash(token.expose())).await?;
    let found = found.filter(|found| app.now() < found.change.expires_at);
    let FoundEmailChange { id, change } = found.ok_or(Error::EmailChangeGone)?;

    let user = change.user;
    let mut unit = app.store.begin(Scope::Account(user)).await?;
    let account = unit.user_lock(user).await?.ok_or(Error::EmailChangeGone)?;
    forget_requests(unit.as_mut(), &account.email).await?;
    unit.user_set_email(user, &change.email).await.map_err(|error| match error {
        StoreError::AddressTaken => Error::EmailChangeGone,
        error => error.into(),
    })?;
    // Of those who use one link at once, one finds it. The address first: two accounts that want the same one wait for it, and
    // the one that gets it forgets the other's request.
    if !unit.email_change_use(id).await? {
        return Err(Error::EmailChangeGone);
    }
    forget_requests(unit.as_mut(), &change.email).await?;
    unit.sessions_end(user, Some(change.session)).await?;

    let event = app
        .event(AuditActor::User(user, None), origin, Action::AccountEmailChanged, AuditTarget::User(user))
        .address("email", &change.email)
        .address("email_before", &account.email);
    let mut record = app.record(event).in_language(&account.locale);
    for email in [account.email, change.email] {
        let notice: NoticeId = app.id();
        unit.notice_add(notice, &NoticeRecipient { user, email, name: account.name.clone() }).await?;
        record = record.mail(Letter::EmailChanged { notice });
    }
    let by = By::actor(AuditActor::User(user, None), origin);
    let record = signed_out(app, &by, unit.as_mut(), user, record).await?;
    Ok(unit.commit(record).await?)
}

/// Forgets what waits for an address that is the scope's account's: sign-ups, other passwords, and other accounts' requests to
/// have it.
async fn forget_requests(unit: &mut dyn UnitOfWork, email: &EmailAddress) -> Result<(), Error> {
    unit.signups_forget(email).await?;
    unit.password_resets_forget(email).await?;
    Ok(unit.email_changes_forget(email).await?)
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{SessionId, accounts::EmailChange, audit::Outcome, id::EmailChangeId};
    use time::Duration;

    use super::*;
    use crate::testing::{MockDirectory, MockUnit, NOW, TestStore, application, user};

    fn directory(expires_in: Duration) -> MockDirectory {
        let mut directory = MockDirectory::new();
        directory.expect_email_change().returning(move |_| {
            let change = EmailChange {
                user: user(1).id,
                session: SessionId::from_parts(0, &[1; 10]),
                email: "new@example.com".parse().expect("an address"),
                expires_at: NOW + expires_in,
            };
            Ok(Some(FoundEmailChange { id: EmailChangeId::from_parts(0, &[0; 10]), change }))
        });
        directory
    }

    fn unit(still_there: bool) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_user_lock().returning(|_| Ok(Some(user(1))));
        unit.expect_email_change_use().returning(move |_| Ok(still_there));
        unit.expect_signups_forget().returning(|_| Ok(()));
        unit.expect_password_resets_forget().returning(|_| Ok(()));
        unit.expect_email_changes_forget().returning(|_| Ok(()));
        unit
    }

    #[tokio::test]
    async fn a_success_changes_the_address_ends_the_other_sessions_and_tells_both_addresses() {
        let mut unit = unit(true);
        unit.expect_user_set_email().times(1).returning(|_, _| Ok(()));
        unit.expect_sessions_end().times(1).withf(|_, but| but.is_some()).returning(|_, _| Ok(Vec::new()));
        unit.expect_notice_add().times(2).returning(|_, _| Ok(()));
        let store = TestStore::of(unit);
        let app = application(&store, directory(Duration::HOUR));
        confirm_email_change(&app, &Origin::default(), &Secret::new("token")).await.expect("changed");
        let [(_, events, letters)] = store.committed().try_into().expect("one commit");
        assert_eq!(events, [(Action::AccountEmailChanged, Outcome::Success)]);
        assert!(matches!(letters[..], [Letter::EmailChanged { .. }, Letter::EmailChanged { .. }]));
    }

    #[tokio::test]
    async fn a_link_that_ran_out_or_was_used_or_an_address_that_is_taken_changes_nothing() {
        let mut taken = unit(true);
        taken.expect_user_set_email().returning(|_, _| Err(StoreError::AddressTaken));
        let mut used = unit(false);
        used.expect_user_set_email().returning(|_, _| Ok(()));
        for (unit, expires_in) in
            [(MockUnit::new(), Duration::ZERO), (used, Duration::HOUR), (taken, Duration::HOUR)]
        {
            let store = TestStore::of(unit);
            let app = application(&store, directory(expires_in));
            let refused = confirm_email_change(&app, &Origin::default(), &Secret::new("token")).await;
            assert!(matches!(refused, Err(Error::EmailChangeGone)), "{refused:?}");
            assert!(store.committed().is_empty());
        }
    }
}
