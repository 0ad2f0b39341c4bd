//! Asking for another address: nothing changes until somebody who reads its mail confirms it.

use rollcall_domain::{
    EmailAddress,
    accounts::{EMAIL_CHANGE_LIFETIME, EmailChange, NoticeRecipient},
    audit::{Action, AuditTarget},
    id::{EmailChangeId, NoticeId},
};
use time::Duration;

use crate::{Actor, Application, Error, Limit, mail::Letter};

/// Notes the request, sends a link to the new address, and tells the one there is. An earlier request is forgotten: the latest link is
/// the one that works.
///
/// Whether the new address has an account is only looked at when the mail is written: what is done here, and how long it
/// takes, is the same (attacks 12 and 13).
///
/// # Errors
/// [`Error::ElevationRequired`], [`Error::Invalid`] for the address that the account has already, and
/// [`Error::LimitReached`].
pub async fn request_email_change(
    app: &Application,
    actor: &Actor,
    email: EmailAddress,
) -> Result<(), Error> {
    let noted = note(app, actor, email).await;
    let target = AuditTarget::User(actor.user_id());
    app.refusals_recorded(actor, Action::AccountEmailChangeRequested, target, noted).await
}

async fn note(app: &Application, actor: &Actor, email: EmailAddress) -> Result<(), Error> {
    let now = app.now();
    actor.require_elevation(now)?;
    let user = actor.user_id();
    let mut unit = app.store.begin(actor.scope()).await?;
    let account = unit.user_lock(user).await?.ok_or(Error::Unauthenticated)?;
    // Whoever has just ended this session must not find that it has left a request behind.
    if !unit.session_hold(actor.session_id()).await? {
        return Err(Error::Unauthenticated);
    }
    if account.email == email {
        return Err(Error::invalid("new_email", "is the address of your account already"));
    }
    if let Some(limits) = app.settings.limits
        && unit.email_changes_since(user, now - Duration::HOUR).await? >= limits.email_changes_per_account
    {
        let quota = limits.email_changes_per_account;
        let limit =
            Limit { name: "email-changes", what: "changes of address", quota, window: Duration::HOUR };
        return Err(Error::LimitReached { limit, retry_after: Duration::HOUR });
    }
    let (id, notice): (EmailChangeId, NoticeId) = (app.id(), app.id());
    let event = app
        .event_by(actor, Action::AccountEmailChangeRequested, AuditTarget::User(user))
        .address("email", &email);
    let change =
        EmailChange { user, session: actor.session_id(), email, expires_at: now + EMAIL_CHANGE_LIFETIME };
    unit.email_change_add(id, &change, now).await?;
    unit.notice_add(notice, &NoticeRecipient { user, email: account.email, name: account.name }).await?;
    let record = app
        .record(event)
        .mail(Letter::EmailChange { change: id })
        .mail(Letter::EmailChangeRequested { notice })
        .in_language(&actor.user.locale);
    Ok(unit.commit(record).await?)
}

#[cfg(test)]
mod tests {
    use rollcall_domain::{Role, audit::Outcome};

    use super::*;
    use crate::{
        Limits,
        testing::{MockDirectory, MockUnit, NOW, ONE_EACH, TestStore, actor, application, user},
    };

    fn unit(still_open: bool, asked_for: u32) -> MockUnit {
        let mut unit = MockUnit::new();
        unit.expect_user_lock().returning(|_| Ok(Some(user(1))));
        unit.expect_session_hold().returning(move |_| Ok(still_open));
        unit.expect_email_changes_since().returning(move |_, _| Ok(asked_for));
        unit
    }

    fn app(store: &TestStore) -> Application {
        let mut app = application(store, MockDirectory::new());
        app.settings.limits = Some(Limits { email_changes_per_account: 2, ..ONE_EACH });
        app
    }

    fn new() -> EmailAddress {
        "new@example.com".parse().expect("an address")
    }

    #[tokio::test]
    async fn both_addresses_get_a_letter_and_the_account_stays_as_it_is() {
        let mut unit = unit(true, 1);
        unit.expect_email_change_add()
            .times(1)
            .withf(|_, change, _| change.email == new())
            .returning(|_, _, _| Ok(()));
        unit.expect_notice_add()
            .times(1)
            .withf(|_, notice| notice.email == user(1).email)
            .returning(|_, _| Ok(()));
        let store = TestStore::of(unit);
        request_email_change(&app(&store), &actor(1, Role::Viewer), new()).await.expect("noted");
        let [(_, events, letters)] = store.committed().try_into().expect("one commit");
        assert_eq!(events, [(Action::AccountEmailChangeRequested, Outcome::Success)]);
        assert!(matches!(letters[..], [Letter::EmailChange { .. }, Letter::EmailChangeRequested { .. }]));
    }

    #[tokio::test]
    async fn an_old_proof_an_ended_session_the_same_address_or_too_many_requests_note_nothing() {
        let mut stale = actor(1, Role::Viewer);
        stale.session.authenticated_at = NOW - Duration::minutes(10);
        let same = "USER1@example.com".parse().expect("an address");
        for (actor, email, unit, recorded) in [
            (stale, new(), unit(true, 0), 1),
            (actor(1, Role::Viewer), new(), unit(false, 0), 0),
            (actor(1, Role::Viewer), same, unit(true, 0), 0),
            (actor(1, Role::Viewer), new(), unit(true, 2), 1),
        ] {
            let store = TestStore::of(unit);
            let refused = request_email_change(&app(&store), &actor, email).await;
            assert!(
                matches!(
                    refused,
                    Err(Error::ElevationRequired
                        | Error::Unauthenticated
                        | Error::Invalid(_)
                        | Error::LimitReached { .. })
                ),
                "{refused:?}"
            );
            let refusals = store.committed();
            assert_eq!(refusals.len(), recorded, "{refused:?}");
            assert!(refusals.iter().all(|(_, events, letters)| {
                events[..] == [(Action::AccountEmailChangeRequested, Outcome::Refused)] && letters.is_empty()
            }));
        }
    }
}
